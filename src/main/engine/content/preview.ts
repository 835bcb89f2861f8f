/** What a file is, judged by its first bytes, never by a name or a claim; and whether it is harmless to show. Pure. */
import { isUtf8 } from 'node:buffer'

export type Shown =
  { readonly kind: 'picture'; readonly mime: PictureType } | { readonly kind: 'text' } | { readonly kind: 'other' }
export type PictureType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'

/** A small file may unpack to gigabytes of pixels. */
const pixelsMost = 60_000_000
/** Of a file that is judged; more of a text is not shown either. */
export const headBytes = 64 * 1024
export const pictureBytesMost = 5 * 1024 * 1024

/** @param head the first 64 KiB, or all. */
export function judge(head: Buffer, isWhole: boolean): Shown {
  const mime = pictureType(head)
  if (mime !== undefined) {
    const size = pixelsOf(head, mime)
    const isShown = size !== undefined && size[0] > 0 && size[1] > 0 && size[0] * size[1] <= pixelsMost
    return isShown ? { kind: 'picture', mime } : { kind: 'other' }
  }
  return head.length > 0 && textOf(head, isWhole) !== undefined ? { kind: 'text' } : { kind: 'other' }
}

/** The text in the first bytes; a character that they cut in two is left out. `undefined`: it is none. */
export function textOf(head: Buffer, isWhole: boolean): string | undefined {
  for (let cut = 0; cut <= (isWhole ? 0 : 3); cut++) {
    const bytes = head.subarray(0, head.length - cut)
    if (!isUtf8(bytes)) continue
    const text = bytes.toString('utf8').replace(/^\uFEFF/, '')
    // eslint-disable-next-line no-control-regex -- text has none of these
    return /[\0-\x08\x0b\x0e-\x1f]/.test(text) ? undefined : text
  }
  return undefined
}

function pictureType(head: Buffer): PictureType | undefined {
  const starts = (text: string, at = 0) => head.toString('latin1', at, at + text.length) === text
  if (starts('\x89PNG\r\n\x1a\n')) return 'image/png'
  if (starts('\xff\xd8\xff')) return 'image/jpeg'
  if (starts('GIF87a') || starts('GIF89a')) return 'image/gif'
  return starts('RIFF') && starts('WEBP', 8) ? 'image/webp' : undefined
}

type Size = readonly [width: number, height: number]

function pixelsOf(head: Buffer, mime: PictureType): Size | undefined {
  switch (mime) {
    case 'image/png':
      return head.length >= 24 ? [head.readUInt32BE(16), head.readUInt32BE(20)] : undefined
    case 'image/gif':
      return head.length >= 10 ? [head.readUInt16LE(6), head.readUInt16LE(8)] : undefined
    case 'image/jpeg':
      return jpegSize(head)
    case 'image/webp':
      return webpSize(head)
  }
}

/** ITU T.81, B.2.2: the frame header says it, behind segments of any length. */
function jpegSize(head: Buffer): Size | undefined {
  for (let at = 2; at + 9 < head.length;) {
    if (head[at] !== 0xff) return undefined
    const marker = head[at + 1] ?? 0
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return [head.readUInt16BE(at + 7), head.readUInt16BE(at + 5)]
    at += marker === 0xff ? 1 : 2 + head.readUInt16BE(at + 2)
  }
  return undefined
}

/** RFC 9649: a key frame of VP8, lossless, or the extended form. */
function webpSize(head: Buffer): Size | undefined {
  if (head.length < 30) return undefined
  switch (head.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return [head.readUInt16LE(26) & 0x3fff, head.readUInt16LE(28) & 0x3fff]
    case 'VP8L': {
      const bits = head.readUInt32LE(21)
      return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1]
    }
    case 'VP8X':
      return [head.readUIntLE(24, 3) + 1, head.readUIntLE(27, 3) + 1]
    default:
      return undefined
  }
}
