/**
 * RC2 (RFC 2268), which OpenSSL 3 has put away and old PKCS#12 files (RC2-40 for the certificates) still use. Loaded when
 * such a file is read; nothing is ever written with it.
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises'

/** A few milliseconds of work. */
const bytesAtOnce = 8 * 1024

/** CBC with PKCS#7 padding; as many effective key bits as the key has. `undefined` when the padding is wrong. */
export async function rc2Decrypt(key: Buffer, iv: Buffer, data: Buffer): Promise<Buffer | undefined> {
  const { default: forge } = await import('node-forge')
  const cipher = forge.rc2.createDecryptionCipher(key.toString('latin1'), key.length * 8)
  cipher.start(iv.toString('latin1'))
  for (let at = 0; at < data.length; at += bytesAtOnce) {
    cipher.update(forge.util.createBuffer(data.subarray(at, at + bytesAtOnce).toString('latin1')))
    await yieldToOthers()
  }
  // The padding is judged here: the library's own check looks at its last byte only.
  if (!cipher.finish(() => true)) return undefined
  const open = Buffer.from(cipher.output.getBytes(), 'latin1')
  const count = open.at(-1) ?? 0
  const isPadded = count >= 1 && count <= 8 && open.subarray(-count).every((byte) => byte === count)
  return isPadded ? open.subarray(0, open.length - count) : undefined
}
