/** Hands bytes to the browser, which saves them where its person wants its downloads. */
export function download(blob: Blob, fileName: string): void {
  const url = URL.createObjectURL(blob)
  const link = document.createElement('a')
  link.href = url
  link.download = fileName
  link.click()
  // The browser reads it after this turn; a minute is long after that.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
