/** The truth strip: each cell is one fact with its proof. Nothing here comes from a hint. */
import type { MissionSummary, NetworkInterface, Overview, PeerSummary } from '@shared/model'
import { showName } from '../display/name'
import { judgeClock } from './clock'
import type { Amount } from '../i18n'
import { amount, fact, saying, type Fact, type Saying } from './fact'

/** Queries go out at least once a minute, and what is heard lives two: after three, hearing is a memory. */
const hearingMs = 180_000
/** Before that, having heard nothing means little. */
const patienceMs = 20_000

export function networkFact({ node, network, peers }: Pick<Overview, 'node' | 'network' | 'peers'>, now: number): Fact {
  if (node.listenProblem !== undefined) {
    return fact(
      undefined,
      'danger',
      saying('strip.network.problem'),
      saying('strip.network.problemRef', { ref: node.listenProblem.ref })
    )
  }
  if (!network.isLooking) {
    const proof = node.settings.isDiscoverable ? 'strip.network.offHere' : 'strip.network.offProof'
    return fact(undefined, 'conflict', saying('strip.network.off'), saying(proof))
  }
  if (network.interfaces.length === 0) {
    return fact(undefined, 'conflict', saying('strip.network.none'), saying('strip.network.noneProof'))
  }
  const used = network.interfaces.filter(({ isOn }) => isOn)
  const [first] = used
  if (first === undefined)
    return fact(undefined, 'conflict', saying('strip.network.off'), saying('strip.network.allOff'))
  const broken = used.flatMap((one) => one.problem ?? [])
  if (broken[0] !== undefined && broken.length === used.length)
    return fact(undefined, 'danger', saying('strip.network.mute'), where(first, broken[0].ref))
  const heard = used.filter(({ lastHeardAt }) => lastHeardAt !== undefined && now - lastHeardAt < hearingMs)
  const [newest] = [...heard].sort((a, b) => (b.lastHeardAt ?? 0) - (a.lastHeardAt ?? 0))
  if (newest !== undefined) {
    const networks = new Set(heard.map(({ name }) => name)).size
    return fact(
      undefined,
      'text',
      saying('strip.network.hearing', {}, networks),
      saying('strip.network.heard', {
        name: showName(newest.name),
        address: newest.address,
        ago: amount('ago', newest.lastHeardAt ?? now)
      })
    )
  }
  const since = Math.max(network.lookingSince ?? now, ...used.map(({ lastHeardAt }) => lastHeardAt ?? 0))
  const proof = where(first, amount('ago', since))
  if (now - since < patienceMs) return fact(undefined, 'text', saying('strip.network.looking'), proof)
  // Who is linked by address does not need to be heard: silence alone is then no fault.
  return fact(undefined, peers.some(isLinked) ? 'text' : 'conflict', saying('strip.network.silent'), proof)
}

function where({ name, address }: NetworkInterface, what: string | Amount): Saying {
  return saying('strip.network.where', { name: showName(name), address, what })
}

export function isLinked(peer: PeerSummary): boolean {
  return peer.level === 'trusted' && peer.link.state === 'linked'
}

export function peersFact(peers: readonly PeerSummary[]): Fact {
  const linked = peers.filter(isLinked).length
  const away = peers.filter((peer) => peer.level === 'trusted' && peer.link.state !== 'linked').length
  const proof = saying('strip.peers.away', {}, away)
  if (linked === 0) return fact('not-linked', 'text', saying('strip.peers.nobody'), proof)
  return fact('linked', 'text', saying('strip.peers.linked', {}, linked), proof)
}

export function inStepFact(peers: readonly PeerSummary[], missions: readonly MissionSummary[]): Fact {
  if (missions.length === 0)
    return fact(undefined, 'text', saying('strip.step.nothing'), saying('strip.step.nothingProof'))
  const linked = peers.filter((peer) => isLinked(peer) && peer.step.missions > 0)
  const inStep = linked.filter((peer) => peer.step.state === 'in-step')
  const lacking = linked.filter((peer) => peer.step.theyLack > 0)
  const proof = lackSaying(lacking)
  if (inStep.length > 0) {
    const newest = Math.max(...inStep.map((peer) => peer.step.at))
    return fact(
      'in-step',
      'text',
      saying('strip.step.with', {}, inStep.length),
      proof ?? saying('step.provedAt', { at: amount('clock', newest) })
    )
  }
  if (linked.length > 0)
    return fact('behind', 'text', saying('strip.step.notYet'), proof ?? saying('strip.step.comparing'))
  const alone = missions.reduce((sum, mission) => sum + mission.onlyHere, 0)
  if (alone > 0)
    return fact('only-here', 'waiting', saying('strip.step.onlyHere'), saying('strip.step.saved', {}, alone))
  const files = missions.reduce((sum, { filesOnlyHere }) => sum + filesOnlyHere.files, 0)
  if (files > 0)
    return fact('only-here', 'waiting', saying('strip.step.onlyHere'), saying('strip.step.filesHere', {}, files))
  return fact('not-here', 'offline', saying('strip.step.nobodyHere'), saying('strip.step.allElsewhere'))
}

function lackSaying(lacking: readonly PeerSummary[]): Saying | undefined {
  const [first, ...more] = [...lacking].sort((a, b) => b.step.theyLack - a.step.theyLack)
  if (first === undefined) return undefined
  const named = { name: showName(first.callsign) }
  return more.length === 0
    ? saying('strip.step.lacks', named, first.step.theyLack)
    : saying('strip.step.lackMore', { ...named }, more.length)
}

export function clockProof(peers: readonly PeerSummary[]): { readonly differs: boolean; readonly proof: Saying } {
  const clock = judgeClock(peers)
  if (clock.state === 'alone') return { differs: false, proof: saying('strip.clock.alone') }
  if (clock.state === 'agrees') return { differs: false, proof: saying('strip.clock.agrees', {}, clock.peers) }
  const by = amount('duration', Math.abs(clock.offsetMs))
  return {
    differs: true,
    proof: saying(clock.offsetMs > 0 ? 'strip.clock.behind' : 'strip.clock.ahead', { by }, clock.peers)
  }
}
