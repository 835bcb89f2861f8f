/** How a file of a mission stands, in words. Pure. */
import type { ContentView } from '@shared/model'
import { problems } from '@shared/problems'
import { shownFileName } from '@shared/file-name'
import { fieldOf } from '../display/value'
import { amount, fact, saying, type Fact, type Saying } from './fact'

/** What people call it; of several names the newest claim. */
export function nameOfFile({ entity }: Pick<ContentView, 'entity'>): string {
  const values = [...(fieldOf(entity, 'name')?.values ?? [])].sort((one, other) => other.at - one.at)
  const text = values.map(({ value }) => value).find((value) => typeof value === 'string')
  return typeof text === 'string' && text !== '' ? shownFileName(text) : ''
}

export function standingOf(view: ContentView): Fact {
  const { state, size = 0, bytes } = view
  switch (state) {
    case 'here':
      return fact('verified', 'trusted', saying('files.here'))
    case 'coming':
      return fact('behind', 'waiting', saying('files.coming', { percent: percentOf(view) }), comingProof(view))
    case 'waiting':
      return fact('waiting', 'waiting', saying('files.waiting'), saying('files.waitingProof'))
    case 'large':
      return fact('not-here', 'offline', saying('files.large'), saying('files.largeProof'))
    case 'nobody':
      return fact('not-here', 'offline', saying('files.nobody'), nobodyProof(view, bytes, size))
    case 'stuck':
      return fact('failure', 'danger', saying('files.stuck'), saying('files.stuckProof', { why: why(view) }))
  }
}

export function percentOf({ bytes, size }: Pick<ContentView, 'bytes' | 'size'>): number {
  return size === undefined || size === 0 ? 0 : Math.floor((100 * bytes) / size)
}

/** Said only while it can be: a transfer that just began has no speed, one that stands still no end. */
function comingProof({ bytes, size = 0, bytesPerSecond, sources }: ContentView): Saying {
  const of = { bytes: amount('bytes', bytes), size: amount('bytes', size) }
  if (bytesPerSecond === undefined || bytesPerSecond < 1) return saying('files.comingBegun', of, sources)
  const speed = amount('bytes', bytesPerSecond)
  const left = amount('duration', ((size - bytes) / bytesPerSecond) * 1000)
  return saying('files.comingProof', { ...of, speed, left }, sources)
}

function nobodyProof({ isWanted, holders }: ContentView, bytes: number, size: number): Saying {
  if (bytes > 0) return saying('files.broken', { bytes: amount('bytes', bytes), size: amount('bytes', size) })
  if (holders.length > 0) return saying('files.holdersGone', {}, holders.length)
  return saying(isWanted ? 'files.nobodyWanted' : 'files.nobodyProof')
}

function why({ problem }: ContentView): string {
  return problem === undefined ? '' : `${problems[problem].message} ${problems[problem].advice}`
}
