/** What every Discovery must do (src/main/engine/discovery/discovery.ts); run on mDNS and on the simulated air. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Discovery, DiscoveryView, Sighting } from '../../src/main/engine/discovery/discovery.js'

export interface DiscoverySetup {
  /** One more node on the same network. */
  node(): Discovery
  /** The name of the interface that all of them use. */
  readonly interfaceName: string
  /** Whether a person's choice counts there: a node that is bound to one address uses it always. */
  readonly isChoosable: boolean
  during<T>(work: Promise<T>): Promise<T>
}

interface Listener {
  readonly discovery: Discovery
  readonly seen: Sighting[]
  readonly gone: Sighting[]
  readonly view: () => DiscoveryView
  /** Asked again at every event of the discovery. */
  until(isSo: () => boolean): Promise<void>
}

export function discoverySuite(name: string, setup: () => DiscoverySetup): void {
  describe(`${name} is a discovery`, () => {
    const open: { listener: Listener; setup: DiscoverySetup }[] = []
    afterEach(async () => {
      for (const { listener, setup: parts } of open.splice(0)) await parts.during(listener.discovery.stop())
    })

    function start(parts: DiscoverySetup, port: number): Listener {
      const seen: Sighting[] = []
      const gone: Sighting[] = []
      const watchers = new Set<() => void>()
      const onNews = () => {
        for (const watcher of watchers) watcher()
      }
      const discovery = parts.node()
      const listener: Listener = {
        discovery,
        seen,
        gone,
        view: () => discovery.view(),
        until: (isSo) =>
          new Promise((done) => {
            const watcher = () => {
              if (!isSo()) return
              watchers.delete(watcher)
              done()
            }
            watchers.add(watcher)
            watcher()
          })
      }
      discovery.start({
        port,
        onSighting: (sighting) => {
          seen.push(sighting)
          onNews()
        },
        onGone: (sighting) => {
          gone.push(sighting)
          onNews()
        },
        onChange: onNews
      })
      open.push({ listener, setup: parts })
      return listener
    }

    const ports = (listener: Listener) => new Set(listener.seen.map(({ port }) => port))
    const portsNow = (listener: Listener) => listener.view().sightings.map(({ port }) => port)

    it('lets two nodes see each other, and neither itself', async () => {
      const parts = setup()
      const one = start(parts, 41_001)
      const other = start(parts, 41_002)
      await parts.during(
        Promise.all([one.until(() => ports(one).has(41_002)), other.until(() => ports(other).has(41_001))])
      )
      expect(ports(one).has(41_001)).toBe(false)
      expect(ports(other).has(41_002)).toBe(false)
      expect(one.seen[0]?.instance).toMatch(/^[0-9a-f]{16}$/)
    })

    it('shows who was there before to who comes later', async () => {
      const parts = setup()
      const early = start(parts, 41_003)
      await parts.during(early.until(() => true))
      const late = start(parts, 41_004)
      await parts.during(late.until(() => ports(late).has(41_003)))
    })

    it('says who left', async () => {
      const parts = setup()
      const stays = start(parts, 41_005)
      const leaves = start(parts, 41_006)
      await parts.during(stays.until(() => ports(stays).has(41_006)))
      await parts.during(leaves.discovery.stop())
      await parts.during(stays.until(() => stays.gone.some(({ port }) => port === 41_006)))
      expect(portsNow(stays)).not.toContain(41_006)
    })

    it('shows its interface with what it sent and heard, and each sighting with its times', async () => {
      const parts = setup()
      const one = start(parts, 41_007)
      const other = start(parts, 41_008)
      await parts.during(one.until(() => portsNow(one).includes(41_008)))
      await parts.during(one.until(() => one.view().interfaces.every(({ sent, heard }) => sent > 0 && heard > 0)))
      const { since, interfaces, sightings } = one.view()
      expect(interfaces.map(({ name, isOn }) => ({ name, isOn }))).toEqual([{ name: parts.interfaceName, isOn: true }])
      expect(interfaces[0]?.problem).toBeUndefined()
      expect(interfaces[0]?.lastSentAt).toBeGreaterThanOrEqual(since)
      expect(interfaces[0]?.lastHeardAt).toBeGreaterThanOrEqual(since)
      const found = sightings.find(({ port }) => port === 41_008)
      expect(found?.since).toBeGreaterThanOrEqual(since)
      expect(found?.lastHeard).toBeGreaterThanOrEqual(found?.since ?? Infinity)
      expect(other.view().interfaces).toHaveLength(1)
    })

    it('takes the old port back and tells the new one', async () => {
      const parts = setup()
      const stays = start(parts, 41_009)
      const moves = start(parts, 41_010)
      await parts.during(stays.until(() => ports(stays).has(41_010)))
      moves.discovery.announce(41_011)
      await parts.during(stays.until(() => ports(stays).has(41_011)))
      await parts.during(stays.until(() => stays.gone.some(({ port }) => port === 41_010)))
      expect(portsNow(stays)).toEqual([41_011])
      const [before, after] = [41_010, 41_011].map((port) => stays.seen.find((sighting) => sighting.port === port))
      expect(after?.instance).toBe(before?.instance)
    })

    it('says goodbye on an interface that is switched off, hears nothing there, and comes back', async () => {
      const parts = setup()
      if (!parts.isChoosable) return
      const stays = start(parts, 41_012)
      const chooses = start(parts, 41_013)
      await parts.during(
        Promise.all([stays.until(() => ports(stays).has(41_013)), chooses.until(() => ports(chooses).has(41_012))])
      )
      chooses.discovery.choose({ [parts.interfaceName]: false })
      await parts.during(stays.until(() => stays.gone.some(({ port }) => port === 41_013)))
      expect(chooses.view().interfaces[0]).toMatchObject({ isOn: false, sent: 0, heard: 0 })
      expect(chooses.view().sightings).toEqual([])
      expect(chooses.gone.map(({ port }) => port)).toEqual([41_012])
      chooses.discovery.choose({ [parts.interfaceName]: true })
      await parts.during(stays.until(() => portsNow(stays).includes(41_013)))
      await parts.during(chooses.until(() => portsNow(chooses).includes(41_012)))
    })

    it('sees others and says nothing of itself while it has no port', async () => {
      const parts = setup()
      const reachable = start(parts, 41_017)
      const mute = start(parts, 0)
      await parts.during(mute.until(() => ports(mute).has(41_017)))
      // What comes later is said in order: whatever the mute one said would have been heard before this.
      mute.discovery.announce(41_018)
      await parts.during(reachable.until(() => ports(reachable).size > 0))
      expect([...ports(reachable)]).toEqual([41_018])
    })

    it('is over after stop: nothing is told any more', async () => {
      const parts = setup()
      const stopped = start(parts, 41_014)
      await parts.during(stopped.discovery.stop())
      const told = stopped.seen.length
      const other = start(parts, 41_015)
      const third = start(parts, 41_016)
      await parts.during(other.until(() => ports(other).has(41_016)))
      await parts.during(third.until(() => ports(third).has(41_015)))
      expect(ports(other).has(41_014)).toBe(false)
      expect(stopped.seen).toHaveLength(told)
    })
  })
}
