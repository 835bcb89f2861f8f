import { describe, expect, it } from 'vitest'
import type { NetworkInterface } from '@shared/model.js'
import { problem } from '@shared/result.js'
import type { HeardSighting } from '../../src/main/engine/discovery/discovery.js'
import {
  diagnose,
  networkStatus,
  patienceMs,
  type GreetingState,
  type NetworkFacts
} from '../../src/main/engine/discovery/doctor.js'

const since = 1_000_000
const wifi: NetworkInterface = {
  name: 'wlp3s0',
  address: '10.20.4.17',
  kind: 'wireless',
  isOn: true,
  sent: 14,
  heard: 0,
  lastSentAt: since + 39_000
}
const hearing: NetworkInterface = { ...wifi, heard: 9, lastHeardAt: since + 40_000 }
const vpn: NetworkInterface = { name: 'wg-agency', address: '10.66.0.9', kind: 'vpn', isOn: false, sent: 0, heard: 0 }
const bridge: NetworkInterface = { ...vpn, name: 'docker0', address: '172.17.0.1', kind: 'virtual' }

function sighting(host: number): HeardSighting {
  return {
    instance: String(host).padStart(16, '0'),
    address: `10.20.4.${String(host)}`,
    port: 47_110,
    since,
    lastHeard: since
  }
}

interface Case {
  readonly interfaces?: readonly NetworkInterface[]
  /** By the last number of the address. */
  readonly nearby?: Readonly<Record<number, GreetingState>>
  readonly afterMs?: number
  readonly linked?: number
  readonly platform?: string
}

function factsOf({ interfaces = [wifi], nearby = {}, afterMs = 42_000, linked = 0, platform = 'linux' }: Case) {
  const states = new Map(Object.entries(nearby).map(([host, state]) => [`10.20.4.${host}`, state]))
  const sightings = Object.keys(nearby).map((host) => ({ ...sighting(Number(host)), sources: ['mdns' as const] }))
  const facts: NetworkFacts = {
    view: { since, interfaces, sightings },
    known: { sightings, sources: [] },
    stateOf: ({ address }) => states.get(address),
    linkPort: 47_110,
    linked,
    platform,
    now: since + afterMs
  }
  return facts
}

const failing = (code: 'cannot-send' | 'discovery-port-taken', detail: string, name = 'wlp3s0'): NetworkInterface => ({
  ...wifi,
  name,
  sent: 0,
  problem: problem(code, `${name}: ${detail}`)
})
const refused: GreetingState = { state: 'failed', reason: 'refused' }
const silent: GreetingState = { state: 'failed', reason: 'no-answer' }
const met: GreetingState = { state: 'met' }

describe('the finding', () => {
  it.each<[string, Case, string | undefined]>([
    ['no network at all', { interfaces: [] }, 'no-interface'],
    ['no network, at once', { interfaces: [], afterMs: 0 }, 'no-interface'],
    ['only a VPN', { interfaces: [vpn] }, 'only-vpn'],
    ['only a VPN and what programs made', { interfaces: [vpn, bridge] }, 'only-vpn'],
    ['everything switched off', { interfaces: [{ ...wifi, isOn: false }, vpn] }, 'discovery-off'],
    ['a VPN that a person switched on counts', { interfaces: [{ ...vpn, isOn: true, sent: 4 }] }, 'nothing-heard'],
    ['the port is taken', { interfaces: [failing('discovery-port-taken', 'EADDRINUSE')] }, 'discovery-port-taken'],
    [
      'the port is taken, and elsewhere nothing can be sent',
      { interfaces: [failing('cannot-send', 'EPERM', 'eth0'), failing('discovery-port-taken', 'EADDRINUSE')] },
      'discovery-port-taken'
    ],
    ['nothing can be sent', { interfaces: [failing('cannot-send', 'EPERM')] }, 'cannot-send'],
    ['nothing can be sent, at once', { interfaces: [failing('cannot-send', 'EPERM')], afterMs: 0 }, 'cannot-send'],
    ['one cannot send, another one looks', { interfaces: [failing('cannot-send', 'EPERM'), wifi] }, 'nothing-heard'],
    [
      'macOS keeps us off the local network',
      { interfaces: [failing('cannot-send', 'EHOSTUNREACH')], platform: 'darwin' },
      'no-local-network'
    ],
    ['the same error on another system', { interfaces: [failing('cannot-send', 'EHOSTUNREACH')] }, 'cannot-send'],
    ['found and refused', { interfaces: [hearing], nearby: { 1: refused } }, 'found-but-refused'],
    ['found, none answers', { interfaces: [hearing], nearby: { 1: refused, 2: silent } }, 'found-but-refused'],
    ['found, refused, at once', { interfaces: [hearing], nearby: { 1: refused }, afterMs: 500 }, 'found-but-refused'],
    [
      'found, refused, being tried again',
      { interfaces: [hearing], nearby: { 1: { state: 'greeting', reason: 'refused' } } },
      'found-but-refused'
    ],
    ['found, not asked yet', { interfaces: [hearing], nearby: { 1: { state: 'waiting' } } }, undefined],
    ['one refuses, one is being asked', { nearby: { 1: refused, 2: { state: 'greeting' } } }, undefined],
    ['one refuses, one is met', { interfaces: [hearing], nearby: { 1: refused, 2: met } }, undefined],
    [
      'found, of another version',
      { interfaces: [hearing], nearby: { 1: { state: 'failed', reason: 'version-differs' } } },
      undefined
    ],
    ['nothing heard', {}, 'nothing-heard'],
    ['nothing heard, just in time', { afterMs: patienceMs }, 'nothing-heard'],
    ['nothing heard, still early', { afterMs: patienceMs - 1 }, undefined],
    ['nothing sent yet', { interfaces: [{ ...wifi, sent: 0 }] }, undefined],
    ['only others heard', { interfaces: [hearing] }, 'nobody-here'],
    ['only others heard, still early', { interfaces: [hearing], afterMs: patienceMs - 1 }, undefined],
    ['one deaf, one hears others', { interfaces: [wifi, { ...hearing, name: 'eth0' }] }, 'nobody-here'],
    ['the clock was set back', { afterMs: -60_000 }, undefined],
    ['somebody is linked, by address', { linked: 1 }, undefined],
    ['somebody is linked, with no network shown', { interfaces: [], linked: 1 }, undefined]
  ])('%s', (_, given, code) => {
    expect(diagnose(factsOf(given)).finding?.code).toBe(code)
  })

  it('says that discovery is off, unless somebody is linked', () => {
    expect(diagnose({ ...factsOf({}), view: undefined }).finding?.code).toBe('discovery-off')
    expect(diagnose({ ...factsOf({ linked: 1 }), view: undefined }).finding).toBeUndefined()
  })

  it('has the facts of the case in its detail', () => {
    expect(diagnose(factsOf({})).finding?.detail).toBe('wlp3s0: 14 sent, 0 heard')
    expect(diagnose(factsOf({ interfaces: [hearing], nearby: { 7: refused } })).finding?.detail).toBe('10.20.4.7:47110')
    expect(diagnose(factsOf({ interfaces: [failing('cannot-send', 'EPERM')] })).finding?.detail).toBe('wlp3s0: EPERM')
  })
})

describe('the checks', () => {
  const outcomes = (facts: NetworkFacts) =>
    Object.fromEntries(diagnose(facts).checks.map(({ check, outcome }) => [check, outcome]))
  const factsFor = (facts: NetworkFacts, name: string) =>
    diagnose(facts).checks.find(({ check }) => check === name)?.facts

  it('of a network that keeps laptops apart', () => {
    const facts = factsOf({ interfaces: [wifi, vpn] })
    expect(diagnose(facts).checks).toEqual([
      { check: 'interface', outcome: 'good', facts: { count: 1, names: 'wlp3s0', addresses: '10.20.4.17' } },
      { check: 'vpn', outcome: 'caution', facts: { count: 1, names: 'wg-agency', addresses: '10.66.0.9', used: 0 } },
      { check: 'send', outcome: 'good', facts: { sent: 14, names: 'wlp3s0', secondsAgo: 3 } },
      { check: 'hear', outcome: 'bad', facts: { heard: 0, names: 'wlp3s0', seconds: 42 } },
      { check: 'reach', outcome: 'unknown', facts: { found: 0, met: 0, failed: 0, linked: 0 } },
      { check: 'listen', outcome: 'good', facts: { port: 47_110 } },
      { check: 'firewall', outcome: 'unknown', facts: {} }
    ])
  })

  it('of laptops that are found and refuse', () => {
    const facts = factsOf({ interfaces: [hearing], nearby: { 7: silent } })
    expect(outcomes(facts)).toMatchObject({ hear: 'good', reach: 'bad', firewall: 'unknown' })
    expect(factsFor(facts, 'reach')).toEqual({
      found: 1,
      met: 0,
      failed: 1,
      linked: 0,
      address: '10.20.4.7',
      port: 47_110,
      code: 'no-answer'
    })
  })

  it.each<[string, Case, Record<string, string>]>([
    ['nothing sent yet', { interfaces: [{ ...wifi, sent: 0 }], afterMs: 0 }, { send: 'unknown', hear: 'unknown' }],
    ['early silence', { afterMs: 5_000 }, { send: 'good', hear: 'unknown' }],
    ['no interface', { interfaces: [] }, { interface: 'bad' }],
    [
      'one of two fails',
      { interfaces: [failing('cannot-send', 'EPERM'), { ...wifi, name: 'eth0' }] },
      { send: 'caution' }
    ],
    ['all fail', { interfaces: [failing('cannot-send', 'EPERM')] }, { send: 'bad', hear: 'unknown' }],
    ['one met', { interfaces: [hearing], nearby: { 1: met } }, { reach: 'good' }],
    ['one met, one refuses', { interfaces: [hearing], nearby: { 1: met, 2: refused } }, { reach: 'caution' }]
  ])('of %s', (_, given, expected) => {
    expect(outcomes(factsOf(given))).toMatchObject(expected)
  })

  it('say which interface fails, and why', () => {
    expect(factsFor(factsOf({ interfaces: [failing('cannot-send', 'EPERM'), wifi] }), 'send')).toEqual({
      sent: 14,
      names: 'wlp3s0',
      secondsAgo: 3,
      code: 'cannot-send',
      detail: 'wlp3s0: EPERM',
      failing: 'wlp3s0'
    })
  })

  it('of the listening port and of a firewall that somebody came through', () => {
    const listenProblem = problem('port-in-use', '47110')
    const facts = { ...factsOf({}), linkPort: undefined, listenProblem }
    expect(outcomes(facts)).toMatchObject({ listen: 'bad' })
    expect(factsFor(facts, 'listen')).toEqual({ code: 'port-in-use', detail: '47110' })
    expect(outcomes({ ...facts, listenProblem: undefined })).toMatchObject({ listen: 'unknown' })
    expect(outcomes({ ...factsOf({}), wasReached: true })).toMatchObject({ firewall: 'good' })
  })

  it('are two while discovery is off', () => {
    expect(outcomes({ ...factsOf({}), view: undefined })).toEqual({ listen: 'good', firewall: 'unknown' })
  })
})

describe('the status', () => {
  it('shows who was met first, and not more than a person can read', () => {
    const nearby = { 1: refused, 2: { state: 'greeting' as const }, 3: met }
    const status = networkStatus(factsOf({ interfaces: [hearing], nearby }))
    expect(status.nearby.map(({ address, state }) => [address, state])).toEqual([
      ['10.20.4.3', 'met'],
      ['10.20.4.2', 'greeting'],
      ['10.20.4.1', 'failed']
    ])
    expect(status).toMatchObject({ isLooking: true, lookingSince: since, interfaces: [hearing] })
    const many = Object.fromEntries(Array.from({ length: 400 }, (_, host) => [host, refused]))
    const full = networkStatus(factsOf({ nearby: { ...many, 1000: met } }))
    expect(full.nearby).toHaveLength(100)
    expect(full.nearby[0]?.state).toBe('met')
  })

  it('is plain while discovery is off', () => {
    const status = networkStatus({ ...factsOf({}), view: undefined })
    expect(status).toMatchObject({ isLooking: false, interfaces: [], nearby: [] })
    expect(status).not.toHaveProperty('lookingSince')
  })

  it('takes a sighting that nobody was sent to yet as waiting', () => {
    const facts = factsOf({ interfaces: [hearing], nearby: { 1: met } })
    expect(networkStatus({ ...facts, stateOf: () => undefined }).nearby).toMatchObject([{ state: 'waiting' }])
  })
})
