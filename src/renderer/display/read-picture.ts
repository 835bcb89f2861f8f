/** The code (QR) in a picture that a person chose; the browser decodes the picture, and only draws it small. */
import type { DecodeQR } from 'qr/decode.js'
import { fail, ok, type Result } from '@shared/result'

const bytesMost = 32 * 1024 * 1024
/** Decoded it takes four bytes each. */
const pixelsMost = 64_000_000
/** Enough for a code that fills a third of a photo, and little enough to search between two frames or so. */
const sideMost = 1600
const searchMs = 200

/** @returns the text of the first code; `picture-unread` with the reason in its detail. */
export async function readPicture(file: Blob): Promise<Result<string>> {
  if (file.size > bytesMost) return fail('picture-unread', `${String(file.size)} bytes`)
  const url = URL.createObjectURL(file)
  try {
    const image = await loadImage(url)
    if (image === undefined) return fail('picture-unread', 'not a picture')
    // Seldom needed: not a part of every start.
    const { decodeQR } = await import('qr/decode.js')
    return readImage(image, decodeQR)
  } finally {
    URL.revokeObjectURL(url)
  }
}

/** Its size is known by then; its pixels are decoded when it is drawn. */
function loadImage(url: string): Promise<HTMLImageElement | undefined> {
  const image = new Image()
  return new Promise((done) => {
    image.onload = () => done(image)
    image.onerror = () => done(undefined)
    image.src = url
  })
}

function readImage(image: HTMLImageElement, decode: DecodeQR): Result<string> {
  const { naturalWidth, naturalHeight } = image
  const size = `${String(naturalWidth)} × ${String(naturalHeight)}`
  if (naturalWidth * naturalHeight > pixelsMost) return fail('picture-unread', size)
  const scale = Math.min(1, sideMost / Math.max(naturalWidth, naturalHeight))
  const [width, height] = [naturalWidth, naturalHeight].map((side) => Math.floor(side * scale)) as [number, number]
  const canvas = document.createElement('canvas')
  Object.assign(canvas, { width, height })
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null || width < 1 || height < 1) return fail('picture-unread', size)
  // What is transparent would be black, like the code.
  context.fillStyle = '#ffffff'
  context.fillRect(0, 0, width, height)
  context.drawImage(image, 0, 0, width, height)
  try {
    return ok(decode({ width, height, data: context.getImageData(0, 0, width, height).data }, { timeLimit: searchMs }))
  } catch (error) {
    // It throws where it finds none.
    return fail('picture-unread', `${size}: ${error instanceof Error ? error.message : String(error)}`)
  }
}
