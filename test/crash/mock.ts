/** The calls of `node:fs/promises`, answered by modelled volumes below their mounts and by the system elsewhere. */
import type * as Real from 'node:fs/promises'
import type * as Limits from '../../src/main/engine/limits.js'
import { volumeCalls } from './volume.js'

export function withVolumes(real: typeof Real): typeof Real {
  const either =
    (name: keyof typeof volumeCalls) =>
    (path: string, ...rest: unknown[]) => {
      const call = (path.startsWith('/volume-') ? volumeCalls[name] : real[name]) as (...args: unknown[]) => unknown
      return call(path, ...rest)
    }
  const names = Object.keys(volumeCalls) as (keyof typeof volumeCalls)[]
  const { mkdtemp } = real
  return { mkdtemp, ...Object.fromEntries(names.map((name) => [name, either(name)])) } as unknown as typeof Real
}

/** So small that a day rolls over segments and writes checkpoints many times. */
export function withSmallBounds(real: typeof Limits): typeof Limits {
  const small = { segmentBytes: 6_000, markBytes: 1_000, uncoveredBytes: 3_000, foldUnsaved: 20, verifyAfterMs: 1_000 }
  return { ...real, bounds: { ...real.bounds, ...small } } as unknown as typeof Limits
}
