/** The window's own scheme: the files of the build and nothing else, under a policy that lets nothing else in. */
import { protocol } from 'electron'
import type { Engine, MapTile } from '../engine/index.js'
import type { Result } from '@shared/result.js'
import { listWindowFiles } from '../window-files.js'
import { scheme, windowHost } from './origin.js'

const headers = {
  'Content-Security-Policy': [
    "default-src 'none'",
    ...['script', 'style', 'font', 'connect', 'worker'].map((kind) => `${kind}-src 'self'`),
    // Pictures of missions: bytes that the window was given, never an address.
    "img-src 'self' blob:",
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

/** @param folder of the built window. @param tileOf gives tiles of maps that a person opened. */
export function serveScheme(folder: string, tileOf: Engine['mapTile']): void {
  const files = listWindowFiles(folder)
  protocol.handle(scheme, async (request) => {
    const { pathname, host } = new URL(request.url)
    const [, id, ...place] = /^\/maps\/([0-9a-f]{16})\/(\d{1,2})\/(\d{1,7})\/(\d{1,7})$/.exec(pathname) ?? []
    if (request.method === 'GET' && host === windowHost && id !== undefined) {
      const [z = NaN, x = NaN, y = NaN] = place.map(Number)
      return answerTile(await tileOf(id, z, x, y))
    }
    const file = request.method === 'GET' && host === windowHost ? files.get(pathname) : undefined
    if (file === undefined) return new Response('', { status: 404, headers })
    return new Response(new Uint8Array(file.read()), { headers: { ...headers, 'Content-Type': file.type } })
  })
}

function answerTile(found: Result<MapTile | undefined>): Response {
  if (!found.ok) return new Response(found.problem.code, { status: 422, headers })
  if (found.value === undefined) return new Response(null, { status: 204, headers })
  const { type, bytes } = found.value
  return new Response(new Uint8Array(bytes), { headers: { ...headers, 'Content-Type': type } })
}
