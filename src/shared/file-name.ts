/** Names of files that others wrote: harmless to save under, and plain to look at. Pure. */

const lengthMost = 128
/** Windows gives these to devices, with any ending. */
const reserved = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?:\.|$)/i

/** A name without places, controls or marks that turn the reading direction; never empty, hidden or a device. */
export function safeFileName(name: string): string {
  const plain = name
    .toWellFormed()
    .replace(/[\p{C}\p{Zl}\p{Zp}/\\:*?"<>|]/gu, '_')
    .replace(/^[.\s]+|[.\s]+$/gu, '')
  const short = shortened(plain).replace(/[.\s]+$/gu, '')
  if (short === '') return 'file'
  return reserved.test(short) ? `_${short}` : short
}

/** For the screen: what cannot be seen is shown as a sign, so that a name looks like what it is. */
export function shownFileName(name: string): string {
  const shown = name.toWellFormed().replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u2423')
  return shown.trim() === '' ? '\u2423' : shown
}

/** The end stays: it says what it is. */
function shortened(name: string): string {
  const characters = [...name]
  if (characters.length <= lengthMost) return name
  const dot = characters.lastIndexOf('.')
  const ending = dot > 0 && characters.length - dot <= 16 ? characters.slice(dot) : []
  return [...characters.slice(0, lengthMost - ending.length), ...ending].join('')
}
