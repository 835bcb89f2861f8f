/** A list of words as lines of a text, for fields in which people write one per line. */
import type { FieldView, Json } from '@shared/model'

export function asLines(field: FieldView | undefined): FieldView | undefined {
  if (field === undefined) return undefined
  return { ...field, values: field.values.map((value) => ({ ...value, value: joined(value.value) })) }
}

function joined(value: Json): Json {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? value.join('\n') : value
}

/** Each once, without blanks around. */
export function fromLines(text: string): readonly string[] {
  return [...new Set(text.split('\n').map((line) => line.trim()))].filter((line) => line !== '')
}
