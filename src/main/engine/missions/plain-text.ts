/**
 * Texts as they are compared in a search: without case and accents, so that "Zizek" finds "Žižek" and "Cesalpino" finds
 * "Čésalpino". The stroke of ł or ø is no accent to Unicode, so those letters are listed.
 */
const letters: Readonly<Record<string, string>> = {
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ŧ: 't',
  ı: 'i',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  þ: 'th',
  ς: 'σ'
}
const listed = new RegExp(`[${Object.keys(letters).join('')}]`, 'gu')
// eslint-disable-next-line no-control-regex -- ASCII as such.
const plain = /^[\x00-\x7f]*$/

export function plainText(text: string): string {
  if (plain.test(text)) return text.toLowerCase()
  return text
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(listed, (letter) => letters[letter] ?? letter)
}

/** What is searched for: words, each once; every one must be found. */
export function wordsOf(text: string): readonly string[] {
  return [...new Set(plainText(text.replaceAll('\0', ' ')).split(/\s+/u))].filter((word) => word !== '').slice(0, 16)
}

/** A part of a text around the first place that has one of these words, with all places in it. */
export function excerpt(
  text: string,
  words: readonly string[],
  most = 160
): { readonly text: string; readonly marks: readonly (readonly [from: number, to: number])[] } {
  // Letter by letter, as one letter may become two or none.
  let folded = ''
  const origins: number[] = []
  let at = 0
  for (const letter of text) {
    const made = plainText(letter)
    folded += made
    for (let count = 0; count < made.length; count++) origins.push(at)
    at += letter.length
  }
  origins.push(text.length)
  const found: (readonly [number, number])[] = []
  for (const word of words)
    for (let from = folded.indexOf(word); from >= 0; from = folded.indexOf(word, from + word.length)) {
      const end = origins[from + word.length - 1] ?? text.length
      const letter = String.fromCodePoint(text.codePointAt(end) ?? 32)
      found.push([origins[from] ?? 0, end + letter.length])
    }
  found.sort(([a], [b]) => a - b)
  const first = found[0]?.[0] ?? 0
  let begin = text.length <= most ? 0 : Math.max(0, Math.min(first - most / 4, text.length - most))
  begin = Math.floor(begin)
  // Not in the middle of a letter of two units.
  if (begin > 0 && isLowSurrogate(text, begin)) begin--
  let end = Math.min(text.length, begin + most)
  if (isLowSurrogate(text, end)) end--
  const [before, after] = [begin > 0 ? '…' : '', end < text.length ? '…' : '']
  const marks = found
    .filter(([from, to]) => from >= begin && to <= end)
    .map(([from, to]) => [from - begin + before.length, to - begin + before.length] as const)
  return { text: before + text.slice(begin, end) + after, marks: apart(marks) }
}

function isLowSurrogate(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  return unit >= 0xdc00 && unit <= 0xdfff
}

/** Words may overlap; marks do not. */
function apart(marks: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const joined: (readonly [number, number])[] = []
  for (const [from, to] of marks) {
    const last = joined.at(-1)
    if (last !== undefined && from <= last[1]) joined[joined.length - 1] = [last[0], Math.max(last[1], to)]
    else joined.push([from, to])
  }
  return joined
}
