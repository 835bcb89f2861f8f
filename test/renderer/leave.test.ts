// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import type { PeerSummary } from '@shared/model'
import { fail } from '@shared/result'
import { lackedWord } from '@/facts/lacked'
import { judgeLeave, lackSayings, leaveLong, leavePeers, leaveShort } from '@/facts/leave'
import { sharedFact } from '@/facts/mission-status'
import { follow, remainingMs, shareDone, type Progress } from '@/facts/pace'
import { claimedSaying, receiptSaying } from '@/facts/receipt'
import { inStepFact } from '@/facts/strip'
import LeaveView from '@/views/LeaveView.vue'
import { changeName, missionIdOf, nodeIdOf, richField } from '../window/recorded'
import { mountPart, type Mounted } from './mounting'

const now = 1_700_000_000_000
const { overview } = richField(now)

describe('how long a peer takes to catch up', () => {
  it('is told from how fast it went, once that can be told', () => {
    const begun = follow(undefined, 100, 0)
    expect(begun).toEqual({ most: 100, since: 0, lack: 100 })
    expect(remainingMs({ most: 100, since: 0, lack: 99 }, 1_000), 'too soon').toBeUndefined()
    expect(remainingMs({ most: 100, since: 0, lack: 100 }, 60_000), 'nothing moves').toBeUndefined()
    const half = follow(begun, 50, 10_000) as Progress
    expect(remainingMs(half, 10_000)).toBe(10_000)
    expect(shareDone(half)).toBe(0.5)
  })

  it('begins anew when more is written, and ends with nothing to do', () => {
    const half: Progress = { most: 100, since: 0, lack: 50 }
    expect(follow(half, 80, 9_000)).toEqual({ most: 80, since: 9_000, lack: 80 })
    expect(follow(half, 0, 9_000)).toBeUndefined()
  })
})

describe('what some peers lack', () => {
  const peers = leavePeers(overview.missions, overview.peers)
  const name = ({ callsign }: PeerSummary) => callsign

  it('names those that are linked first, with what is left, at most three', () => {
    const lacking = peers.filter(({ lack }) => lack > 0)
    expect(lacking.length).toBeGreaterThan(0)
    const said = lackSayings(peers, name, () => ({ most: 1_000, since: now - 10_000, lack: 500 }), now)
    expect(said.length).toBe(Math.min(3, lacking.length))
    for (const { key, named } of said)
      expect(key === 'leave.lacksLeft' ? named?.['left'] : key).toEqual(
        key === 'leave.lacksLeft' ? { as: 'duration', value: 10_000 } : 'leave.lacksAway'
      )
    const linked = said.map(({ key }) => key === 'leave.lacksLeft')
    expect(linked).toEqual([...linked].sort((a, b) => Number(b) - Number(a)))
  })

  it('counts peers that are trusted only', () => {
    expect(peers.every(({ peer }) => peer.level === 'trusted')).toBe(true)
    expect(peers.length).toBeLessThan(overview.peers.length)
  })
})

describe('files', () => {
  const files = { files: 2, bytes: 5_000_000 }
  const proved = overview.missions.map((mission) => ({
    ...mission,
    onlyHere: 0,
    holders: mission.holders.slice(0, 1).map((holder) => ({ ...holder, state: 'in-step' as const }))
  }))
  const judge = (more: object) => {
    const missions = proved.map((mission, index) => (index === 0 ? { ...mission, ...more } : mission))
    return judgeLeave(missions, overview.peers)
  }

  it('that nobody else is known to have keep this laptop, also without any change', () => {
    expect(judge({}).answer).toBe('yes')
    const alone = judge({ filesOnlyHere: files })
    expect(alone).toEqual({ answer: 'not-yet', changes: 0, files, missions: 1 })
    expect(leaveShort(alone)).toMatchObject({ key: 'leave.short.notYetFiles', count: 2 })
    expect(leaveLong(alone)).toMatchObject([{ key: 'leave.long.notYetFiles', count: 2 }])
    const both = leaveLong(judge({ filesOnlyHere: files, onlyHere: 7 }))
    expect(both).toMatchObject([{ key: 'leave.long.notYet', count: 7 }, { key: 'leave.long.alsoFiles' }])
  })

  it('that one peer lacks and another has: all is elsewhere, but with no single one', () => {
    const holders = proved[0]?.holders.map((holder) => ({ ...holder, lacksFiles: files }))
    expect(judge({ holders })).toEqual({ answer: 'spread' })
  })

  it('are summed for each peer', () => {
    const missions = overview.missions.map((mission) => ({
      ...mission,
      holders: mission.holders.map((holder) => ({ ...holder, lacksFiles: files }))
    }))
    const [first] = leavePeers(missions, overview.peers).filter((peer) => peer.missions.length === 2)
    expect(first?.files).toEqual({ files: 4, bytes: 10_000_000 })
  })

  it('keep the strip and the list of missions from saying that nothing is only here', () => {
    const away = overview.missions.map((mission) => ({ ...mission, onlyHere: 0, holders: [], filesOnlyHere: files }))
    expect(inStepFact([], away)).toMatchObject({ mark: 'only-here', proof: { key: 'strip.step.filesHere' } })
    const [first] = away
    expect(first && sharedFact(first)).toMatchObject({ proof: { key: 'mission.filesOnlyHereProof', count: 2 } })
  })
})

describe('a receipt', () => {
  it('says whether it speaks of all, and what another clock said', () => {
    expect(receiptSaying({ at: now, heardAt: now, isWhole: true }).key).toBe('receipt.all')
    expect(receiptSaying({ at: now, heardAt: now, isWhole: false }).key).toBe('receipt.then')
    expect(claimedSaying({ at: now - 60_000, heardAt: now, isWhole: true })).toBeUndefined()
    expect(claimedSaying({ at: now - 3_600_000, heardAt: now, isWhole: true })?.named?.['at']).toEqual({
      as: 'full',
      value: now - 3_600_000
    })
  })

  it('dates the answer: the oldest of the newest proofs', () => {
    const heardAt = now - 1_000
    const missions = overview.missions.map((mission) => ({
      ...mission,
      onlyHere: 0,
      holders: mission.holders.slice(0, 1).map((holder) => ({
        ...{ ...holder, state: 'in-step' as const, at: 5 },
        receipt: { at: now, heardAt, isWhole: true }
      }))
    }))
    expect(judgeLeave(missions, overview.peers)).toMatchObject({ answer: 'yes', at: heardAt })
  })
})

describe('a change that somebody lacks', () => {
  const change = { name: changeName(nodeIdOf(1), 1), author: nodeIdOf(1), authorName: 'A', at: now }
  it.each([
    [{ kind: 'set', entity: 'log/1', field: 'text' }, 'leave.change.log'],
    [{ kind: 'set', entity: 'constructor/1', field: 'text' }, 'leave.change.other'],
    [{ kind: 'start' }, 'leave.change.start'],
    [{ kind: 'admin/admit' }, 'leave.change.admin'],
    [{ kind: 'later' }, 'leave.change.other']
  ])('%j is %s', (more, key) => {
    expect(lackedWord({ ...change, ...more }).key).toBe(key)
  })
})

describe('the view', () => {
  let mounted: Mounted | undefined
  afterEach(() => {
    mounted?.wrapper.unmount()
    document.body.innerHTML = ''
  })
  const recorded = () => {
    const field = richField(Date.now())
    const missions = field.overview.missions.map((one) => ({ ...one, onlyHere: one.id === missionIdOf(1) ? 55 : 0 }))
    return { ...field, overview: { ...field.overview, missions } }
  }
  const open = async (text: string) => {
    const found = [...document.querySelectorAll('details')].find((one) => one.textContent?.includes(text))
    if (found === undefined) throw new Error(`nothing opens for ${text}`)
    found.open = true
    found.dispatchEvent(new Event('toggle'))
    await flushPromises()
    return found
  }

  it('lists what is only here when somebody wants to see it, page by page', async () => {
    mounted = await mountPart(LeaveView, { recorded: recorded() })
    await flushPromises()
    expect(document.body.textContent).toContain('Not yet. 55 changes are only on this laptop.')
    expect(mounted.called).toEqual([])
    const row = await open('55 changes')
    expect(mounted.called).toMatchObject([
      { name: 'listOnlyHere', argument: { missionId: missionIdOf(1), offset: 0, limit: 50 } }
    ])
    expect(row.querySelectorAll('.lacked li')).toHaveLength(50)
    expect(row.textContent).toContain('50 of 55 changes')
    ;[...row.querySelectorAll('button')].find((one) => one.textContent?.includes('Show more'))?.click()
    await flushPromises()
    expect(row.querySelectorAll('.lacked li')).toHaveLength(55)
    expect(row.textContent).not.toContain('Show more')
  })

  it('shows per peer what it signed, and what it lacks', async () => {
    const field = recorded()
    mounted = await mountPart(LeaveView, { recorded: field })
    const peer = field.overview.peers.find(({ level, step }) => level === 'trusted' && step.state === 'in-step')
    const row = await open(peer?.callsign ?? '')
    expect(row.textContent).toMatch(/Held everything at \d\d:\d\d.* \(signed\)\./)
  })

  it('says why the changes cannot be read', async () => {
    mounted = await mountPart(LeaveView, { recorded: recorded() })
    mounted.answer('listOnlyHere', fail('file-damaged'))
    const row = await open('55 changes')
    expect(row.querySelector('[role=alert]')).not.toBeNull()
  })
})
