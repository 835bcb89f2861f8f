/** What discovery does and hears, in words: checks, interfaces, laptops heard. Pure. */
import { unreachable } from '@shared/feed'
import type {
  NearbyLaptop,
  NetworkCheck,
  NetworkInterface,
  NetworkStatus,
  PeerSummary,
  SightingSource
} from '@shared/model'
import { isProblemCode, problems, type ProblemCode } from '@shared/problems'
import { showName } from '../display/name'
import type { MessageKey } from '../i18n'
import { amount, fact, saying, type Fact, type Saying } from './fact'

/** A check as a line: one word that says the outcome, and what it rests on. */
export interface CheckLine {
  readonly check: NetworkCheck['check']
  readonly outcome: NetworkCheck['outcome']
  readonly title: Saying
  readonly line: Saying
}

const titles: Readonly<Record<NetworkCheck['check'], Readonly<Record<NetworkCheck['outcome'], MessageKey>>>> = {
  interface: {
    good: 'network.check.interface',
    bad: 'network.check.noInterface',
    caution: 'network.check.interface',
    unknown: 'network.check.noInterface'
  },
  vpn: {
    good: 'network.check.vpn',
    bad: 'network.check.vpn',
    caution: 'network.check.vpn',
    unknown: 'network.check.vpn'
  },
  send: {
    good: 'network.check.sends',
    bad: 'network.check.cannotSend',
    caution: 'network.check.sendsSome',
    unknown: 'network.check.sendsLater'
  },
  hear: {
    good: 'network.check.hears',
    bad: 'network.check.hearsNothing',
    caution: 'network.check.hears',
    unknown: 'network.check.hearsLater'
  },
  reach: {
    good: 'network.check.reaches',
    bad: 'network.check.reachesNone',
    caution: 'network.check.reachesSome',
    unknown: 'network.check.reachesLater'
  },
  listen: {
    good: 'network.check.listens',
    bad: 'network.check.cannotListen',
    caution: 'network.check.listens',
    unknown: 'network.check.listensLater'
  },
  firewall: {
    good: 'network.check.noFirewall',
    bad: 'network.check.firewall',
    caution: 'network.check.firewall',
    unknown: 'network.check.firewallUnknown'
  }
}

export function checkLines(network: NetworkStatus): readonly CheckLine[] {
  return network.checks.filter(saysSomething).map((check) => ({
    check: check.check,
    outcome: check.outcome,
    title: titleOf(check),
    line: lineOf(check, network)
  }))
}

/** Nobody found, nobody to reach: that is said by the line above it already. */
function saysSomething({ check, outcome, facts }: NetworkCheck): boolean {
  return check !== 'reach' || outcome !== 'unknown' || numberOf(facts['found']) > 0
}

function titleOf({ check, outcome, facts }: NetworkCheck): Saying {
  if (check === 'vpn') return saying('network.check.vpn', {}, numberOf(facts['count']))
  return saying(titles[check][outcome])
}

function lineOf({ check, outcome, facts }: NetworkCheck, network: NetworkStatus): Saying {
  const names = showName(textOf(facts['names']))
  const code = facts['code']
  switch (check) {
    case 'interface':
      return outcome === 'good'
        ? saying('network.check.interfaceLine', { names, addresses: showName(textOf(facts['addresses'])) })
        : saying('network.check.noInterfaceLine')
    case 'vpn':
      return numberOf(facts['used']) > 0
        ? saying('network.check.vpnUsedLine', { names })
        : saying('network.check.vpnLine', { names })
    case 'send': {
      if (isProblemCode(code)) {
        return saying('network.check.problemAt', { name: showName(textOf(facts['failing'])), ...problemNamed(code) })
      }
      const newest = newestOf(network.interfaces, 'lastSentAt')
      if (newest === undefined) return saying('network.check.sendsLaterLine')
      return saying('network.check.sendsLine', { names, ago: amount('ago', newest) }, numberOf(facts['sent']))
    }
    case 'hear': {
      const newest = newestOf(network.interfaces, 'lastHeardAt')
      if (newest !== undefined)
        return saying('network.check.hearsLine', { ago: amount('ago', newest) }, numberOf(facts['heard']))
      const since = network.lookingSince
      const time = since === undefined ? amount('duration', numberOf(facts['seconds']) * 1000) : amount('ago', since)
      return saying(outcome === 'bad' ? 'network.check.hearsNothingLine' : 'network.check.hearsLaterLine', { time })
    }
    case 'reach':
      if (isProblemCode(code)) {
        const name = `${textOf(facts['address'])} : ${textOf(facts['port'])}`
        return saying('network.check.problemAt', { name, ...problemNamed(code) })
      }
      return outcome === 'good'
        ? saying('network.check.reachesLine')
        : saying('network.check.reachesLaterLine', {}, numberOf(facts['found']))
    case 'listen':
      if (isProblemCode(code)) return saying('network.check.problem', problemNamed(code))
      return outcome === 'good'
        ? saying('network.check.listensLine', { port: textOf(facts['port']) })
        : saying('network.check.listensLaterLine')
    case 'firewall':
      return saying(outcome === 'good' ? 'network.check.noFirewallLine' : 'network.check.firewallLine')
    default:
      return unreachable(check)
  }
}

function problemNamed(code: ProblemCode): { readonly message: string; readonly ref: string } {
  return problems[code]
}

function textOf(fact: string | number | undefined): string {
  return fact === undefined ? '' : String(fact)
}

function numberOf(fact: string | number | undefined): number {
  return typeof fact === 'number' ? fact : 0
}

export function newestOf(
  interfaces: readonly NetworkInterface[],
  key: 'lastSentAt' | 'lastHeardAt'
): number | undefined {
  const times = interfaces.filter(({ isOn }) => isOn).flatMap((one) => one[key] ?? [])
  return times.length === 0 ? undefined : Math.max(...times)
}

/** What helps, the likeliest first. */
export type Help = 'router' | 'address' | 'readOut' | 'runs' | 'firewall' | 'join' | 'switchOn'

const usualHelps: readonly Help[] = ['runs', 'address', 'readOut', 'router']
const helps: Readonly<Partial<Record<ProblemCode, readonly Help[]>>> = {
  'discovery-off': ['switchOn', 'address', 'readOut'],
  'no-interface': ['join', 'readOut'],
  'only-vpn': ['join', 'switchOn', 'address'],
  'nothing-heard': ['router', 'address', 'readOut'],
  'nobody-here': ['runs', 'address', 'router'],
  'found-but-refused': ['firewall', 'readOut', 'router'],
  'cannot-send': ['firewall', 'address', 'router'],
  'discovery-port-taken': ['address', 'readOut'],
  'no-local-network': ['address', 'readOut']
}

export function helpsFor(code: ProblemCode | undefined): readonly Help[] {
  return (code === undefined ? undefined : helps[code]) ?? usualHelps
}

/** One name with all its addresses: what a person switches is the name. */
export interface InterfaceLine {
  readonly name: string
  readonly kind: NetworkInterface['kind']
  readonly addresses: readonly string[]
  readonly isOn: boolean
  readonly state: Saying
  readonly problem?: ProblemCode
}

export function interfaceLines({ interfaces, isLooking }: NetworkStatus): readonly InterfaceLine[] {
  const names = [...new Set(interfaces.map(({ name }) => name))]
  return names.flatMap((name) => {
    const all = interfaces.filter((one) => one.name === name)
    const [first] = all
    if (first === undefined) return []
    const problem = all.flatMap((one) => one.problem ?? [])[0]
    return {
      name,
      kind: first.kind,
      addresses: all.map(({ address }) => address),
      isOn: all.some(({ isOn }) => isOn),
      state: isLooking ? interfaceState(all) : saying('network.notLooking'),
      ...(problem === undefined ? {} : { problem: problem.code })
    }
  })
}

function interfaceState(all: readonly NetworkInterface[]): Saying {
  if (!all.some(({ isOn }) => isOn)) return saying('network.off')
  const sum = (key: 'sent' | 'heard'): number => all.reduce((total, one) => total + one[key], 0)
  return saying('network.counts', { sent: sum('sent'), heard: sum('heard') })
}

/** Heard and not shown as a peer: whoever was met stands there under its own name. */
export function strangersNearby(
  { nearby }: Pick<NetworkStatus, 'nearby'>,
  peers: readonly PeerSummary[]
): readonly NearbyLaptop[] {
  const known = new Set<string>(peers.map(({ nodeId }) => nodeId))
  const linked = new Set(peers.flatMap(({ link }) => (link.state === 'linked' ? [link.address] : [])))
  return nearby.filter(
    ({ state, nodeId, address }) =>
      state !== 'met' && !linked.has(address) && (nodeId === undefined || !known.has(nodeId))
  )
}

export function nearbyFact(laptop: NearbyLaptop): Fact {
  const isHeard = laptop.sources.includes('mdns')
  const heard = isHeard ? saying('peer.heard', { ago: amount('ago', laptop.lastHeard) }) : saying('nearby.notHeard')
  switch (laptop.state) {
    case 'waiting':
      return fact('stranger', 'offline', saying(isHeard ? 'nearby.waiting' : 'nearby.told'), heard)
    case 'greeting':
      return fact('stranger', 'offline', saying('nearby.greeting'), heard)
    case 'met':
      return fact('stranger', 'offline', saying('nearby.met'), heard)
    case 'failed':
      return fact('not-linked', 'offline', saying('nearby.failed'), heard)
    default:
      return unreachable(laptop.state)
  }
}

const sourceNames: Readonly<Record<SightingSource, MessageKey>> = {
  mdns: 'nearby.source.mdns',
  'dns-sd': 'nearby.source.dns',
  list: 'nearby.source.list'
}

/** Who knows of it, to be joined to one line. */
export function sourcesOf({ sources }: Pick<NearbyLaptop, 'sources'>): readonly MessageKey[] {
  return sources.map((source) => sourceNames[source])
}
