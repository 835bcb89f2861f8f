/** What a mission says of a file (docs/protocol/missions.md): claims of its members, read with care. Pure. */
import type { EntityView, FieldView, Json } from '@shared/model.js'

export interface ContentFacts {
  /** As its author wrote it; may be hostile. */
  readonly name: string
  /** Every size that somebody claims. */
  readonly sizes: readonly number[]
  readonly mime: string
  readonly isDeleted: boolean
}

export function contentFacts(entity: EntityView): ContentFacts {
  const values = (field: string): readonly Json[] => newestFirst(entity.fields.find((one) => one.field === field))
  const text = (field: string) => values(field).find((value) => typeof value === 'string' && value !== '')
  return {
    name: (text('name') as string | undefined) ?? '',
    sizes: values('size').filter((size): size is number => Number.isSafeInteger(size) && (size as number) >= 0),
    mime: (text('mime') as string | undefined) ?? '',
    isDeleted: entity.deleted
  }
}

function newestFirst(field: FieldView | undefined): readonly Json[] {
  return [...(field?.values ?? [])].sort((one, other) => other.at - one.at).map(({ value }) => value)
}

export function sha256Of(entity: string): string {
  return entity.slice('content/'.length)
}

const pictureBytesMost = 8 * 1024 * 1024

/** Smaller is sooner; pictures of a usual size before everything else. */
export function rankOf(size: number, mime: string): number {
  return mime.startsWith('image/') && size <= pictureBytesMost ? size - pictureBytesMost : size
}
