// Facts of the packages that more than one place needs: the builder's settings, the check of what it made, the tests.

/** Opened as "open with", never taken over from the system: a preview follows, nothing is written. */
export const certificateExtensions = ['p12', 'pfx', 'pem', 'crt', 'cer']

/** Files that only this program makes, as the builder wants them: opened by a double click, and shown before anything is taken. */
export const ownFiles = [
  {
    ext: 'muster-bundle',
    name: 'Muster.Bundle',
    description: 'Muster bundle',
    mimeType: 'application/x-muster-bundle'
  },
  {
    ext: 'muster-receipt',
    name: 'Muster.Receipt',
    description: 'Muster receipt',
    mimeType: 'application/x-muster-receipt'
  }
].map((file) => ({ ...file, role: 'Viewer', rank: 'Owner' }))

/** Switches in Electron's binary, named as the builder names them. Set before signing. */
export const fuses = {
  runAsNode: false,
  enableCookieEncryption: true,
  enableNodeOptionsEnvironmentVariable: false,
  enableNodeCliInspectArguments: false,
  enableEmbeddedAsarIntegrityValidation: true,
  onlyLoadAppFromAsar: true,
  loadBrowserProcessSpecificV8Snapshot: false,
  grantFileProtocolExtraPrivileges: false
}

// Order in the binary: Electron's build/fuses/fuses.json5, schema 1.
const order = Object.keys(fuses)
const sentinel = Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX', 'latin1')

/**
 * What the fuses of an Electron binary are set to, by name; undefined when it has none or they are of another schema.
 * Layout after the sentinel: one byte schema, one byte count, then '0' off, '1' on, 'r' removed (Electron, tutorial/fuses).
 */
export function readFuses(binary) {
  const at = binary.indexOf(sentinel)
  if (at < 0) return undefined
  const [schema, count] = binary.subarray(at + sentinel.length)
  if (schema !== 1 || count === undefined) return undefined
  const states = binary.subarray(at + sentinel.length + 2, at + sentinel.length + 2 + count).toString('latin1')
  return Object.fromEntries(order.map((name, i) => [name, { 0: false, 1: true }[states[i] ?? '']]))
}

/** Names of the fuses that a binary does not have as wanted. */
export function wrongFuses(binary) {
  const found = readFuses(binary)
  return order.filter((name) => found?.[name] !== fuses[name])
}
