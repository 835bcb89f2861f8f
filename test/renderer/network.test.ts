// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import type { NearbyLaptop, NetworkCheck, NetworkInterface, NetworkStatus, PeerSummary } from '@shared/model'
import type { ProblemCode } from '@shared/problems'
import { fail, ok, problem } from '@shared/result'
import ForgetSheet from '@/components/ForgetSheet.vue'
import PeerDetail from '@/components/PeerDetail.vue'
import TruthStrip from '@/components/TruthStrip.vue'
import { checkLines, helpsFor, interfaceLines, strangersNearby } from '@/facts/network'
import { claimSaying, groupOf, needFact, needOf, trustFact } from '@/facts/peer-status'
import { networkFact } from '@/facts/strip'
import PeersView from '@/views/PeersView.vue'
import { deafNetwork, emptyField, nodeIdOf, richField, type Recorded } from '../window/recorded'
import { mountPart, type Mounted } from './mounting'

const now = Date.now()
const { overview } = richField(now)

function peer(seed: number): PeerSummary {
  const found = overview.peers.find((item) => item.nodeId === nodeIdOf(seed))
  if (found === undefined) throw new Error(`no peer ${seed} in the record`)
  return found
}

function one(over: Partial<NetworkInterface> = {}): NetworkInterface {
  return { name: 'wlan0', address: '10.0.0.2', kind: 'wireless', isOn: true, sent: 3, heard: 0, ...over }
}

function network(over: Partial<NetworkStatus>): NetworkStatus {
  const nothing = { sources: [], nearby: [], checks: [] }
  return { isLooking: true, lookingSince: now - 60_000, interfaces: [one()], ...nothing, ...over }
}

function stripOf(over: Partial<NetworkStatus>, peers: readonly PeerSummary[] = []) {
  return networkFact({ node: overview.node, network: network(over), peers }, now)
}

function laptop(over: Partial<NearbyLaptop>): NearbyLaptop {
  const at = { address: '10.0.0.7', port: 47110, since: now - 5000, lastHeard: now - 2000 }
  return { ...at, instance: 'a', sources: ['mdns'], state: 'waiting', ...over }
}

function withNetwork(recorded: Recorded, change: Partial<NetworkStatus>): Recorded {
  const { network: before } = recorded.overview
  return { ...recorded, overview: { ...recorded.overview, network: { ...before, ...change } } }
}

function button(words: string): HTMLButtonElement {
  const found = [...document.querySelectorAll('button')].find(
    (item) => (item.textContent?.trim() || item.getAttribute('aria-label')) === words
  )
  if (found === undefined) throw new Error(`there is no button "${words}"`)
  return found
}

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  document.body.innerHTML = ''
})

describe('the network cell', () => {
  it('says on how many networks something is heard now, and where last', () => {
    expect(networkFact(overview, now)).toMatchObject({
      tone: 'text',
      word: { key: 'strip.network.hearing', count: 2 },
      proof: { named: { name: 'wlp3s0', address: '10.20.4.17' } }
    })
  })

  it('does not call an old packet hearing', () => {
    const heard = one({ heard: 4, lastHeardAt: now - 200_000 })
    expect(stripOf({ interfaces: [heard] })).toMatchObject({ tone: 'conflict', word: { key: 'strip.network.silent' } })
    expect(stripOf({ interfaces: [{ ...heard, lastHeardAt: now - 1000 }] }).word.key).toBe('strip.network.hearing')
  })

  it('is no fault of silence for the first seconds, nor while somebody is linked', () => {
    expect(stripOf({ lookingSince: now - 5000 })).toMatchObject({
      tone: 'text',
      word: { key: 'strip.network.looking' }
    })
    expect(stripOf({})).toMatchObject({ tone: 'conflict', word: { key: 'strip.network.silent' } })
    expect(stripOf({}, [peer(1)])).toMatchObject({ tone: 'text', word: { key: 'strip.network.silent' } })
  })

  it('tells no network, not looking and not able to send apart', () => {
    expect(stripOf({ interfaces: [] }).word.key).toBe('strip.network.none')
    expect(stripOf({ isLooking: false }).word.key).toBe('strip.network.off')
    expect(stripOf({ interfaces: [one({ isOn: false })] }).proof?.key).toBe('strip.network.allOff')
    const taken = one({ problem: problem('discovery-port-taken') })
    expect(stripOf({ interfaces: [taken] })).toMatchObject({ tone: 'danger', word: { key: 'strip.network.mute' } })
    expect(stripOf({ interfaces: [taken, one({ name: 'eth0' })] }).tone).toBe('conflict')
  })

  it('opens the pane with the interfaces', async () => {
    mounted = await mountPart(TruthStrip)
    const cell = [...document.querySelectorAll('a')].find((link) => link.textContent?.includes('Hearing on 2 networks'))
    expect(cell?.getAttribute('href')).toBe('#/peers/add')
  })
})

describe('the checks', () => {
  it('have words for every outcome that the engine can give', () => {
    const names: readonly NetworkCheck['check'][] = ['interface', 'vpn', 'send', 'hear', 'reach', 'listen', 'firewall']
    const outcomes: readonly NetworkCheck['outcome'][] = ['good', 'bad', 'caution', 'unknown']
    const checks = names.flatMap((check) =>
      outcomes.map((outcome) => ({ check, outcome, facts: { code: 'refused', found: 1, count: 1 } }))
    )
    const lines = checkLines(network({ checks }))
    expect(lines).toHaveLength(names.length * outcomes.length)
    for (const name of names) {
      const titles = lines.filter(({ check }) => check === name).map(({ title }) => title.key)
      if (name !== 'vpn') expect(new Set(titles).size, name).toBeGreaterThan(1)
    }
  })

  it('leave out what says nothing, and name what fails', () => {
    const reach = (facts: NetworkCheck['facts'], outcome: NetworkCheck['outcome']): NetworkCheck => ({
      check: 'reach',
      outcome,
      facts
    })
    expect(checkLines(network({ checks: [reach({ found: 0 }, 'unknown')] }))).toEqual([])
    const [line] = checkLines(
      network({ checks: [reach({ found: 1, code: 'refused', address: '10.0.0.7', port: 4711 }, 'bad')] })
    )
    expect(line?.line).toMatchObject({ named: { name: '10.0.0.7 : 4711' } })
  })

  it('offer help for every finding, the likeliest first', () => {
    const found: readonly ProblemCode[] = ['no-interface', 'nothing-heard', 'found-but-refused', 'only-vpn']
    expect(found.map((code) => helpsFor(code)[0])).toEqual(['join', 'router', 'firewall', 'join'])
    expect(helpsFor(undefined).length).toBeGreaterThan(2)
  })
})

describe('interfaces', () => {
  it('are one line per name, with all its addresses', () => {
    const lines = interfaceLines(network({ interfaces: [one(), one({ address: '10.0.1.2', sent: 4, heard: 2 })] }))
    expect(lines).toMatchObject([
      { name: 'wlan0', addresses: ['10.0.0.2', '10.0.1.2'], isOn: true, state: { named: { sent: 7, heard: 2 } } }
    ])
  })
})

describe('laptops nearby', () => {
  it('are not shown twice once they are peers', () => {
    const nearby = [
      laptop({}),
      laptop({ instance: 'b', state: 'met', nodeId: nodeIdOf(1) }),
      laptop({ instance: 'c', state: 'failed', reason: 'refused', nodeId: nodeIdOf(6) }),
      laptop({ instance: 'd', address: '10.20.4.22' })
    ]
    expect(strangersNearby({ nearby }, overview.peers).map(({ instance }) => instance)).toEqual(['a'])
  })

  it('stand in the list by their address, with why they are not reached', async () => {
    const nearby = [laptop({ state: 'failed', reason: 'refused' })]
    mounted = await mountPart(PeersView, { recorded: withNetwork(richField(now), { nearby }) })
    const row = [...document.querySelectorAll('[role=row]')].find((item) => item.textContent?.includes('10.0.0.7'))
    expect(row?.textContent).toContain('Unnamed laptop at 10.0.0.7')
    expect(row?.textContent).toContain('LNK-')
    row?.querySelector('button')?.click()
    await flushPromises()
    expect(mounted.called).toEqual([{ name: 'lookAgain', argument: null }])
  })
})

describe('an empty list', () => {
  it('says the finding, its code, and asks the network again', async () => {
    mounted = await mountPart(PeersView, { recorded: emptyField(now) })
    expect(document.querySelector('h2')?.textContent).toBe('This network most likely keeps laptops apart.')
    expect(document.body.textContent).toContain('NET-07')
    expect(document.body.textContent).toContain('0 packets heard on UDP 5353')
    button('Look again now').click()
    await flushPromises()
    expect(mounted.called).toEqual([{ name: 'lookAgain', argument: null }])
  })

  it('looks, before anything can be found out', async () => {
    const { finding: _, ...young } = deafNetwork(now)
    const recorded = emptyField(now)
    mounted = await mountPart(PeersView, {
      recorded: { ...recorded, overview: { ...recorded.overview, network: { ...young, lookingSince: now - 12_000 } } }
    })
    expect(document.querySelector('h2')?.textContent).toMatch(/^Looking for [1-4]\d\u00a0s\.$/)
  })

  it('offers to look when looking is off', async () => {
    const recorded = withNetwork(emptyField(now), { isLooking: false, checks: [], finding: problem('discovery-off') })
    const { node } = recorded.overview
    mounted = await mountPart(PeersView, { recorded })
    // The host was started without discovery: a switch could not change that.
    expect(() => button('Look for others')).toThrow()
    mounted.say({ slice: 'node', value: { ...node, settings: { ...node.settings, isDiscoverable: false } } })
    await flushPromises()
    button('Look for others').click()
    await flushPromises()
    expect(mounted.called).toEqual([{ name: 'changeSettings', argument: { isDiscoverable: true } }])
  })

  it('offers the VPN when nothing else is there', async () => {
    const interfaces = [one({ name: 'wg0', kind: 'vpn', isOn: false })]
    mounted = await mountPart(PeersView, {
      recorded: withNetwork(emptyField(now), { interfaces, checks: [], finding: problem('only-vpn') })
    })
    button('Use wg0').click()
    await flushPromises()
    expect(mounted.called).toEqual([{ name: 'changeSettings', argument: { interfaces: { wg0: true } } }])
  })

  it('switches one interface and leaves the others', async () => {
    mounted = await mountPart(PeersView, { recorded: emptyField(now) })
    const vpn = button('Look for others on wg-agency')
    expect(vpn.getAttribute('aria-checked')).toBe('false')
    vpn.click()
    await flushPromises()
    expect(mounted.called).toEqual([{ name: 'changeSettings', argument: { interfaces: { 'wg-agency': true } } }])
    expect(vpn.getAttribute('aria-checked')).toBe('false')
  })
})

describe('a peer', () => {
  it('that withholds its name is called by where it was met', async () => {
    const item: PeerSummary = { ...peer(8), callsign: '', federation: '' }
    const recorded = richField(now)
    const peers = recorded.overview.peers.map((known) => (known.nodeId === item.nodeId ? item : known))
    mounted = await mountPart(PeersView, {
      recorded: { ...recorded, overview: { ...recorded.overview, peers } },
      props: { nodeId: item.nodeId }
    })
    expect(document.querySelector('aside h1')?.textContent).toBe('Unnamed laptop at 10.20.4.28')
    expect(claimSaying(item).key).toBe('peer.claimsNothing')
  })

  it('claims its laptop until a person decided', () => {
    expect(claimSaying(peer(1))).toMatchObject({ key: 'peer.federationLaptop', named: { laptop: 'Toughbook 4' } })
    expect(claimSaying({ ...peer(8), laptop: 'GZ-07' }).key).toBe('peer.claimsLaptop')
  })

  it('that an organisation vouches for has its own mark', () => {
    const { decision } = peer(1)
    if (decision === undefined) throw new Error('the record has no decision')
    const certificate = { sha256: '00', name: 'HVZ CA' }
    const vouched: PeerSummary = { ...peer(1), decision: { ...decision, ground: 'anchor', certificate } }
    expect(trustFact(vouched)).toMatchObject({
      mark: 'organisation',
      word: { key: 'peer.trust.organisation' },
      proof: { named: { name: 'HVZ CA' } }
    })
  })

  it('whose trust has lapsed was not rejected, and says why it needs a look', () => {
    const lapsed: PeerSummary = { ...peer(1), level: 'untrusted' }
    expect(trustFact(lapsed)).toMatchObject({ mark: 'caution', word: { key: 'peer.need.ended' } })
    expect(groupOf(lapsed, now)).toBe('needs')
    const codes: readonly ProblemCode[] = ['certificate-shared', 'certificate-lost', 'anchor-removed']
    const words = codes.map((warning) => {
      const warned: PeerSummary = { ...lapsed, warning }
      const need = needOf(warned, now)
      return need === undefined ? undefined : needFact(need, warned).word.key
    })
    expect(words).toEqual(['peer.need.sharedCertificate', 'peer.need.lostCertificate', 'peer.need.lostOrganisation'])
  })
})

describe('forgetting', () => {
  it('starts at the button that changes nothing, and says what stays', async () => {
    mounted = await mountPart(ForgetSheet, { props: { peer: peer(1) } })
    await flushPromises()
    expect(document.activeElement).toBe(button('Keep it listed'))
    expect(document.body.textContent).toContain('its link and its trust, now')
    button('Forget Palmanova 1').click()
    await flushPromises()
    expect(mounted.called).toEqual([{ name: 'forgetPeer', argument: { nodeId: nodeIdOf(1) } }])
    expect(mounted.wrapper.emitted('forgotten')).toHaveLength(1)
  })

  it('stays open with the reason when the engine refuses', async () => {
    mounted = await mountPart(ForgetSheet, { props: { peer: peer(1) } })
    await flushPromises()
    mounted.answer('forgetPeer', fail('stays-revoked'))
    button('Forget Palmanova 1').click()
    await flushPromises()
    expect(document.body.textContent).toContain('TRU-17')
    expect(mounted.wrapper.emitted('forgotten')).toBeUndefined()
  })

  it('is not offered for a revoked peer, which says why', async () => {
    mounted = await mountPart(PeerDetail, { props: { peer: peer(11) } })
    expect(document.body.textContent).toContain('A revoked laptop cannot be forgotten.')
    expect(() => button('Forget this laptop')).toThrow()
  })
})

describe('a team list', () => {
  const file = (text: string, name = 'team.yaml') => new File([text], name)

  async function choose(...files: readonly File[]): Promise<void> {
    const input = document.querySelector<HTMLInputElement>('input[accept*=yaml]')
    Object.defineProperty(input, 'files', { value: files, configurable: true })
    input?.dispatchEvent(new Event('change'))
    await flushPromises()
    await flushPromises()
  }

  it('is opened as text; a mistake is shown with its line, and nothing was changed', async () => {
    mounted = await mountPart(PeersView, { recorded: emptyField(now) })
    mounted.answer('openTeamList', fail('team-list-refused', 'line 7: nodes[1].name: a text'))
    await choose(file('nodes: []'))
    expect(mounted.called).toEqual([{ name: 'openTeamList', argument: { text: 'nodes: []' } }])
    expect(document.body.textContent).toContain('line 7: nodes[1].name: a text')
    mounted.answer('openTeamList', ok({ nodes: 3, addresses: 4 }))
    await choose(file('nodes: …'))
    expect(document.body.textContent).toContain('3 laptops are in the team list.')
    expect(document.body.textContent).not.toContain('line 7')
  })

  it('is one file, and none that is too large: then nothing is read', async () => {
    mounted = await mountPart(PeersView, { recorded: emptyField(now) })
    await choose(file('a'), file('b'))
    expect(document.body.textContent).toContain('NET-13')
    await choose(file('x'.repeat(64 * 1024 + 1)))
    expect(document.body.textContent).toContain('65537 bytes')
    expect(mounted.called).toEqual([])
  })

  it('can be removed while it has addresses, which say where they are from', async () => {
    const sources = [{ source: 'list' as const, since: now, found: 2 }]
    const nearby = [laptop({ address: 'base.example', sources: ['list'], instance: 'list' })]
    mounted = await mountPart(PeersView, { recorded: withNetwork(emptyField(now), { sources, nearby }) })
    expect(document.body.textContent).toContain('2 addresses from the team list')
    expect(document.body.textContent).toContain('Known from a team list.')
    expect(document.body.textContent).toContain('not heard here')
    button('Remove the list').click()
    await flushPromises()
    expect(mounted.called).toEqual([{ name: 'removeTeamList', argument: null }])
  })
})
