/** Revocation lists for people: how old the knowledge is, and whether it still counts as good. */
import type { AnchorSummary, ListPreview, ListSummary } from '@shared/model'
import { amount, fact, saying, type Fact, type Saying } from './fact'

/** By the list's own date, which its authority signed. */
export function ageSaying({ thisUpdate }: Pick<ListPreview, 'thisUpdate'>, now: number): Saying {
  const named = { at: amount('date', thisUpdate), ago: amount('ago', thisUpdate) }
  return thisUpdate > now ? saying('list.fromLater', named) : saying('list.age', named)
}

export function dueSaying({ nextUpdate }: Pick<ListPreview, 'nextUpdate'>, now: number): Saying {
  if (nextUpdate === undefined) return saying('list.dueNever')
  return saying(nextUpdate <= now ? 'list.dueOver' : 'list.due', { at: amount('date', nextUpdate) })
}

/** Undefined while nobody has to think about it. */
export function listFact({ state }: Pick<ListSummary, 'state'>): Fact | undefined {
  if (state === 'lost') return fact('failure', 'danger', saying('list.lost'))
  return state === 'outdated' ? fact('caution', 'conflict', saying('list.outdated')) : undefined
}

/** What the lists of an organisation say about all whom it vouches for; undefined while all is well. */
export function listsFact({ lists, needsList }: AnchorSummary): Fact | undefined {
  const lost = lists.find(({ state }) => state === 'lost')
  const outdated = lists.find(({ state }) => state === 'outdated')
  const worst = lost ?? outdated
  if (worst !== undefined) return listFact(worst)
  return needsList === true && lists.length === 0 ? fact('caution', 'conflict', saying('list.missing')) : undefined
}
