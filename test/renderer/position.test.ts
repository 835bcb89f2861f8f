/** What is read of positions that members share, and what is said of them. */
import { describe, expect, it } from 'vitest'
import type { Json, NodeId, PresenceView } from '@shared/model'
import { audienceOf, handSet, maySharePosition, ownPosition, positionLine, positionOf } from '@/facts/position'
import { missionIdOf, richField } from '../window/recorded'

const now = 1_795_252_261_057
const minuteMs = 60_000

function heard(value: Json, more: Partial<PresenceView> = {}): PresenceView {
  const source = 'b3'.repeat(32) as NodeId
  return {
    ...{ source, callsign: 'bravo', key: 'position', value, at: now, remainingMs: 900_000, isOwn: false },
    ...more
  }
}

describe('a position that is shared', () => {
  it('is degrees under its key, and nothing else', () => {
    expect(positionOf(heard({ lat: 45.9, lon: 13.7 }), now)).toMatchObject({
      lat: 45.9,
      lon: 13.7,
      endsAt: now + 900_000
    })
    for (const value of [null, 'here', [45.9, 13.7], { lat: 91, lon: 0 }, { lat: '45', lon: 13 }, { lat: 45 }])
      expect(positionOf(heard(value), now), JSON.stringify(value)).toBeUndefined()
    expect(positionOf(heard({ lat: 45.9, lon: 13.7 }, { key: 'water' }), now)).toBeUndefined()
  })

  it('says when it was set by hand, and counts its age from there', () => {
    const position = positionOf(heard(handSet({ lat: 45.84281, lon: 13.60921 }, now - 12 * minuteMs)), now)
    if (position === undefined) throw new Error('no position')
    expect(positionLine(position, now)).toMatchObject({
      key: 'map.positionSet',
      named: { at: { as: 'time', value: now - 12 * minuteMs }, ago: { as: 'duration', value: 12 * minuteMs } }
    })
    expect(positionLine({ ...position, isLost: true }, now).key).toBe('map.lastPosition')
  })

  it('believes no hand that gives no time, and no time beyond the calendar', () => {
    for (const value of [{ how: 'h-g-i-g-o' }, { how: 'h-g-i-g-o', setAt: 1e17 }, { how: 'm-g', setAt: now }])
      expect(positionOf(heard({ lat: 45.9, lon: 13.7, ...value }), now)).not.toHaveProperty('setAt')
  })

  it('is the own one until its time is over', () => {
    const own = positionOf(heard(handSet({ lat: 45.9, lon: 13.7 }, now), { isOwn: true, remainingMs: minuteMs }), now)
    if (own === undefined) throw new Error('no position')
    expect(ownPosition([own], now + minuteMs - 1)).toBe(own)
    expect(ownPosition([own], now + minuteMs)).toBeUndefined()
    expect(ownPosition([{ ...own, isOwn: false }], now)).toBeUndefined()
  })

  it('names who sees it at once', () => {
    const [mission] = richField(now).overview.missions.filter(({ id }) => id === missionIdOf(1))
    if (mission === undefined) throw new Error('no mission')
    const linked = mission.holders.filter((one) => one.linked)
    expect(audienceOf(mission)[0]).toMatchObject({ key: 'map.seenBy', count: linked.length })
    expect(audienceOf({ ...mission, holders: [] })[0]?.key).toBe('map.seenByNobody')
    expect(maySharePosition({ ...mission, role: 'read-only' })).toBe(true)
    const { role: _, ...stranger } = mission
    expect(maySharePosition(stranger)).toBe(false)
  })
})
