/** How the files of bundles are called (docs/protocol/bundle.md). What one holds is told by its content. */
export const bundleEnding = '.muster-bundle'
export const receiptEnding = '.muster-receipt'
/** Name of the whole, number and count of one piece. */
export const piecePattern = /^(.+\.muster-bundle)\.(\d{1,3})of(\d{1,3})$/

/** Of a bundle, or of a piece of one. */
export function isBundleName(name: string): boolean {
  return name.endsWith(bundleEnding) || piecePattern.test(name)
}

export function isReceiptName(name: string): boolean {
  return name.endsWith(receiptEnding)
}
