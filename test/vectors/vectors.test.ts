import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { compute, type Vectors } from './vectors.js'

const frozen = JSON.parse(readFileSync('test/vectors/vectors.json', 'utf8')) as Vectors

it.each(Object.keys(frozen) as (keyof Vectors)[])('the frozen %s are what the engine makes', (part) => {
  expect(JSON.parse(JSON.stringify(compute(frozen)[part]))).toEqual(frozen[part])
})

it('there are vectors for refusals, too', () => {
  expect(frozen.unsafePoints.length).toBe(16)
  expect(frozen.refusedSignatures.length).toBe(6)
  expect(frozen.lines.filter(({ refused }) => refused !== null).length).toBe(14)
})
