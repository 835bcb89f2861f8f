// Runs a built main entry on the Chromium host: node start.mjs HOST_BUNDLE ENTRY [arguments of the app]
import { register } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const [, , host, entry, ...args] = process.argv
register('./resolve.mjs', import.meta.url, { data: { host: pathToFileURL(resolve(host)).href } })
process.argv = [process.execPath, '.', ...args]
await import(pathToFileURL(resolve(entry)).href)
const { entryDone } = await import('electron')
await entryDone()
