const longest = 64
const ellipsis = '…'
/** Direction marks, joiners and other characters that change how a text looks without being seen. */
const unseen = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu
const control = /[\p{Cc}\u2028\u2029]/gu

/**
 * A name from the network as it may be shown: without control characters and without the marks that turn the direction
 * of text (they can make one name look like another), and no longer than a row can carry.
 */
export function showName(text: string): string {
  const clean = text.replace(unseen, '').replace(control, ' ').replace(/\s+/gu, ' ').trim()
  const letters = [...clean]
  return letters.length > longest
    ? letters
        .slice(0, longest - 1)
        .join('')
        .trimEnd() + ellipsis
    : clean
}

/** Longer texts keep their line breaks; direction marks and control characters go all the same. */
export function showText(text: string): string {
  return text
    .replace(unseen, '')
    .replace(control, (found) => (found === '\n' || found === '\t' ? found : ''))
    .trimEnd()
}
