/** What a scope would do, in sentences: what goes, to whom it may go on, what ends, and what later missions it means. */
import type { ScopedMission, ScopePreview } from '@shared/model'
import { showName } from '../display/name'
import { amount, saying, type Saying } from './fact'

/** Named in a sentence; the list above shows all. */
const namedMost = 3

/** The answer in one sentence. @param name of the peer, or of those whom a certificate stands for. */
export function effectSaying({ totals }: ScopePreview, name: string): Saying {
  if (totals.out === 0) return saying('share.totalNothing', { name })
  return saying('share.total', { name, items: amount('number', totals.items) }, totals.out)
}

export function effectLines(preview: ScopePreview): readonly Saying[] {
  const { totals, out, futureOut, futureIn } = preview
  const lines: Saying[] = []
  if (totals.changes > 0) lines.push(saying('share.cross', { bytes: amount('bytes', totals.bytes) }, totals.changes))
  else if (totals.out > 0) lines.push(saying('share.crossNothing'))
  if (totals.ending > 0) lines.push(saying('share.ending', { names: namesOf(preview.ending) }, totals.ending))
  if (totals.withheld > 0) lines.push(saying('share.withheld', { names: namesOf(preview.withheld) }, totals.withheld))
  if (out.some(({ onward }) => onward !== 'none')) lines.push(saying('share.onward'))
  const later = patternSaying(futureOut, 'share.futureAll', 'share.futureNamed')
  const offered = patternSaying(futureIn, 'share.offeredAll', 'share.offeredNamed')
  return [...lines, ...(later === undefined ? [] : [later]), ...(offered === undefined ? [] : [offered])]
}

function patternSaying(
  patterns: readonly string[],
  all: 'share.futureAll' | 'share.offeredAll',
  named: 'share.futureNamed' | 'share.offeredNamed'
): Saying | undefined {
  if (patterns.length === 0) return undefined
  if (patterns.includes('*')) return saying(all)
  return saying(named, { patterns: listOf(patterns) })
}

function namesOf(missions: readonly ScopedMission[]): string {
  return listOf(missions.map(({ name }) => showName(name)))
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, namedMost).join(', ')
  return names.length > namedMost ? `${shown}, …` : shown
}
