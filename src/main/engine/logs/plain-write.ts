/**
 * The one kind of line of which there are hundreds of thousands, a change of an entity, told by its bytes alone. It begins
 * as every node writes it: kind, then time.
 */
import { isPlainLine } from '../bytes/plain-line.js'

const begin = Buffer.from('{"kind":"set",')
const time = Buffer.from('"at":')

/** Whether the line from `start` to `end` is surely a valid one, with a time; `false` says nothing. */
export function isPlainWrite(bytes: Uint8Array, start: number, end: number): boolean {
  if (!beginsAsWrite(bytes, start) || !stands(bytes, start + begin.length, time)) return false
  let at = start + begin.length + time.length
  if (bytes[at] === 0x2d) at++
  while (isDigit(bytes[at] ?? 0)) at++
  // A comma where a fraction could be: it is whole, and small enough, for a plain line has no long numbers.
  return bytes[at] === 0x2c && isPlainLine(bytes, start, end)
}

/** Whether a valid line is a change of an entity. One that begins otherwise may be so, too. */
export function beginsAsWrite(bytes: Uint8Array, start: number): boolean {
  return stands(bytes, start, begin)
}

function stands(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) if (bytes[at + index] !== wanted[index]) return false
  return true
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39
}
