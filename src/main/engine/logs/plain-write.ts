/**
 * The one kind of line of which there are hundreds of thousands, a change of an entity, told by its bytes alone: parsing
 * and writing it again, to see that it comes out the same, costs three times as much. The pattern knows a value that is
 * one word, or a flat object, as nearly every one is. Whatever it does not know (escapes, exponents, numbers of more than
 * 15 digits, objects in objects) the whole check decides: the pattern may say no to a good line, and never yes to a bad
 * one. A pattern, and no loop over bytes, because it is fast from its second line on, when a small catch-up is over.
 */
import { limits } from '../limits.js'

const text = '"[^"\\\\\\x00-\\x1f]*"'
const whole = '-?[1-9]\\d{0,14}|0'
/**
 * Every double has at most one decimal of 15 digits (DBL_DIG), so such a decimal is its shortest. From 1e-7 on it would
 * be written with an exponent.
 */
const fraction = '-?(?!0\\.0{6})(?:0|[1-9]\\d{0,5})\\.\\d{0,8}[1-9]'
const word = `(?:${text}|${fraction}|${whole}|true|false|null)`
/**
 * Keys like array indexes would be put in another order, a second one of the same name dropped, `__proto__` refused. Each
 * key looks through the rest of the line for another one, so there may not be many.
 */
const flat = `\\{(?:"([A-Za-z][\\w.-]*)":(?![^\\n]*,"\\1":)${word}(?:,(?=")|(?=\\}))){0,16}\\}`
const seen = `,"seen":\\[${text}(?:,${text}){0,${String(limits.seen - 1)}}\\]`
const write = new RegExp(
  `^\\{"kind":"set","at":(?:${whole}),"entity":${text},"field":${text},"value":(?:${word}|${flat})(?:${seen})?\\}$`
)

const begin = Buffer.from('{"kind":"set",')

/**
 * Whether the line from `start` to `end` is surely a valid one, with kind and time; `false` says nothing.
 * @param bytes well-formed UTF-8, else what stands in strings is not looked at.
 */
export function isPlainWrite(bytes: Buffer, start: number, end: number): boolean {
  return write.test(bytes.toString('latin1', start, end))
}

/** Whether a valid line is a change of an entity. One that begins otherwise may be so, too. */
export function beginsAsWrite(bytes: Buffer, start: number): boolean {
  for (let index = 0; index < begin.length; index++) if (bytes[start + index] !== begin[index]) return false
  return true
}
