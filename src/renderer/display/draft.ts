/**
 * A text being edited, and what the person had seen when the form opened. A write names exactly that: what arrives
 * meanwhile is never replaced in silence, it becomes a conflict unless the person chose to settle it.
 */
import type { ChangeName, FieldValue, FieldView } from '@shared/model'
import { showValue } from './value'

export interface Draft {
  readonly seen: readonly ChangeName[]
  /** The text as it was when the form opened. */
  readonly from: string
  readonly text: string
}

export function openDraft(field: FieldView | undefined): Draft {
  const text = showValue(field?.values[0]?.value)
  return { seen: (field?.values ?? []).map((value) => value.name), from: text, text }
}

/** Other values that came while the form was open: a write that does not name them stands beside them. */
export function arrivedSince(draft: Draft, field: FieldView | undefined): readonly FieldValue[] {
  return (field?.values ?? []).filter((value) => !draft.seen.includes(value.name) && !isSame(draft, value))
}

/** What a save names: what was seen, and values equal to the text, because equal texts are no conflict. */
export function namesToReplace(draft: Draft, field: FieldView | undefined): readonly ChangeName[] {
  const equal = (field?.values ?? []).filter((value) => isSame(draft, value)).map((value) => value.name)
  return [...new Set([...draft.seen, ...equal])]
}

function isSame(draft: Draft, value: FieldValue): boolean {
  return showValue(value.value).trim() === draft.text.trim()
}

/** The person chose that their text replaces what arrived. */
export function settle(draft: Draft, field: FieldView | undefined): Draft {
  const names = (field?.values ?? []).map((value) => value.name)
  return { ...draft, seen: [...new Set([...draft.seen, ...names])] }
}

export function isChanged(draft: Draft): boolean {
  return draft.text.trim() !== draft.from.trim()
}
