import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { markDifferences } from '@/display/word-diff'

function marked(texts: readonly string[]): readonly (readonly string[])[] {
  return markDifferences(texts).map((parts) => parts.filter((part) => part.differs).map((part) => part.text))
}

describe('the word diff', () => {
  it('marks the words that differ and joins neighbours', () => {
    const left = 'Wind 320°, 18 kn, gusts 31. Spot fire past the railway, about 40 × 60 m.'
    const right = 'Wind 230°, 18 kn, gusts 31. Spot fire past the railway, out at 14:21.'
    expect(marked([left, right])).toEqual([
      ['320°', 'about 40 × 60 m'],
      ['230°', 'out at 14:21']
    ])
  })

  it('marks nothing in equal texts and everything in unrelated ones', () => {
    expect(marked(['Open', 'Open'])).toEqual([[], []])
    expect(marked(['Open', 'Done'])).toEqual([['Open'], ['Done']])
    expect(marked(['', 'Done'])).toEqual([[], ['Done']])
  })

  it('marks what any other side lacks when there are more than two', () => {
    expect(marked(['a b c', 'a x c', 'a b d'])).toEqual([['b c'], ['x c'], ['b d']])
  })

  it('loses no character of any text', () => {
    const texts = fc.array(fc.string({ maxLength: 60 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(texts, (list) => {
        expect(markDifferences(list).map((parts) => parts.map((part) => part.text).join(''))).toEqual(list)
      })
    )
  })

  it('stays quick with long texts that share nothing', () => {
    const long = (word: string): string => Array.from({ length: 20_000 }, (_, index) => `${word}${index}`).join(' ')
    const started = performance.now()
    markDifferences([long('a'), long('b')])
    expect(performance.now() - started).toBeLessThan(1000)
  })
})
