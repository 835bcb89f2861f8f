export const certificateExtensions: readonly string[]
export const ownFiles: readonly Readonly<
  Record<'ext' | 'name' | 'description' | 'mimeType' | 'role' | 'rank', string>
>[]
export const fuses: Readonly<Record<string, boolean>>
/** By name; undefined for a binary without fuses, or with fuses of another schema. */
export function readFuses(binary: Buffer): Readonly<Record<string, boolean | undefined>> | undefined
export function wrongFuses(binary: Buffer): readonly string[]
