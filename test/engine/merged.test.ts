import { describe, expect, it } from 'vitest'
import type { Discovery, DiscoveryOptions, Found, Sighting } from '../../src/main/engine/discovery/discovery.js'
import { isHearsay, Merged, mergedTurns } from '../../src/main/engine/discovery/merged.js'
import { Told, toldTurns } from '../../src/main/engine/discovery/told.js'
import { sightingLimits } from '../../src/main/engine/discovery/sightings.js'
import { Ways } from '../../src/main/engine/discovery/ways.js'
import { bounds } from '../../src/main/engine/limits.js'
import { silentLog } from '../../src/main/engine/runtime/log.js'
import { VirtualTime } from '../sim/time.js'

/** A source that says what the test lets it say. */
class Scripted implements Discovery {
  options: DiscoveryOptions | undefined
  sightings: readonly Sighting[] = []
  ports: number[] = []
  isStopped = false

  start(options: DiscoveryOptions): void {
    this.options = options
    this.ports.push(options.port)
  }
  choose(): void {
    // It has no interfaces.
  }
  announce(port: number): void {
    this.ports.push(port)
  }
  look(): void {
    // It says what it says.
  }
  view() {
    const times = { since: 1, lastHeard: 2 }
    return { since: 1, interfaces: [], sightings: this.sightings.map((sighting) => ({ ...sighting, ...times })) }
  }
  stop(): Promise<void> {
    this.isStopped = true
    return Promise.resolve()
  }
  say(...sightings: readonly Sighting[]): void {
    this.sightings = [...this.sightings, ...sightings]
    for (const sighting of sightings) this.options?.onSighting(sighting)
  }
}

const at = (host: number, instance = 'air', port = 47_110): Sighting => ({
  instance,
  address: `10.0.0.${String(host)}`,
  port
})

async function setUp() {
  const time = new VirtualTime()
  const merged = new Merged({ clock: time.clock(), log: silentLog })
  const seen: Found[] = []
  const gone: Sighting[] = []
  const [air, list] = [new Scripted(), new Scripted()]
  await merged.add('list', list)
  await merged.add('mdns', air)
  merged.start({
    port: 5,
    onSighting: (found) => seen.push(found),
    onGone: (sighting) => gone.push(sighting),
    onChange: () => undefined
  })
  return { time, merged, seen, gone, air, list }
}

describe('several sources as one', () => {
  it('show an address once, with everybody who knows of it, and go by the best', async () => {
    const { merged, seen, gone, air, list } = await setUp()
    list.say(at(1, 'list'))
    air.say(at(1, 'air'), at(2, 'air'))
    expect(seen.map(({ address, instance, sources }) => [address, instance, sources])).toEqual([
      ['10.0.0.1', 'list', ['list']],
      ['10.0.0.1', 'air', ['mdns', 'list']],
      ['10.0.0.2', 'air', ['mdns']]
    ])
    expect(gone, 'what was told before is another start now').toEqual([at(1, 'list')])
    expect(merged.view().sightings.map(({ address, sources }) => [address, sources])).toEqual([
      ['10.0.0.1', ['mdns', 'list']],
      ['10.0.0.2', ['mdns']]
    ])
    expect(merged.view().sources.map(({ source, found }) => [source, found])).toEqual([
      ['mdns', 2],
      ['list', 1]
    ])
    expect(seen.map(isHearsay)).toEqual([true, false, false])
  })

  it('keep an address while one of them knows it', async () => {
    const { seen, gone, air, list, merged } = await setUp()
    air.say(at(1), at(2))
    list.say(at(1, 'list'))
    air.options?.onGone(at(1))
    expect(gone).toEqual([at(1)])
    expect(seen.at(-1)).toMatchObject({ instance: 'list', sources: ['list'] })
    await merged.remove('list')
    expect(gone).toEqual([at(1), at(1, 'list')])
    expect(list.isStopped).toBe(true)
    list.say(at(3, 'list'))
    expect(seen.filter(({ address }) => address === '10.0.0.3')).toEqual([])
  })

  it('are told together, so many a second, what was heard first', async () => {
    const { time, seen, air, list } = await setUp()
    const { burst } = mergedTurns.told
    for (let port = 2; port <= burst; port++) list.say(at(1, 'list', port))
    air.say(at(250))
    expect(seen).toHaveLength(burst)
    list.say(at(2, 'list'))
    air.say(at(251))
    expect(seen).toHaveLength(burst)
    await time.run(mergedTurns.laterMs)
    expect(seen.slice(burst).map(({ sources }) => sources[0])).toEqual(['mdns', 'list'])
  })

  it('are bounded each, so that one cannot crowd out another', async () => {
    const { time, merged, seen, air, list } = await setUp()
    for (let port = 1; port <= bounds.sightings * 2; port++) list.options?.onSighting(at(1, 'list', port))
    air.say(at(2))
    await time.run(60_000)
    expect(seen).toHaveLength(bounds.sightings + 1)
    expect(merged.view().sightings).toHaveLength(1)
  })

  it('tell what stays again after a while, and not before', async () => {
    const { time, seen, air, list } = await setUp()
    air.say(at(1))
    list.say(at(1, 'list'))
    air.options?.onSighting(at(1))
    expect(seen).toHaveLength(1)
    await time.run(sightingLimits.reportAgainMs)
    list.options?.onSighting(at(1, 'list'))
    expect(seen).toHaveLength(2)
  })

  it('go on when one of them throws, and say which', async () => {
    const { merged, seen, air, list } = await setUp()
    list.look =
      list.announce =
      list.view =
        () => {
          throw new Error('broken')
        }
    merged.announce(6)
    merged.look()
    air.say(at(1))
    expect(air.ports).toEqual([5, 6])
    expect(seen).toHaveLength(1)
    expect(merged.view().sources.map(({ source, problem }) => [source, problem?.code])).toEqual([
      ['mdns', undefined],
      ['list', 'source-failed']
    ])
  })

  it('end though one of them hangs', async () => {
    const { time, merged, air, list } = await setUp()
    list.stop = () => new Promise(() => undefined)
    await time.during(merged.stop())
    expect(air.isStopped).toBe(true)
  })
})

describe('addresses that were told', () => {
  function told() {
    const time = new VirtualTime()
    const source = new Told(time.clock(), 'list')
    const [seen, gone]: [Sighting[], Sighting[]] = [[], []]
    source.start({ port: 0, onSighting: (s) => seen.push(s), onGone: (s) => gone.push(s), onChange: () => undefined })
    return { time, source, seen, gone }
  }

  it('are reported again after longer and longer pauses, and at once when a person asks', async () => {
    const { time, source, seen } = told()
    source.tell({ address: 'base.example', port: 1 })
    expect(seen).toEqual([{ instance: 'list', address: 'base.example', port: 1 }])
    const { first, most } = toldTurns.againMs
    await time.run(first + toldTurns.beatMs)
    expect(seen).toHaveLength(2)
    await time.run(first + toldTurns.beatMs)
    expect(seen).toHaveLength(2)
    await time.run(24 * most)
    const before = seen.length
    expect(before).toBeLessThan(32)
    source.look()
    expect(seen).toHaveLength(before + 1)
  })

  it('go after their time, and when a list no longer has them', async () => {
    const { time, source, seen, gone } = told()
    source.tell({ address: '10.0.0.9', port: 1 }, 60_000)
    source.replace([
      { address: '10.0.0.1', port: 1 },
      { address: '10.0.0.2', port: 1 }
    ])
    expect(gone.map(({ address }) => address)).toEqual(['10.0.0.9'])
    source.tell({ address: '10.0.0.3', port: 1 }, 60_000)
    await time.run(60_000 + toldTurns.beatMs)
    expect(gone.map(({ address }) => address)).toEqual(['10.0.0.9', '10.0.0.3'])
    source.replace([{ address: '10.0.0.2', port: 1 }])
    expect(source.view().sightings.map(({ address }) => address)).toEqual(['10.0.0.2'])
    expect(seen.length).toBeGreaterThanOrEqual(4)
  })
})

describe('the ways that are on', () => {
  it('follow what a person set, each time on a new one; what was told stays', async () => {
    const time = new VirtualTime()
    const made: Scripted[] = []
    const asked: string[] = []
    const usual = { isDiscoverable: true, interfaces: {}, dnsServer: '', dnsDomain: '' }
    const [seen, gone]: [(Found & { isHearsay: boolean })[], Sighting[]] = [[], []]
    const ways = new Ways({
      clock: time.clock(),
      log: silentLog,
      makeDnsSd: ({ address }, domain) => {
        asked.push(`${address} ${domain}`)
        return new Told(time.clock(), 'dns-sd')
      },
      makeMdns: () => {
        made.push(new Scripted())
        return made.at(-1) as Scripted
      },
      onSighting: (found) => seen.push(found),
      onGone: (sighting) => gone.push(sighting),
      onChange: () => undefined
    })
    await ways.start(7, usual)
    made[0]?.say(at(1))
    ways.list([{ address: '10.0.0.2', port: 1 }])
    expect(seen.map(({ sources, isHearsay }) => [sources, isHearsay])).toEqual([
      [['mdns'], false],
      [['list'], true]
    ])
    ways.announce(8)
    await ways.follow({ ...usual, isDiscoverable: false })
    expect(ways.air()).toBeUndefined()
    expect(gone).toEqual([at(1)])
    expect(ways.known().sightings.map(({ sources }) => sources[0])).toEqual(['list'])
    await ways.follow(usual)
    expect(made.map(({ ports }) => ports)).toEqual([[7, 8], [8]])
    expect(ways.air()?.sightings).toHaveLength(1)
    for (const [dnsServer, dnsDomain] of [
      ['10.0.0.53', ''],
      ['10.0.0.53', 'a.example'],
      ['10.0.0.53', 'a.example'],
      ['10.0.0.53', 'b.example'],
      ['nonsense', 'b.example']
    ] as const)
      await ways.follow({ ...usual, dnsServer, dnsDomain })
    expect(asked).toEqual(['10.0.0.53 a.example', '10.0.0.53 b.example'])
    expect(ways.known().sources.map(({ source }) => source)).toEqual(['mdns', 'list'])
    ways.list([])
    expect(ways.known().sources.map(({ source }) => source)).toEqual(['mdns'])
    await time.during(ways.stop())
  })
})
