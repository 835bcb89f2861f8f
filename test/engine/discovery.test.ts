/** The decisions of discovery: kinds of interfaces, who is heard out, the table, the schedule, and whom to greet. */
import { describe, expect, it } from 'vitest'
import type { NodeId } from '@shared/model.js'
import { problem } from '@shared/result.js'
import type { Sighting } from '../../src/main/engine/discovery/discovery.js'
import { FairShare, isOfInterest, shares } from '../../src/main/engine/discovery/fair-share.js'
import {
  isInSubnet,
  isOnByItself,
  kindByFacts,
  kindByName,
  type DeviceFacts,
  type Network
} from '../../src/main/engine/discovery/interfaces.js'
import { createMdns, turns } from '../../src/main/engine/discovery/mdns.js'
import { sightingLimits, Sightings } from '../../src/main/engine/discovery/sightings.js'
import type { OpenVoice, VoiceParts } from '../../src/main/engine/discovery/voice.js'
import { bounds } from '../../src/main/engine/limits.js'
import type { DialOutcome } from '../../src/main/engine/links/dialer.js'
import { Greeter, type Sighted } from '../../src/main/engine/links/greeter.js'
import { silentLog } from '../../src/main/engine/runtime/log.js'
import { seededRandom } from '../sim/random.js'
import { VirtualTime } from '../sim/time.js'

const hex = (number: number) => number.toString(16).padStart(16, '0')
const sightingOf = (address: string, number = 1, port = 47_110): Sighting => ({ instance: hex(number), address, port })

describe('the kind of an interface', () => {
  const bare: DeviceFacts = { entries: [], index: 7, linkedIndex: 7, bridgesDevice: false }

  it.each<[string, DeviceFacts, string]>([
    ['enp0s31f6', { ...bare, entries: ['device'] }, 'cable'],
    ['wlp3s0', { ...bare, entries: ['device', 'phy80211', 'wireless'], type: 'wlan' }, 'wireless'],
    ['wwan0', { ...bare, entries: ['device'], type: 'wwan' }, 'other'],
    ['agency', { ...bare, entries: ['tun_flags'] }, 'vpn'],
    ['home', { ...bare, type: 'wireguard' }, 'vpn'],
    ['tailscale0', { ...bare, entries: ['tun_flags'] }, 'vpn'],
    ['docker0', { ...bare, entries: ['bridge', 'brif'], type: 'bridge' }, 'virtual'],
    ['br0', { ...bare, entries: ['bridge', 'brif'], type: 'bridge', bridgesDevice: true }, 'cable'],
    ['veth12ab', { ...bare, entries: ['master'], linkedIndex: 2 }, 'virtual'],
    ['eth0', { ...bare, linkedIndex: 12 }, 'cable'],
    ['v1', { ...bare, linkedIndex: 12 }, 'cable'],
    ['bond0', { ...bare, type: 'bond' }, 'cable'],
    ['eth0.20', { ...bare, type: 'vlan', linkedIndex: 2 }, 'cable'],
    ['vmnet8', bare, 'virtual'],
    ['lo', bare, 'loopback']
  ])('%s on Linux', (name, facts, kind) => {
    expect(kindByFacts(name, facts)).toBe(kind)
  })

  it.each([
    ['Ethernet', 'cable'],
    ['Wi-Fi', 'wireless'],
    ['WLAN', 'wireless'],
    ['vEthernet (WSL)', 'virtual'],
    ['vEthernet (Default Switch)', 'virtual'],
    ['VirtualBox Host-Only Network', 'virtual'],
    ['VMware Network Adapter VMnet8', 'virtual'],
    ['OpenVPN TAP-Windows6', 'vpn'],
    ['Agency VPN', 'vpn'],
    ['ZeroTier One [8056c2e21c000001]', 'vpn'],
    ['utun4', 'vpn'],
    ['wg-agency', 'vpn'],
    ['awdl0', 'virtual'],
    ['en0', 'other'],
    ['bridge100', 'other'],
    ['lo0', 'loopback'],
    ['Local Area Connection* 10', 'other']
  ])('%s by its name', (name, kind) => {
    expect(kindByName(name)).toBe(kind)
  })

  it('decides what is used without being asked', () => {
    const kinds = ['cable', 'wireless', 'other', 'vpn', 'virtual', 'loopback'] as const
    expect(kinds.filter(isOnByItself)).toEqual(['cable', 'wireless', 'other'])
  })

  it.each([
    ['10.77.0.200', '10.77.0.1', '255.255.255.0', true],
    ['10.77.1.200', '10.77.0.1', '255.255.255.0', false],
    ['192.168.200.1', '192.168.3.4', '255.255.0.0', true],
    ['255.255.255.254', '255.255.255.1', '255.255.255.0', true],
    ['8.8.8.8', '10.0.0.1', '0.0.0.0', true],
    ['fe80::2%eth0', 'fe80::1%eth0', 'ffff:ffff:ffff:ffff::', true],
    ['FE80::2%eth0', 'fe80::1%eth0', 'ffff:ffff:ffff:ffff::', true],
    ['fe80::2%eth1', 'fe80::1%eth0', 'ffff:ffff:ffff:ffff::', false],
    ['fe80::2', 'fe80::1%eth0', 'ffff:ffff:ffff:ffff::', false],
    ['2001:db8::2', 'fe80::1%eth0', 'ffff:ffff:ffff:ffff::', false],
    ['10.77.0.2', 'fe80::1%eth0', 'ffff:ffff:ffff:ffff::', false],
    ['fe80::2%eth0', '10.77.0.1', '255.255.255.0', false]
  ])('%s on the network of %s, %s: %s', (from, address, netmask, isThere) => {
    expect(isInSubnet(from, { address, netmask })).toBe(isThere)
  })
})

describe('what is worth decoding', () => {
  const own = hex(0xabc)
  const packet = (body: string, counts = [0, 1, 0, 0]) => {
    const header = Buffer.alloc(12)
    for (const [index, count] of counts.entries()) header.writeUInt16BE(count, 4 + 2 * index)
    return Buffer.concat([header, Buffer.from(body, 'latin1')])
  }

  it.each<[string, Buffer, boolean]>([
    ['our service', packet('\x07_muster\x04_tcp\x05local\x00'), true],
    ['our service, written otherwise', packet('\x07_MuStEr\x04_TCP\x05LOCAL\x00'), true],
    ['the question which services there are', packet('\x09_services\x07_dns-sd\x04_udp\x05local\x00'), true],
    ['our own name', packet(`\x10${own}\x05local\x00`), true],
    ['a printer', packet('\x04_ipp\x04_tcp\x05local\x00'), false],
    ['a word that is no label of ours', packet('\x08_mustery\x04_tcp\x05local\x00'), false],
    ['less than a header', Buffer.from('_muster'), false],
    ['more than fits a frame', packet('\x07_muster\x04_tcp'.padEnd(1_500, 'a')), false],
    ['more records than anybody needs', packet('\x07_muster\x04_tcp', [1, 60_000, 0, 0]), false]
  ])('%s', (_, bytes, isTaken) => {
    expect(isOfInterest(bytes, own)).toBe(isTaken)
  })

  it('one source gets its share and no more, and gets it again', () => {
    const share = new FairShare()
    const admitted = (now: number) =>
      Array.from({ length: 1000 }, () => share.admit('10.0.0.1', false, now)).filter(Boolean)
    expect(admitted(0)).toHaveLength(shares.perSource)
    expect(admitted(999)).toHaveLength(0)
    expect(admitted(1000)).toHaveLength(shares.perSource)
  })

  it('everybody’s first packet counts before anybody’s second', () => {
    const share = new FairShare()
    for (let turn = 0; turn < 20; turn++)
      for (let host = 0; host < 200; host++) share.admit(`10.0.1.${String(host)}`, false, turn)
    expect(share.admit('10.0.0.9', false, 500)).toBe(true)
  })

  it('whoever is known is heard in any flood, unless it floods itself', () => {
    const share = new FairShare()
    for (let source = 0; source < 60_000; source++) share.admit(`spoofed ${String(source)}`, false, 0)
    expect(share.admit('newcomer', false, 1)).toBe(false)
    expect(share.admit('known', true, 1)).toBe(true)
    for (let packet = 0; packet < 100; packet++) share.admit('known', true, 2)
    expect(share.admit('known', true, 3)).toBe(false)
  })

  it('what is dear to decode gets less, and newcomers are still heard', () => {
    const share = new FairShare()
    const flood = (hosts: number, packets: number, now: number) => {
      let admitted = 0
      for (let packet = 0; packet < packets; packet++)
        for (let host = 0; host < hosts; host++)
          if (share.admit(`10.0.1.${String(host)}`, false, now)) {
            share.spent(0.9)
            admitted++
          }
      return admitted
    }
    expect(flood(50, 20, 0)).toBeLessThanOrEqual(60)
    expect(share.admit('10.0.0.9', false, 1)).toBe(true)
    expect(flood(400, 1, 2), 'enough is enough').toBeLessThanOrEqual(120)
    expect(share.admit('10.0.0.10', false, 3)).toBe(false)
    expect(share.admit('10.0.0.9', true, 3)).toBe(true)
    expect(share.admit('10.0.0.10', false, 1001)).toBe(true)
  })

  it('a busy machine is nobody’s fault', () => {
    const share = new FairShare()
    for (let packet = 0; packet < 20; packet++) {
      expect(share.admit('10.0.0.1', false, packet)).toBe(true)
      share.spent(500)
    }
    expect(share.admit('10.0.0.2', false, 21)).toBe(true)
  })
})

describe('the table of sightings', () => {
  const sighting = sightingOf('10.0.0.7')

  it('reports once, and again after a while', () => {
    const table = new Sightings()
    expect(table.hear(sighting, 120_000, 0)).toEqual({ isDue: true, isNew: true, gone: [] })
    expect(table.hear(sighting, 120_000, 1000)).toEqual({ isDue: false, isNew: false, gone: [] })
    const again = table.hear(sighting, 120_000, sightingLimits.reportAgainMs)
    expect(again).toEqual({ isDue: true, isNew: false, gone: [] })
  })

  it('forgets who is not heard, who says goodbye, and who is on a network that is left', () => {
    const table = new Sightings()
    table.hear(sighting, 120_000, 0)
    table.hear(sighting, 120_000, 60_000)
    expect(table.expire(179_999)).toEqual([])
    expect(table.expire(180_000)).toEqual([sighting])
    table.hear(sighting, 120_000, 0)
    expect(table.forget({ ...sighting, instance: hex(2) }), 'of another instance').toBe(false)
    expect(table.forget({ ...sighting, address: '10.0.0.8' }), 'from another address').toBe(false)
    expect(table.forget(sighting)).toBe(true)
    table.hear(sighting, 120_000, 0)
    expect(table.leave((address) => address === '10.0.0.8')).toEqual([])
    expect(table.leave((address) => address === '10.0.0.7')).toEqual([sighting])
    expect(table.size).toBe(0)
  })

  it('takes a new instance at a place, and a new place of an instance, for the old one', () => {
    const table = new Sightings()
    table.hear(sighting, 120_000, 0)
    const restarted = { ...sighting, instance: hex(2) }
    expect(table.hear(restarted, 120_000, 1), 'too soon to believe').toEqual({ isDue: false, isNew: false, gone: [] })
    expect(table.hear(restarted, 120_000, sightingLimits.replaceMs)).toEqual({
      isDue: true,
      isNew: true,
      gone: [sighting]
    })
    const moved = { ...restarted, port: 5 }
    expect(table.hear(moved, 120_000, 3_000)).toEqual({ isDue: true, isNew: true, gone: [restarted] })
    expect(table.view()).toMatchObject([moved])
  })

  it('asks for what is about to expire, four times', () => {
    const table = new Sightings()
    table.hear(sighting, 120_000, 0)
    const asked = Array.from({ length: 120 }, (_, second) => second).filter((second) =>
      table.needRefresh(second * 1000)
    )
    expect(asked).toEqual([96, 102, 108, 114])
    table.hear(sighting, 120_000, 115_000)
    expect(table.needRefresh(120_000)).toBe(false)
    expect(table.needRefresh(115_000 + 96_000)).toBe(true)
  })

  it('believes no time to live beyond reason', () => {
    const table = new Sightings()
    table.hear(sighting, 1e12, 0)
    table.hear(sightingOf('10.0.0.7', 2, 2), 1, 0)
    expect(table.expire(sightingLimits.ttlLeastMs - 1)).toEqual([])
    expect(table.expire(sightingLimits.ttlLeastMs)).toMatchObject([{ port: 2 }])
    expect(table.expire(sightingLimits.ttlMostMs)).toEqual([sighting])
  })

  it('never grows without end, and whoever fills it makes room for others', () => {
    const table = new Sightings()
    table.hear(sighting, 120_000, 0)
    for (let host = 0; host < 250; host++)
      for (let port = 1; port <= 80; port++)
        table.hear(sightingOf(`10.0.9.${String(host)}`, host * 100 + port, port), 120_000, sightingLimits.seniorMs)
    expect(table.size).toBe(bounds.sightings)
    const newcomer = sightingOf('10.0.0.8', 0xfff)
    const heard = table.hear(newcomer, 120_000, sightingLimits.seniorMs + 1)
    expect(heard).toMatchObject({ isDue: true, isNew: true })
    expect(heard.gone).toHaveLength(1)
    expect(table.size).toBe(bounds.sightings)
    expect(table.forget(sighting), 'who was here before stays').toBe(true)
    const crowd = new Sightings()
    for (let port = 1; port <= 100; port++) crowd.hear(sightingOf('10.0.0.1', port, port), 120_000, 0)
    expect(crowd.size).toBe(sightingLimits.perAddress)
  })
})

interface FakeVoice {
  readonly parts: VoiceParts
  asked: number
  announced: number
  isClosed: boolean
}

/** An Mdns on virtual time, on networks of the test, with voices that only note what they are told. */
function fake(networks: Network[]) {
  const time = new VirtualTime()
  const wall = { offsetMs: 0 }
  const voices: FakeVoice[] = []
  const state = { opens: true, changes: 0 }
  const open: OpenVoice = (parts) => {
    const voice: FakeVoice = { parts, asked: 0, announced: 0, isClosed: false }
    voices.push(voice)
    time.after(1, () => {
      if (state.opens) parts.onReady()
      else parts.onProblem(problem('discovery-port-taken', `${parts.network.name}: EADDRINUSE`), true)
    })
    return Promise.resolve({
      ask: () => {
        voice.asked++
        parts.onSent()
      },
      announce: () => {
        voice.announced++
        parts.onSent()
      },
      close: () => {
        voice.isClosed = true
        return new Promise<void>((done) => time.after(200, done))
      }
    })
  }
  const seen: Sighting[] = []
  const gone: Sighting[] = []
  const mdns = createMdns({
    clock: time.clock(wall),
    random: seededRandom(7),
    log: silentLog,
    networks: () => networks,
    open
  })
  const start = () =>
    mdns.start({
      port: 47_110,
      onSighting: (sighting) => seen.push(sighting),
      onGone: (sighting) => gone.push(sighting),
      onChange: () => state.changes++
    })
  const srv = ({ instance, port }: Sighting, ttl = 120) => ({
    type: 'SRV',
    name: `${instance}._muster._tcp.local`,
    ttl,
    data: { port }
  })
  const live = () => voices.filter(({ isClosed }) => !isClosed)
  return { time, wall, voices, live, state, mdns, start, seen, gone, srv }
}

const network = (name: string, address: string, more: Partial<Network> = {}): Network => ({
  name,
  address,
  netmask: '255.255.255.0',
  kind: 'cable',
  index: 1,
  ...more
})

describe('the schedule of mDNS', () => {
  it('asks after 1, 2, 4 … 60 s, then each minute, and announces each minute, for ever', async () => {
    const { time, mdns, start, voices } = fake([network('eth0', '10.0.0.1')])
    start()
    await time.run(500)
    expect(voices).toHaveLength(1)
    await time.run(60_000)
    expect(voices[0]?.asked).toBeGreaterThanOrEqual(6)
    expect(voices[0]?.asked).toBeLessThanOrEqual(9)
    const before = { asked: voices[0]?.asked ?? 0, announced: voices[0]?.announced ?? 0 }
    await time.run(6 * 3_600_000)
    expect(((voices[0]?.asked ?? 0) - before.asked) / 360).toBeCloseTo(1, 0)
    expect(((voices[0]?.announced ?? 0) - before.announced) / 360).toBeCloseTo(1, 0)
    await time.during(mdns.stop())
    expect(voices[0]?.isClosed).toBe(true)
    expect(time.isIdle, 'nothing is left behind').toBe(true)
  })

  it('asks at 80 % of a time to live and some times after, and forgets whoever stays silent', async () => {
    const { time, start, voices, srv, gone, seen } = fake([network('eth0', '10.0.0.1')])
    start()
    await time.run(600_000)
    const [voice] = voices
    const friend = sightingOf('10.0.0.2')
    voice?.parts.onAnswer([srv(friend)], friend.address)
    expect(seen).toEqual([friend])
    const before = voice?.asked ?? 0
    await time.run(90_000)
    const early = (voice?.asked ?? 0) - before
    await time.run(29_000)
    expect(gone).toEqual([])
    expect(early, 'at its usual pace').toBeLessThanOrEqual(2)
    expect((voice?.asked ?? 0) - before - early).toBeGreaterThanOrEqual(4)
    await time.run(2_000)
    expect(gone).toEqual([friend])
  })

  it('announces to whoever is new, a few times at once', async () => {
    const { time, start, voices, srv } = fake([network('eth0', '10.0.0.1')])
    start()
    await time.run(10_000)
    const [voice] = voices
    const before = voice?.announced ?? 0
    voice?.parts.onAnswer([srv(sightingOf('10.0.0.2', 2))], '10.0.0.2')
    await time.run(turns.newsMs)
    expect(voice?.announced).toBe(before + 1)
    for (let host = 3; host < 200; host++) {
      voice?.parts.onAnswer([srv(sightingOf('', host))], `10.0.0.${String(host)}`)
      await time.run(turns.newsMs)
    }
    expect((voice?.announced ?? 0) - before).toBeLessThanOrEqual(turns.welcome.burst + 4)
  })

  it('makes a socket anew for a device that came back, another address, and after sleep', async () => {
    const networks = [network('eth0', '10.0.0.1')]
    const { time, wall, start, voices, live } = fake(networks)
    start()
    await time.run(2_000)
    networks[0] = network('eth0', '10.0.0.1', { index: 2 })
    await time.run(2_000)
    expect([voices.length, live().length]).toEqual([2, 1])
    networks[0] = network('eth0', '10.0.0.9', { index: 2 })
    await time.run(2_000)
    expect(live().map(({ parts }) => parts.network.address)).toEqual(['10.0.0.9'])
    wall.offsetMs += 3_600_000
    await time.run(2_000)
    expect([voices.length, live().length]).toEqual([4, 1])
    networks.length = 0
    await time.run(2_000)
    expect(live()).toEqual([])
    networks.push(network('eth0', '10.0.0.1', { index: 3 }))
    await time.run(2_000)
    expect(live()).toHaveLength(1)
    expect(live()[0]?.asked).toBeGreaterThan(0)
  })

  it('tries again what failed, tells the problem, and counts it over once something is sent', async () => {
    const { time, mdns, start, voices, live, state } = fake([network('eth0', '10.0.0.1')])
    state.opens = false
    start()
    await time.run(60_500)
    expect(voices.length, 'not in a hurry').toBeLessThanOrEqual(60_000 / turns.reopenMs + 1)
    expect(live()).toEqual([])
    expect(mdns.view().interfaces).toMatchObject([{ isOn: true, problem: { code: 'discovery-port-taken' } }])
    state.opens = true
    await time.run(turns.reopenMs + 2_000)
    expect(live()).toHaveLength(1)
    expect(mdns.view().interfaces[0]?.problem).toBeUndefined()
    live()[0]?.parts.onProblem(problem('cannot-send', 'eth0: ENETUNREACH'), false)
    expect(mdns.view().interfaces[0]?.problem?.detail).toBe('eth0: ENETUNREACH')
    live()[0]?.parts.onSent()
    expect(mdns.view().interfaces[0]?.problem).toBeUndefined()
  })

  it('uses what a person chose, else what its kind says, and never more than a few', async () => {
    const vpn = network('wg0', '10.8.0.2', { kind: 'vpn' })
    const many = Array.from({ length: 60 }, (_, index) => network(`eth${String(index)}`, `10.1.${String(index)}.1`))
    const networks = [network('eth0', '10.0.0.1'), vpn]
    const { time, mdns, start, live, srv, gone } = fake(networks)
    const used = () => live().map(({ parts }) => parts.network.name)
    start()
    await time.run(1_000)
    expect(used()).toEqual(['eth0'])
    live()[0]?.parts.onAnswer([srv(sightingOf('10.0.0.2'))], '10.0.0.2')
    mdns.choose({ wg0: true, eth0: false })
    await time.run(1_000)
    expect(used()).toEqual(['wg0'])
    expect(gone).toEqual([sightingOf('10.0.0.2')])
    expect(mdns.view().interfaces).toMatchObject([
      { name: 'eth0', isOn: false, sent: 0 },
      { name: 'wg0', isOn: true }
    ])
    networks.push(...many)
    await time.run(2_000)
    expect(live()).toHaveLength(turns.interfaces)
  })

  it('tells of its new port after it took the old one back', async () => {
    const { time, mdns, start, voices, live } = fake([network('eth0', '10.0.0.1')])
    start()
    await time.run(2_000)
    mdns.announce(47_111)
    expect(voices[0]?.isClosed).toBe(true)
    await time.run(100)
    expect(live(), 'the farewell is under way').toEqual([])
    await time.run(1_000)
    expect(live().map(({ parts }) => parts.port)).toEqual([47_111])
  })

  it('looks again when a person asks', async () => {
    const { time, mdns, start, voices } = fake([network('eth0', '10.0.0.1')])
    start()
    await time.run(600_000)
    const before = { asked: voices[0]?.asked ?? 0, announced: voices[0]?.announced ?? 0 }
    mdns.look()
    expect(voices[0]).toMatchObject({ asked: before.asked + 1, announced: before.announced + 1 })
  })

  it('tells the window once a second while only counters move, and when twenty seconds are over', async () => {
    const { time, start, voices, state } = fake([network('eth0', '10.0.0.1')])
    start()
    await time.run(5_000)
    const before = state.changes
    for (let step = 0; step < 100; step++) {
      voices[0]?.parts.onHeard()
      await time.run(100)
    }
    expect(state.changes - before).toBeLessThanOrEqual(11)
    expect(state.changes - before).toBeGreaterThanOrEqual(9)
    const silent = fake([])
    silent.start()
    await time.run(1_000)
    await silent.time.run(19_000)
    const changes = silent.state.changes
    await silent.time.run(2_000)
    expect(silent.state.changes).toBe(changes + 1)
  })

  it('takes no notice of itself, of oddities, or of a voice that is over', async () => {
    const { time, mdns, start, voices, srv, seen } = fake([network('eth0', '10.0.0.1')])
    start()
    await time.run(1_000)
    const [voice] = voices
    const own = voice?.parts.instance ?? ''
    voice?.parts.onAnswer([srv({ instance: own, address: '', port: 1 })], '10.0.0.1')
    for (const data of [undefined, null, 7, {}, { port: 0 }, { port: 65_536 }, { port: '1' }])
      voice?.parts.onAnswer([{ type: 'SRV', name: `${hex(1)}._muster._tcp.local`, ttl: 120, data }], '10.0.0.2')
    for (const name of ['_muster._tcp.local', 'Bob._muster._tcp.local', `${hex(1)}._other._tcp.local`])
      voice?.parts.onAnswer([{ type: 'SRV', name, ttl: 120, data: { port: 1 } }], '10.0.0.2')
    expect(seen).toEqual([])
    await time.during(mdns.stop())
    voice?.parts.onAnswer([srv(sightingOf('', 3))], '10.0.0.2')
    expect(seen).toEqual([])
  })
})

describe('the greeter', () => {
  const to = (host: number, port = 47_110, instance = hex(host)): Sighted => ({
    address: `10.0.0.${String(host)}`,
    port,
    instance
  })

  function setUp(isNeeded: (at: Sighted) => boolean = () => true) {
    const dials: { readonly at: Sighted; readonly end: (outcome: DialOutcome) => Promise<void> }[] = []
    const state = { changes: 0 }
    const greeter = new Greeter(
      (at) =>
        new Promise((done) =>
          dials.push({
            at,
            end: async (outcome) => {
              done(outcome)
              await new Promise((next) => setImmediate(next))
            }
          })
        ),
      isNeeded,
      () => state.changes++
    )
    return { dials, state, greeter }
  }
  const nodeId = 'a'.repeat(64) as NodeId

  it('says how each hello goes', async () => {
    const { dials, greeter, state } = setUp()
    expect(greeter.stateOf('10.0.0.1', 47_110)).toBeUndefined()
    greeter.sighted(to(1))
    expect(greeter.stateOf('10.0.0.1', 47_110)).toEqual({ state: 'greeting' })
    await dials[0]?.end({ reason: 'refused' })
    expect(greeter.stateOf('10.0.0.1', 47_110)).toEqual({ state: 'failed', reason: 'refused' })
    greeter.sighted(to(1))
    expect(greeter.stateOf('10.0.0.1', 47_110), 'a reason stays').toEqual({ state: 'greeting', reason: 'refused' })
    await dials[1]?.end({ nodeId })
    expect(greeter.stateOf('10.0.0.1', 47_110)).toEqual({ state: 'met', nodeId })
    expect(state.changes).toBeGreaterThan(3)
    greeter.gone(to(1))
    expect(greeter.stateOf('10.0.0.1', 47_110)).toBeUndefined()
  })

  it('dials nobody who needs nothing, and again at once when a person asks', async () => {
    const met = new Set<string>()
    const { dials, greeter } = setUp(({ address }) => !met.has(address))
    met.add('10.0.0.1')
    greeter.sighted(to(1))
    greeter.sighted(to(2))
    expect(dials.map(({ at }) => at.address)).toEqual(['10.0.0.2'])
    expect(greeter.stateOf('10.0.0.1', 47_110)).toEqual({ state: 'met' })
    await dials[0]?.end({ reason: 'no-answer' })
    expect(dials).toHaveLength(1)
    greeter.again()
    expect(dials.map(({ at }) => at.address)).toEqual(['10.0.0.2', '10.0.0.2'])
  })

  it('leaves room for what was heard, however much hearsay waits', async () => {
    const { dials, greeter } = setUp()
    for (let host = 1; host <= 9; host++) greeter.sighted({ ...to(host), isHearsay: true })
    expect(dials).toHaveLength(2)
    greeter.sighted(to(20))
    greeter.sighted(to(21))
    greeter.sighted(to(22))
    expect(dials.map(({ at }) => at.address)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.20', '10.0.0.21'])
    await dials[0]?.end({ reason: 'no-answer' })
    expect(dials[4]?.at.address).toBe('10.0.0.22')
  })

  it('greets four at once, one per laptop, and whoever was never tried first', async () => {
    const { dials, greeter } = setUp()
    for (let port = 1; port <= 16; port++) greeter.sighted(to(9, port))
    greeter.sighted(to(1))
    expect(dials.map(({ at }) => at.address)).toEqual(['10.0.0.9', '10.0.0.1'])
    for (let host = 2; host <= 6; host++) greeter.sighted(to(host))
    expect(dials).toHaveLength(4)
    await dials[1]?.end({ reason: 'refused' })
    greeter.sighted(to(1))
    await dials[0]?.end({ reason: 'refused' })
    const later = dials.slice(4).map(({ at }) => at.address)
    expect(later).toContain('10.0.0.4')
    expect(later).not.toContain('10.0.0.1')
  })

  it('greets a new instance at a known place, also while the old one is being greeted', async () => {
    const { dials, greeter } = setUp()
    greeter.sighted(to(1))
    greeter.sighted(to(1, 47_110, hex(77)))
    await dials[0]?.end({ nodeId })
    expect(dials.map(({ at }) => at.instance)).toEqual([hex(1), hex(77)])
    expect(greeter.stateOf('10.0.0.1', 47_110)?.state).toBe('greeting')
  })

  it('remembers a bounded number, and forgets what leads to nobody first', () => {
    const { greeter } = setUp()
    for (let host = 0; host < bounds.sightings + 100; host++)
      greeter.sighted({ address: `10.1.${String(host >> 8)}.${String(host & 255)}`, port: 1, instance: hex(host) })
    const known = Array.from({ length: bounds.sightings + 100 }, (_, host) =>
      greeter.stateOf(`10.1.${String(host >> 8)}.${String(host & 255)}`, 1)
    ).filter((greeting) => greeting !== undefined)
    expect(known).toHaveLength(bounds.sightings)
    expect(known.filter(({ state }) => state === 'greeting')).toHaveLength(4)
  })
})
