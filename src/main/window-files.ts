/** The built window, for both hosts. Only files that the build made are there to be looked up; no path is ever resolved. */
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff'
}

export interface WindowFile {
  readonly type: string
  read(): Buffer
}

/** All files of a folder by their path from its root; empty when the window was not built. */
export function listWindowFiles(folder: string): ReadonlyMap<string, WindowFile> {
  const files = new Map<string, WindowFile>()
  let entries: readonly string[]
  try {
    entries = readdirSync(folder, { recursive: true }) as string[]
  } catch {
    return files // A headless node without a built window still serves its API.
  }
  for (const entry of entries) {
    const type = types[extname(entry)]
    if (type !== undefined)
      files.set(`/${entry.replaceAll('\\', '/')}`, { type, read: () => readFileSync(join(folder, entry)) })
  }
  const index = files.get('/index.html')
  if (index !== undefined) files.set('/', index)
  return files
}
