/**
 * Why nobody is found, pure: from what discovery sent and heard and how the hellos went, to checks with their facts and
 * one finding. It says only what was seen: a firewall cannot be asked, so it is unknown until somebody came through it.
 */
import { joinAddress } from '@shared/address.js'
import type { Address, NearbyLaptop, NetworkCheck, NetworkInterface, NetworkStatus } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { problem, type Problem } from '@shared/result.js'
import type { DiscoveryView, MergedView } from './discovery.js'
import { isOnByItself } from './interfaces.js'

/** How the hello with an address goes (links/greeter.ts). */
export type GreetingState = Pick<NearbyLaptop, 'state' | 'reason' | 'nodeId'>

export interface NetworkFacts {
  /** Absent: discovery is off. */
  readonly view: DiscoveryView | undefined
  /** What all sources know, and how they go. */
  readonly known: Pick<MergedView, 'sightings' | 'sources'>
  readonly stateOf: (at: Address) => GreetingState | undefined
  /** Where others reach this node; absent while they cannot. */
  readonly linkPort?: number | undefined
  readonly listenProblem?: Problem | undefined
  /** Peers with a link now. */
  readonly linked: number
  /** Somebody connected to us since the start: no firewall keeps them out. */
  readonly wasReached?: boolean
  /** As `process.platform`. */
  readonly platform: string
  /** Wall time. */
  readonly now: number
}

export interface Diagnosis {
  readonly checks: readonly NetworkCheck[]
  /** Absent while somebody is found, or while it is too early to say. */
  readonly finding?: Problem
}

/** Before that, an empty list means little: somebody may just be starting. */
export const patienceMs = 20_000
/** Shown at once; a flood is no list for people. */
const nearbyMost = 100

const unreachable: readonly (ProblemCode | undefined)[] = ['no-answer', 'refused']

export function networkStatus(facts: NetworkFacts): NetworkStatus {
  const { view } = facts
  return {
    isLooking: view !== undefined,
    ...(view === undefined ? {} : { lookingSince: view.since }),
    interfaces: view?.interfaces ?? [],
    sources: facts.known.sources,
    nearby: nearbyOf(facts).slice(0, nearbyMost),
    ...diagnose(facts)
  }
}

export function diagnose(facts: NetworkFacts): Diagnosis {
  const finding = find(facts)
  return { checks: check(facts), ...(finding === undefined ? {} : { finding }) }
}

function nearbyOf({ known, stateOf }: NetworkFacts): readonly NearbyLaptop[] {
  const order = ['met', 'greeting', 'waiting', 'failed']
  return known.sightings
    .map((sighting) => ({ ...sighting, ...(stateOf(sighting) ?? { state: 'waiting' as const }) }))
    .sort((one, other) => order.indexOf(one.state) - order.indexOf(other.state) || one.since - other.since)
}

/** The first that holds. */
function find(facts: NetworkFacts): Problem | undefined {
  const { view, linked, platform } = facts
  const nearby = nearbyOf(facts)
  if (linked > 0 || nearby.some(({ state }) => state === 'met')) return undefined
  if (view === undefined) return problem('discovery-off')
  const { interfaces } = view
  if (interfaces.length === 0) return problem('no-interface')
  const used = interfaces.filter(({ isOn }) => isOn)
  if (used.length === 0)
    return interfaces.some(({ kind }) => isOnByItself(kind))
      ? problem('discovery-off', `off: ${namesOf(interfaces)}`)
      : problem('only-vpn', namesOf(interfaces))
  const silent = silentProblem(used, platform)
  if (silent !== undefined) return silent
  if (nearby.length > 0)
    // A reason stays while it is tried again: the finding must not come and go with every try.
    return nearby.every(({ reason }) => unreachable.includes(reason))
      ? problem('found-but-refused', nearby.slice(0, 5).map(joinAddress).join(', '))
      : undefined
  if (lookedMs(facts) < patienceMs) return undefined
  const sent = sum(used, 'sent')
  if (sent === 0) return undefined
  const counts = `${namesOf(used)}: ${String(sent)} sent, ${String(sum(used, 'heard'))} heard`
  return problem(sum(used, 'heard') === 0 ? 'nothing-heard' : 'nobody-here', counts)
}

/** What keeps every used interface from sending; one that works is enough to go on looking. */
function silentProblem(used: readonly NetworkInterface[], platform: string): Problem | undefined {
  const problems = used.flatMap((one) => one.problem ?? [])
  if (problems.length < used.length) return undefined
  const found = problems.find(({ code }) => code === 'discovery-port-taken') ?? problems[0]
  // macOS answers so, without a word to the person, while the Local Network permission is not given.
  return platform === 'darwin' && found?.detail?.includes('EHOSTUNREACH') === true
    ? problem('no-local-network', found.detail)
    : found
}

function check(facts: NetworkFacts): readonly NetworkCheck[] {
  const listen = listenCheck(facts)
  const firewall: NetworkCheck = {
    check: 'firewall',
    outcome: facts.wasReached === true ? 'good' : 'unknown',
    facts: {}
  }
  const { view } = facts
  if (view === undefined) return [listen, firewall]
  const used = view.interfaces.filter(({ isOn }) => isOn)
  const tunnels = view.interfaces.filter(({ kind }) => kind === 'vpn')
  return [
    {
      check: 'interface',
      outcome: used.length > 0 ? 'good' : 'bad',
      facts: { count: used.length, names: namesOf(used), addresses: used.map(({ address }) => address).join(', ') }
    },
    ...(tunnels.length === 0
      ? []
      : [
          {
            check: 'vpn' as const,
            outcome: 'caution' as const,
            facts: {
              count: tunnels.length,
              names: namesOf(tunnels),
              addresses: tunnels.map(({ address }) => address).join(', '),
              used: tunnels.filter(({ isOn }) => isOn).length
            }
          }
        ]),
    ...(used.length === 0 ? [] : [sendCheck(used, facts), hearCheck(used, facts), reachCheck(facts)]),
    listen,
    firewall
  ]
}

function sendCheck(used: readonly NetworkInterface[], { now }: NetworkFacts): NetworkCheck {
  const bad = used.filter((one) => one.problem !== undefined)
  const facts = {
    sent: sum(used, 'sent'),
    names: namesOf(used),
    ...secondsAgo(used, 'lastSentAt', now),
    ...(bad[0]?.problem === undefined
      ? {}
      : { code: bad[0].problem.code, detail: bad[0].problem.detail ?? '', failing: namesOf(bad) })
  }
  const outcome = bad.length === used.length ? 'bad' : bad.length > 0 ? 'caution' : facts.sent > 0 ? 'good' : 'unknown'
  return { check: 'send', outcome, facts }
}

function hearCheck(used: readonly NetworkInterface[], networkFacts: NetworkFacts): NetworkCheck {
  const heard = sum(used, 'heard')
  const facts = {
    heard,
    names: namesOf(used),
    seconds: Math.floor(lookedMs(networkFacts) / 1000),
    ...secondsAgo(used, 'lastHeardAt', networkFacts.now)
  }
  const isLate = lookedMs(networkFacts) >= patienceMs && sum(used, 'sent') > 0
  return { check: 'hear', outcome: heard > 0 ? 'good' : isLate ? 'bad' : 'unknown', facts }
}

function reachCheck(facts: NetworkFacts): NetworkCheck {
  const nearby = nearbyOf(facts)
  const met = nearby.filter(({ state }) => state === 'met')
  const failed = nearby.filter(({ state, reason }) => state !== 'met' && reason !== undefined)
  const [first] = failed
  const outcome =
    met.length > 0 || facts.linked > 0
      ? failed.length > 0
        ? 'caution'
        : 'good'
      : nearby.length > 0 && failed.length === nearby.length
        ? 'bad'
        : 'unknown'
  return {
    check: 'reach',
    outcome,
    facts: {
      found: nearby.length,
      met: met.length,
      failed: failed.length,
      linked: facts.linked,
      ...(first === undefined ? {} : { address: first.address, port: first.port }),
      ...(first?.reason === undefined ? {} : { code: first.reason })
    }
  }
}

function listenCheck({ linkPort, listenProblem }: NetworkFacts): NetworkCheck {
  if (listenProblem !== undefined)
    return {
      check: 'listen',
      outcome: 'bad',
      facts: { code: listenProblem.code, detail: listenProblem.detail ?? '' }
    }
  return linkPort === undefined
    ? { check: 'listen', outcome: 'unknown', facts: {} }
    : { check: 'listen', outcome: 'good', facts: { port: linkPort } }
}

/** A wall clock may be set back. */
function lookedMs({ view, now }: NetworkFacts): number {
  return view === undefined ? 0 : Math.max(0, now - view.since)
}

function secondsAgo(used: readonly NetworkInterface[], key: 'lastSentAt' | 'lastHeardAt', now: number) {
  const newest = Math.max(...used.map((one) => one[key] ?? -Infinity))
  return Number.isFinite(newest) ? { secondsAgo: Math.max(0, Math.floor((now - newest) / 1000)) } : {}
}

function namesOf(interfaces: readonly NetworkInterface[]): string {
  return [...new Set(interfaces.map(({ name }) => name))].join(', ')
}

function sum(used: readonly NetworkInterface[], key: 'sent' | 'heard'): number {
  return used.reduce((total, one) => total + one[key], 0)
}
