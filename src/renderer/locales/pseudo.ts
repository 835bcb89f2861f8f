/**
 * A language for tests: every text is longer, accented and in brackets, so that a text that does not come from the
 * messages, and a place that is too small for other languages, are both seen at once.
 */
type Tree = { readonly [key: string]: string | Tree }

const accents: Readonly<Record<string, string>> = {
  a: 'á',
  e: 'é',
  i: 'í',
  o: 'ö',
  u: 'ü',
  c: 'č',
  n: 'ñ',
  s: 'š',
  z: 'ž',
  A: 'Å',
  E: 'É',
  O: 'Ö'
}

export function pseudoOf<T extends Tree>(messages: T): T {
  const entries = Object.entries(messages).map(([key, value]) => [
    key,
    typeof value === 'string' ? value.split(' | ').map(accent).join(' | ') : pseudoOf(value)
  ])
  return Object.fromEntries(entries) as T
}

function accent(text: string): string {
  const changed = text
    .split(/(\{[^}]*\})/)
    .map((part) =>
      part.startsWith('{') ? part : part.replace(/[aeioucnszAEO]/g, (letter) => accents[letter] ?? letter)
    )
    .join('')
  return `[${changed}${'·'.repeat(Math.ceil(text.length / 4))}]`
}
