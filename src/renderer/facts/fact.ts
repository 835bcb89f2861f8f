import type { MarkName, Tone } from '../components/marks'
import { saying, type Amount, type Saying } from '../i18n'

export { saying }
export type { Saying }

/** A status as it is shown everywhere: shape, word and colour together, and below it what it rests on. */
export interface Fact {
  readonly mark?: MarkName
  readonly tone: Tone
  readonly word: Saying
  readonly proof?: Saying
}

export function amount(as: Amount['as'], value: number): Amount {
  return { as, value }
}

export function fact(mark: MarkName | undefined, tone: Tone, word: Saying, proof?: Saying): Fact {
  return { tone, word, ...(mark === undefined ? {} : { mark }), ...(proof === undefined ? {} : { proof }) }
}
