import type { EntityView, FieldView, Json } from '@shared/model'
import { showText } from './name'

/** A value from a mission as text: what this version did not write itself is shown as it is stored. */
export function showValue(value: Json | undefined): string {
  if (value === undefined || value === null) return ''
  return showText(typeof value === 'string' ? value : JSON.stringify(value))
}

export function fieldOf(entity: EntityView, name: string): FieldView | undefined {
  return entity.fields.find((field) => field.field === name)
}

export function textOf(entity: EntityView, name: string): string {
  return showValue(fieldOf(entity, name)?.values[0]?.value)
}
