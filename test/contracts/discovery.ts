/** What every Discovery must do (src/main/engine/discovery/discovery.ts); run on mDNS and on the simulated air. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Discovery, Sighting } from '../../src/main/engine/discovery/discovery.js'

export interface DiscoverySetup {
  /** One more node on the same network. */
  node(): Discovery
  during<T>(work: Promise<T>): Promise<T>
}

interface Listener {
  readonly discovery: Discovery
  readonly seen: Sighting[]
  readonly gone: Sighting[]
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
      let onNews: () => void = () => undefined
      const discovery = parts.node()
      const listener: Listener = {
        discovery,
        seen,
        gone,
        until: (isSo) =>
          new Promise((done) => {
            onNews = () => {
              if (isSo()) done()
            }
            onNews()
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
        }
      })
      open.push({ listener, setup: parts })
      return listener
    }

    const ports = (listener: Listener) => new Set(listener.seen.map(({ port }) => port))

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
    })
  })
}
