import { describe, expect, it } from 'vitest'
import type { LinkState, PeerSummary } from '@shared/model'
import { judgeClock } from '@/facts/clock'
import { auditLine, auditTitle } from '@/facts/audit'
import { conflictTitle } from '@/facts/conflict'
import { judgeLeave } from '@/facts/leave'
import { sharedFact } from '@/facts/mission-status'
import { groupOf, linkFact, needOf, stepFact, trustFact } from '@/facts/peer-status'
import { inStepFact, networkFact, peersFact } from '@/facts/strip'
import { isDone, sortTasks } from '@/facts/task'
import { aloneField, brokenField, emptyField, missionIdOf, nodeIdOf, richField } from '../window/recorded'

const now = 1_700_000_000_000
const { overview, missions, audit } = richField(now)

function peer(seed: number): PeerSummary {
  const found = overview.peers.find((item) => item.nodeId === nodeIdOf(seed))
  if (found === undefined) throw new Error(`no peer ${seed} in the record`)
  return found
}

function withOffset(item: PeerSummary, clockOffsetMs: number): PeerSummary {
  return { ...item, link: { ...item.link, clockOffsetMs } as LinkState }
}

describe('safe to leave', () => {
  it('is yes when other laptops proved that they hold every mission', () => {
    expect(judgeLeave(overview.missions, overview.peers)).toMatchObject({ answer: 'yes', peers: 2 })
  })

  it('is not yet while something is only here', () => {
    const alone = aloneField(now).overview
    expect(judgeLeave(alone.missions, alone.peers)).toEqual({
      answer: 'not-yet',
      changes: 6,
      files: { files: 0, bytes: 0 },
      missions: 1
    })
  })

  it('does not count a peer whose trust ended', () => {
    const peers = overview.peers.map((item) => ({ ...item, level: 'revoked' as const }))
    expect(judgeLeave(overview.missions, peers)).toEqual({ answer: 'spread' })
  })

  it('has nothing to lose without missions', () => {
    expect(judgeLeave([], [])).toEqual({ answer: 'nothing' })
  })
})

describe('the clock', () => {
  it('has nobody to compare with when nobody is linked', () => {
    expect(judgeClock([peer(6), peer(8)])).toEqual({ state: 'alone' })
  })

  it('agrees with those within a minute', () => {
    expect(judgeClock(overview.peers)).toEqual({ state: 'agrees', peers: 5 })
  })

  it('differs only when most of them say so', () => {
    const ahead = 7 * 60_000 + 12_000
    const one = [withOffset(peer(1), ahead), peer(2), peer(3)]
    const most = [withOffset(peer(1), ahead), withOffset(peer(2), ahead), peer(3)]
    expect(judgeClock(one)).toEqual({ state: 'agrees', peers: 2 })
    expect(judgeClock(most)).toEqual({ state: 'differs', peers: 2, offsetMs: ahead })
  })
})

describe('the strip', () => {
  it('turns to danger when it cannot be reached', () => {
    expect(networkFact(brokenField(now).overview, now)).toMatchObject({
      tone: 'danger',
      proof: { named: { ref: 'NET-01' } }
    })
  })

  it('counts a link only with trust and a signed answer', () => {
    expect(peersFact(overview.peers)).toMatchObject({ mark: 'linked', word: { count: 5 } })
    expect(peersFact([{ ...peer(1), level: 'pending' }])).toMatchObject({ mark: 'not-linked' })
  })

  it('names who lacks what, and says when nobody has it', () => {
    expect(inStepFact(overview.peers, overview.missions)).toMatchObject({
      mark: 'in-step',
      word: { count: 4 },
      proof: { count: 12, named: { name: 'GZ Koper' } }
    })
    const alone = aloneField(now).overview
    expect(inStepFact(alone.peers, alone.missions)).toMatchObject({ mark: 'only-here', proof: { count: 6 } })
    expect(inStepFact([], emptyField(now).overview.missions)).toMatchObject({ word: { key: 'strip.step.nothing' } })
  })

  it('claims nothing for peers that are not here', () => {
    const away = overview.peers.filter((item) => item.link.state !== 'linked')
    expect(inStepFact(away, overview.missions)).toMatchObject({ mark: 'not-here' })
  })
})

describe('a peer', () => {
  it('asks when its person said yes, and is undecided otherwise', () => {
    expect(needOf(peer(8), now)).toEqual({ kind: 'asks' })
    const { theirLevel: _, ...silent } = peer(8)
    expect(needOf(silent, now)).toEqual({ kind: 'undecided' })
  })

  it('is a stranger when it was only met, and waits for a decision when its address was typed here', () => {
    const { theirLevel: _, ...met } = { ...peer(8), level: 'untrusted' as const }
    expect(needOf(met, now)).toBeUndefined()
    expect(groupOf(met, now)).toBe('away')
    expect(needOf(met, now, true)).toEqual({ kind: 'undecided' })
    expect(linkFact(met).word.key).toBe('peer.link.notLinked')
  })

  it('needs a person when it asks to compare codes, whatever else is so', () => {
    for (const seed of [1, 3, 8]) {
      expect(needOf(peer(seed), now, false, true)).toEqual({ kind: 'pairs' })
      expect(groupOf(peer(seed), now, false, true)).toBe('needs')
    }
  })

  it('needs a person when the decision has ended', () => {
    const decision = peer(4).decision
    const ended = { ...peer(4), decision: { ...decision, until: now - 1 } } as PeerSummary
    expect(needOf(ended, now)).toEqual({ kind: 'ended' })
    expect(groupOf(ended, now)).toBe('needs')
  })

  it('is verified by a code alone; words and nothing at all are said to be unverified', () => {
    expect(trustFact(peer(1))).toMatchObject({ mark: 'verified', word: { key: 'peer.trust.verified' } })
    for (const seed of [2, 3])
      expect(trustFact(peer(seed))).toMatchObject({ mark: 'unverified', word: { key: 'peer.trust.unverified' } })
    expect(trustFact(peer(11))).toMatchObject({ mark: 'revoked', tone: 'danger' })
  })

  it('is linked or not here, never in between', () => {
    expect(linkFact(peer(1))).toMatchObject({ mark: 'linked' })
    expect(linkFact(peer(6))).toMatchObject({ mark: 'not-here', tone: 'offline' })
  })

  it('was in step as a memory only, once the link is gone', () => {
    expect(stepFact(peer(7).step, false)).toMatchObject({ mark: 'not-here', word: { key: 'step.wasInStep' } })
    expect(stepFact(peer(1).step, true)).toMatchObject({ mark: 'in-step' })
    expect(stepFact({ ...peer(1).step, missions: 0 }, true).mark).toBeUndefined()
  })
})

describe('a mission', () => {
  it('is in step with linked holders only', () => {
    const [fire] = overview.missions
    if (fire === undefined) throw new Error('no mission in the record')
    expect(sharedFact(fire)).toMatchObject({ mark: 'in-step', word: { count: 4 } })
    expect(sharedFact({ ...fire, holders: fire.holders.map((holder) => ({ ...holder, linked: false })) }).mark).toBe(
      'not-here'
    )
    expect(sharedFact({ ...fire, onlyHere: 1 }).mark).toBe('only-here')
  })

  it('says what is in conflict', () => {
    const entities = missions.get(missionIdOf(1))?.entities ?? []
    const log = entities.find((item) => item.entity === 'log/a4')
    const field = log?.fields[0]
    if (log === undefined || field === undefined) throw new Error('no conflict in the record')
    const title = conflictTitle({ entity: log.entity, createdAt: log.createdAt, field })
    expect(title).toMatchObject({ key: 'conflict.logTexts', count: 1, named: { total: 2 } })
  })

  it('shows tasks in conflict first and done ones last', () => {
    const tasks = (missions.get(missionIdOf(1))?.entities ?? []).filter((item) => item.entity.startsWith('task/'))
    const sorted = sortTasks(tasks)
    expect(sorted[0]?.entity).toBe('task/t1')
    expect(sorted.filter(isDone).map((task) => task.entity)).toEqual(['task/t5'])
    expect(sorted.at(-1)?.entity).toBe('task/t5')
  })
})

describe('the audit log', () => {
  it('reads as sentences, also for kinds that are not known', () => {
    expect(audit.map((entry) => auditTitle(entry).key)).toEqual([
      'audit.about',
      'audit.about',
      'audit.linkDown',
      'audit.refused',
      'audit.trusted',
      'audit.linkUp',
      'audit.revoked',
      'audit.trusted',
      'audit.started'
    ])
    expect(auditTitle({ seq: 1, at: now, kind: 'something-new' })).toEqual({
      key: 'audit.plain',
      named: { text: 'something-new' }
    })
    expect(auditLine(audit[6] ?? { seq: 0, at: 0, kind: '' })).toBe('stolen')
  })
})
