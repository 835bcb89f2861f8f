/** Which of the newest changes settled a conflict. Pure. */
import type { ChangeName, HistoryChange, HistoryEntry } from '@shared/model'

export const settledForMs = 24 * 3_600_000

export type Settlement = HistoryEntry & { readonly change: HistoryChange & { readonly kind: 'set' } }

/** When it came here; of what is not known, when its author says it was written. */
function cameAt({ receivedAt, at }: HistoryEntry): number {
  return receivedAt ?? at
}

/** A write over more than one value. A deletion names what it takes away, which is no conflict. */
function isSettlement(entry: HistoryEntry): entry is Settlement {
  const { change } = entry
  return change.kind === 'set' && change.field !== 'deleted' && change.replaces.length > 1
}

/** Whether reading on backwards from here finds nothing that is wanted. */
export function isBefore(entry: HistoryEntry, since: number): boolean {
  return cameAt(entry) < since
}

/**
 * Settlements since a time, the newest first, from those known before and what came since, the newest first. What came
 * since may have written over one that is known.
 */
export function settlementsOf(
  fresh: readonly HistoryEntry[],
  known: readonly Settlement[],
  since: number
): readonly Settlement[] {
  const replaced = new Set<ChangeName>(fresh.flatMap(({ change }) => (change.kind === 'set' ? change.replaces : [])))
  const still = known.map((one) =>
    replaced.has(one.name) ? { ...one, change: { ...one.change, isCurrent: false } } : one
  )
  return [...fresh.filter(isSettlement), ...still].filter((one) => !isBefore(one, since))
}
