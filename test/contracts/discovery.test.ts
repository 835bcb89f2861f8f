import { describe, expect, it } from 'vitest'
import { createMdns } from '../../src/main/engine/discovery/mdns.js'
import { sightingLimits, Sightings } from '../../src/main/engine/discovery/sightings.js'
import { bounds } from '../../src/main/engine/limits.js'
import { systemClock } from '../../src/main/engine/runtime/clock.js'
import { silentLog } from '../../src/main/engine/runtime/log.js'
import { systemRandom } from '../../src/main/engine/runtime/random.js'
import { Air } from '../sim/air.js'
import { seededRandom } from '../sim/random.js'
import { VirtualTime } from '../sim/time.js'
import { Wire } from '../sim/wire.js'
import { discoverySuite } from './discovery.js'

discoverySuite('mDNS on loopback', () => ({
  node: () => createMdns({ clock: systemClock, random: systemRandom, log: silentLog, onlyAddress: '127.0.0.1' }),
  during: (work) => work
}))

discoverySuite('the simulated air', () => {
  const time = new VirtualTime()
  const random = seededRandom(1)
  const air = new Air(time, random, new Wire(time, random))
  let hosts = 0
  return { node: () => air.discovery(`10.0.0.${String(++hosts)}`), during: (work) => time.during(work) }
})

describe('the table of sightings', () => {
  const sighting = { instance: '0'.repeat(16), address: '10.0.0.7', port: 47110 }

  it('reports once, and again after a while', () => {
    const table = new Sightings()
    expect(table.hear(sighting, 120_000, 0)).toBe(true)
    expect(table.hear(sighting, 120_000, 1000)).toBe(false)
    expect(table.hear(sighting, 120_000, sightingLimits.reportAgainMs)).toBe(true)
  })

  it('forgets who is not heard, and who says goodbye', () => {
    const table = new Sightings()
    table.hear(sighting, 120_000, 0)
    expect(table.expire(119_999)).toEqual([])
    expect(table.expire(120_000)).toEqual([sighting])
    table.hear(sighting, 120_000, 0)
    expect(table.forget(sighting)).toBe(true)
    expect(table.size).toBe(0)
  })

  it('believes no time to live beyond reason, and never grows without end', () => {
    const table = new Sightings()
    table.hear(sighting, 1e12, 0)
    expect(table.expire(sightingLimits.ttlMostMs)).toEqual([sighting])
    for (let port = 1; port <= 2000; port++) table.hear({ ...sighting, port }, 120_000, 0)
    expect(table.size).toBe(bounds.sightings)
  })
})
