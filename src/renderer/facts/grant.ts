/** What an imported certificate gives, and until when: at most until its own end. */
export const grantEnds = ['day', 'week', 'date', 'open'] as const
export type GrantEnd = (typeof grantEnds)[number]

export type Until =
  /** `at` left out: until a person removes it. */
  | { readonly state: 'good'; readonly at?: number; readonly isCut: boolean }
  | { readonly state: 'unreadable' | 'past' | 'too-late' }

const dayMs = 24 * 60 * 60 * 1000

/**
 * @param date what a person typed, by the clock of this laptop: `YYYY-MM-DD HH:mm`, which reads the same everywhere.
 * @param notAfter the end of the certificate, after which nothing can be granted.
 */
export function untilOf(end: GrantEnd, date: string, now: number, notAfter: number): Until {
  if (end === 'open') return { state: 'good', isCut: false }
  if (end !== 'date') {
    const wanted = now + (end === 'day' ? 1 : 7) * dayMs
    return { state: 'good', at: Math.min(wanted, notAfter), isCut: wanted > notAfter }
  }
  const at = parseLocal(date)
  if (at === undefined) return { state: 'unreadable' }
  if (at <= now) return { state: 'past' }
  return at > notAfter ? { state: 'too-late' } : { state: 'good', at, isCut: false }
}

function parseLocal(text: string): number | undefined {
  const clean = text.trim().replace(/\s+/, ' ')
  if (!/^\d{4}-\d\d-\d\d \d\d:\d\d$/.test(clean)) return undefined
  const at = new Date(clean.replace(' ', 'T')).getTime()
  // A day that no calendar has, such as 31 February, would be moved to the next month in silence.
  return Number.isNaN(at) || toLocal(at) !== clean ? undefined : at
}

/** Where the field for a date begins: in two weeks at 18:00, or at the certificate's end where that is sooner. */
export function firstDate(now: number, notAfter: number): string {
  const evening = new Date(now + 14 * dayMs)
  evening.setHours(18, 0, 0, 0)
  return toLocal(Math.min(evening.getTime(), notAfter))
}

/** Minutes are cut off, never rounded up: the end must not come after what it was made from. */
export function toLocal(at: number): string {
  const date = new Date(at)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}
