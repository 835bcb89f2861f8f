/** Which parts of several texts differ, word by word, so that a person sees the difference before the texts. */
export interface Part {
  readonly text: string
  readonly differs: boolean
}

/** Longer texts are compared without the part that both begin and end with, and marked whole if still too long. */
const mostWords = 800

export function markDifferences(texts: readonly string[]): readonly (readonly Part[])[] {
  const words = texts.map(splitWords)
  return words.map((own, index) => {
    const differs = own.map(() => false)
    words.forEach((other, otherIndex) => {
      if (otherIndex === index) return
      const common = commonWords(own, other)
      own.forEach((_, position) => {
        if (!common.has(position)) differs[position] = true
      })
    })
    return join(own, differs)
  })
}

function splitWords(text: string): readonly string[] {
  return text.match(/\s+|[\p{L}\p{N}\p{M}°'’_-]+|[^\s\p{L}\p{N}\p{M}]/gu) ?? []
}

/** Positions in `a` that belong to a longest common subsequence with `b`. */
function commonWords(a: readonly string[], b: readonly string[]): ReadonlySet<number> {
  const common = new Set<number>()
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) common.add(start++)
  let endA = a.length
  let endB = b.length
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    common.add(--endA)
    endB--
  }
  const rows = endA - start
  const columns = endB - start
  if (rows > mostWords || columns > mostWords) return common
  const length = Array.from({ length: rows + 1 }, () => new Uint16Array(columns + 1))
  const at = (row: number, column: number): number => length[row]?.[column] ?? 0
  for (let row = rows - 1; row >= 0; row--) {
    const line = length[row]
    if (line === undefined) continue
    for (let column = columns - 1; column >= 0; column--) {
      line[column] =
        a[start + row] === b[start + column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1))
    }
  }
  for (let row = 0, column = 0; row < rows && column < columns;) {
    if (a[start + row] === b[start + column]) {
      common.add(start + row)
      row++
      column++
    } else if (at(row + 1, column) >= at(row, column + 1)) row++
    else column++
  }
  return common
}

/** A lone space between two differing words belongs to the difference: one mark reads better than two. */
function join(words: readonly string[], differs: readonly boolean[]): readonly Part[] {
  const parts: { text: string; differs: boolean }[] = []
  words.forEach((word, index) => {
    const isSpace = word.trim() === ''
    const marked = isSpace ? differs[index - 1] === true && differs[index + 1] === true : differs[index] === true
    const last = parts.at(-1)
    if (last !== undefined && last.differs === marked) last.text += word
    else parts.push({ text: word, differs: marked })
  })
  return parts
}
