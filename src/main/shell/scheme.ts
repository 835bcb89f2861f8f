/** The window's own scheme: the files of the build and nothing else, under a policy that lets nothing else in. */
import { protocol } from 'electron'
import { listWindowFiles } from '../window-files.js'
import { scheme, windowHost } from './origin.js'

const headers = {
  'Content-Security-Policy': [
    "default-src 'none'",
    ...['script', 'style', 'img', 'font', 'connect', 'worker'].map((kind) => `${kind}-src 'self'`),
    ...['object-src', 'base-uri', 'form-action', 'frame-ancestors'].map((kind) => `${kind} 'none'`)
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff'
}

/** Must be called before the app is ready. */
export function registerScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme, privileges: { standard: true, secure: true, supportFetchAPI: true } }
  ])
}

/** @param folder of the built window. */
export function serveScheme(folder: string): void {
  const files = listWindowFiles(folder)
  protocol.handle(scheme, (request) => {
    const { pathname, host } = new URL(request.url)
    const file = request.method === 'GET' && host === windowHost ? files.get(pathname) : undefined
    if (file === undefined) return new Response('', { status: 404, headers })
    return new Response(new Uint8Array(file.read()), { headers: { ...headers, 'Content-Type': file.type } })
  })
}
