/** The audit log as rows: each day has a head of its own. */
import type { AuditEntry } from '@shared/model'

export type AuditRow =
  | { readonly kind: 'day'; readonly at: number; readonly key: string }
  | { readonly kind: 'entry'; readonly entry: AuditEntry; readonly key: string }

/** @param dayOf the day as it is written; equal texts are one day. */
export function rowsOf(entries: readonly AuditEntry[], dayOf: (at: number) => string): readonly AuditRow[] {
  const rows: AuditRow[] = []
  let day: string | undefined
  for (const entry of entries) {
    const next = dayOf(entry.at)
    // By sequence as well: a clock that was set back brings a day a second time.
    if (next !== day) rows.push({ kind: 'day', at: entry.at, key: `day ${next} ${entry.seq}` })
    day = next
    rows.push({ kind: 'entry', entry, key: String(entry.seq) })
  }
  return rows
}
