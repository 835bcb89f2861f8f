import { encode, type Answer } from 'dns-packet'
import { describe, expect, it } from 'vitest'
import type { Sighting } from '../../src/main/engine/discovery/discovery.js'
import { DnsSd, dnsSdLimits, inDnsOrder } from '../../src/main/engine/discovery/dns-sd.js'
import { parseDnsServer, readDnsAnswer, type DnsAnswer } from '../../src/main/engine/discovery/dns-client.js'
import { silentLog } from '../../src/main/engine/runtime/log.js'
import { seededRandom } from '../sim/random.js'
import { VirtualTime } from '../sim/time.js'

const service = '_muster._tcp.field.example'

describe('the order of RFC 2782', () => {
  const target = (name: string, priority: number, weight: number) => ({ name, priority, weight })

  it('goes by priority first', () => {
    const ordered = inDnsOrder([target('c', 20, 9), target('a', 10, 0), target('b', 10, 0)], () => 0)
    expect(ordered.map(({ name }) => name)).toEqual(['a', 'b', 'c'])
  })

  it('draws lots by weight within one priority, and leaves out nobody', () => {
    const random = seededRandom(5)
    const firsts: Record<string, number> = { heavy: 0, light: 0, none: 0 }
    for (let round = 0; round < 2_000; round++) {
      const ordered = inDnsOrder([target('none', 1, 0), target('heavy', 1, 75), target('light', 1, 25)], () =>
        random.unit()
      )
      expect(ordered).toHaveLength(3)
      const first = ordered[0]?.name ?? ''
      firsts[first] = (firsts[first] ?? 0) + 1
    }
    expect(firsts['heavy']).toBeGreaterThan(1_350)
    expect(firsts['light']).toBeGreaterThan(380)
    expect(firsts['none']).toBeGreaterThan(0)
    expect(firsts['none']).toBeLessThan(80)
  })
})

describe('an answer of a DNS server', () => {
  const question = { name: service, type: 'PTR' as const }
  const pointer: Answer = { name: service, type: 'PTR', ttl: 60, data: `a.${service}` }
  const packet = (over: object = {}) =>
    encode({ id: 7, type: 'response', questions: [question], answers: [pointer], ...over })

  it('counts when it repeats number and question, whatever the case', () => {
    expect(readDnsAnswer(packet(), 7, question)).toMatchObject({ records: [pointer], isCut: false })
    const upper = packet({ questions: [{ ...question, name: service.toUpperCase() }] })
    expect(readDnsAnswer(upper, 7, question)).toMatchObject({ isCut: false })
    expect(readDnsAnswer(packet({ flags: 1 << 9 }), 7, question)).toMatchObject({ isCut: true })
  })

  it.each([
    ['another number', packet(), 8],
    ['another name', packet({ questions: [{ ...question, name: 'other.example' }] }), 7],
    ['another type', packet({ questions: [{ ...question, type: 'SRV' }] }), 7],
    ['a question', packet({ type: 'query' }), 7],
    ['no question', packet({ questions: [] }), 7],
    ['half a header', packet().subarray(0, 11), 7]
  ])('is passed over with %s', (_, bytes, id) => {
    expect(readDnsAnswer(bytes, id, question)).toBeUndefined()
  })

  it('says why it is none', () => {
    expect(readDnsAnswer(packet({ flags: 2 }), 7, question)).toEqual({ failed: 'response code 2' })
    expect(readDnsAnswer(packet({ flags: 3 }), 7, question), 'no such name').toEqual({ records: [], isCut: false })
    const many = packet()
    many.writeUInt16BE(2_000, 6)
    expect(readDnsAnswer(many, 7, question)).toEqual({ failed: '2000 records' })
    expect(readDnsAnswer(packet().subarray(0, -3), 7, question)).toHaveProperty('failed')
  })
})

it.each([
  ['10.0.0.53', { address: '10.0.0.53', port: 53 }],
  ['10.0.0.53:5353', { address: '10.0.0.53', port: 5353 }],
  ['2001:db8::53', { address: '2001:db8::53', port: 53 }],
  ['[2001:db8::53]:5', { address: '2001:db8::53', port: 5 }],
  ['dns.example', undefined],
  ['10.0.0.53:0', undefined],
  ['10.0.0.53:99999', undefined],
  ['[10.0.0.53]:53', undefined],
  ['', undefined]
])('a DNS server is written as %s', (text, server) => {
  expect(parseDnsServer(text)).toEqual(server)
})

describe('nodes out of a zone', () => {
  /** A zone that a test changes; `undefined`: the server is silent. */
  function zone(...records: Answer[]) {
    const time = new VirtualTime()
    const state: { records: Answer[] | undefined; asked: string[] } = { records, asked: [] }
    const [seen, gone]: [Sighting[], Sighting[]] = [[], []]
    const source = new DnsSd({
      ...{ clock: time.clock(), random: seededRandom(1), log: silentLog, domain: 'field.example' },
      ask: async ({ name, type }): Promise<DnsAnswer> => {
        state.asked.push(`${type} ${name}`)
        if (state.records === undefined) return { failed: 'no answer' }
        return { records: state.records.filter((one) => one.name === name && one.type === type), isCut: false }
      }
    })
    source.start({
      port: 1,
      onSighting: (sighting) => seen.push(sighting),
      onGone: (sighting) => gone.push(sighting),
      onChange: () => undefined
    })
    return { time, state, source, seen, gone }
  }

  const node = (
    name: string,
    address: string,
    over: { ttl?: number; txt?: string; port?: number; target?: string } = {}
  ) => {
    const { ttl = 100, txt = 'v=1', port = 47_110, target = `${name}.field.example` } = over
    const instance = `${name}.${service}`
    return [
      { name: service, type: 'PTR', ttl: 1_000, data: instance },
      { name: instance, type: 'SRV', ttl, data: { target, port, priority: 0, weight: 0 } },
      { name: instance, type: 'TXT', ttl, data: [txt] },
      { name: `${name}.field.example`, type: address.includes(':') ? 'AAAA' : 'A', ttl, data: address }
    ] satisfies Answer[]
  }
  const addresses = (sightings: readonly Sighting[]) =>
    sightings.map(({ address, port }) => `${address} ${String(port)}`)

  it('are found by PTR, SRV, TXT and addresses; oddities are left', async () => {
    const { time, seen } = zone(
      ...node('a', '10.0.0.1'),
      ...node('b', '2001:db8::2', { port: 9 }),
      ...node('c', '10.0.0.3', { txt: 'v=2' }),
      ...node('d', '10.0.0.4', { target: '.' }),
      ...node('e', '10.0.0.5', { port: 0 }),
      ...node('f', 'not an address')
    )
    await time.run(1_000)
    expect(addresses(seen)).toEqual(['10.0.0.1 47110', '2001:db8::2 9'])
  })

  it('are asked again before the first record runs out, and go when the zone has them no more', async () => {
    const { time, state, gone } = zone(...node('a', '10.0.0.1', { ttl: 100 }), ...node('b', '10.0.0.2', { ttl: 500 }))
    await time.run(1_000)
    const before = state.asked.length
    await time.run(78_000)
    expect(state.asked).toHaveLength(before)
    state.records = node('b', '10.0.0.2', { ttl: 500 })
    await time.run(2_000)
    expect(state.asked.length).toBeGreaterThan(before)
    expect(addresses(gone)).toEqual(['10.0.0.1 47110'])
  })

  it('stay for their time when the server fails, which is said, and is tried again', async () => {
    const { time, state, source, gone } = zone(...node('a', '10.0.0.1', { ttl: 200 }))
    await time.run(1_000)
    state.records = undefined
    source.look()
    await time.run(1_000)
    expect(source.view()).toMatchObject({ problem: { code: 'dns-failed', detail: `PTR ${service}: no answer` } })
    expect(source.view().sightings).toHaveLength(1)
    await time.run(190_000)
    expect(gone).toEqual([])
    await time.run(20_000)
    expect(addresses(gone)).toEqual(['10.0.0.1 47110'])
    state.asked = []
    await time.run(3_600_000)
    expect(state.asked.length).toBeLessThanOrEqual(3_600_000 / dnsSdLimits.failed.mostMs + 1)
    state.records = node('a', '10.0.0.1')
    await time.run(dnsSdLimits.failed.mostMs)
    expect(source.view().problem).toBeUndefined()
    expect(source.view().sightings).toHaveLength(1)
    await source.stop()
    state.asked = []
    await time.run(3_600_000)
    expect(state.asked).toEqual([])
  })

  it('are bounded, however large the zone is', async () => {
    const all = Array.from({ length: 200 }, (_, index) => node(`n${String(index)}`, `10.0.1.${String(index)}`)).flat()
    const { time, source } = zone(...all)
    await time.run(1_000)
    expect(source.view().sightings).toHaveLength(dnsSdLimits.instances)
  })
})
