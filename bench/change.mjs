// What is written in every workload: entries in a log, about 290 bytes of JSON as a line, no two alike.
import { createHash } from 'node:crypto'

const words =
  'team north bridge closed water rising two persons seen at ridge camp needs blankets vehicle stuck road open'.split(
    ' '
  )

/**
 * The same for the same tag and number, so that what is read back can be checked without having been kept.
 * @param tag keeps entities of several writers apart.
 */
export function makeChange(tag, number) {
  const random = createHash('sha256').update(`${tag}-${number}`).digest().subarray(0, 16)
  const text = Array.from(random, (byte) => words[byte % words.length]).join(' ')
  const place = { lat: (4_600_000 + random.readUInt16LE(0)) / 1e5, lon: (700_000 + random.readUInt16LE(2)) / 1e5 }
  const value = { text: text.padEnd(116, '.').slice(0, 116), ...place, ref: random.toString('hex') }
  return { entity: `log/${tag}-${number}`, field: 'entry', value }
}
