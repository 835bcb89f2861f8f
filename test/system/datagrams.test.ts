/**
 * Positions between two real nodes on a network that loses 30 % of all packets: how old is what the other one shows, by
 * sealed datagrams and, beside it, by the link alone; and what somebody reads who listens. The long form: `npm run radio`.
 */
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/headless.js'
import { areNamespacesAllowed, isInstalled, Switch } from '../support/namespaces.js'
import { Station, untilSo } from '../support/station.js'

const missing = ['nft', 'tcpdump'].filter((program) => !isInstalled(program))
const mayRun = areNamespacesAllowed && missing.length === 0
if (!mayRun) {
  const reason = areNamespacesAllowed
    ? `not installed: ${missing.join(', ')}`
    : 'network namespaces are not allowed here'
  console.log(`left out, positions over bad radio: ${reason}`)
}
const longSeconds = Number(process.env['MUSTER_RADIO'] ?? 0)
const seconds = longSeconds || 4
const everyMs = 1_000
const lookEveryMs = 25

const undos: (() => void | Promise<void>)[] = []
afterAll(async () => {
  for (const undo of undos.reverse()) await undo()
})

describe.runIf(mayRun)('two laptops on bad radio', () => {
  let lan: Switch
  let [alpha, bravo] = [] as unknown as [Station, Station]
  let mission = ''
  let capture = ''

  beforeAll(async () => {
    lan = new Switch()
    undos.push(() => lan.remove())
    const started: Station[] = []
    for (const [index, name] of ['alpha-quiet-otter', 'bravo-loud-heron'].entries()) {
      const station = new Station(name, await temporaryFolder((undo) => undos.push(undo)))
      undos.push(() => station.remove())
      undos.push(() => station.stop())
      station.plug(lan, index + 1)
      await station.start('--discovery', 'off', '--link-port', '47110')
      started.push(station)
    }
    ;[alpha, bravo] = started as [Station, Station]
    await alpha.call('POST', 'peers', { address: '10.77.0.2', port: 47_110 })
    await untilSo('they met', async () => ((await alpha.peer(bravo)) && (await bravo.peer(alpha))) !== undefined)
    const made = await alpha.call('POST', 'missions', { name: 'Karst Ridge Fire' })
    mission = String(made.body.id)
    for (const [one, other] of [
      [alpha, bravo],
      [bravo, alpha]
    ] as const)
      expect((await one.call('POST', `peers/${other.nodeId}/decision`, { level: 'trusted' })).status).toBe(200)
    await untilSo('in step', async () => {
      const digest = await alpha.digest(mission)
      return digest !== undefined && digest === (await bravo.digest(mission))
    })
    capture = join(alpha.folder, 'heard.pcap')
  })

  /** The position that bravo shows, as it stands there. */
  async function shown(): Promise<{ readonly at: number; readonly value: { readonly lat: number } } | undefined> {
    const { body } = await bravo.call('GET', `missions/${mission}/presence`)
    return body.presence?.[0]
  }

  const latOf = (count: number) => 45.912_34 + count / 100_000

  async function tell(count: number): Promise<void> {
    const value = { lat: latOf(count), lon: 13.745_67 }
    const { status } = await alpha.call('POST', `missions/${mission}/presence`, {
      ...{ key: 'position', value, ttlMs: 600_000 }
    })
    expect(status).toBe(200)
  }

  /** Ages of what bravo shows, looked at again and again while alpha says where it is once a second. */
  async function ages(): Promise<readonly number[]> {
    const found: number[] = []
    const began = performance.now()
    let told = 0
    while (performance.now() - began < seconds * 1_000) {
      if (performance.now() - began >= told * everyMs) await tell(++told)
      const position = await shown()
      if (position !== undefined) found.push(Date.now() - position.at)
      await new Promise((next) => setTimeout(next, lookEveryMs))
    }
    return found.sort((one, other) => one - other)
  }

  function part(sorted: readonly number[], share: number): number {
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
  }

  function facts(name: string, sorted: readonly number[]): string {
    const [half, most, nearlyAll] = [0.5, 0.9, 0.99].map((share) => part(sorted, share).toFixed(0))
    return `${name}: age of a position over ${String(seconds)} s, ${String(sorted.length)} looks: p50 ${half ?? ''}, p90 ${most ?? ''}, p99 ${nearlyAll ?? ''}, most ${part(sorted, 1).toFixed(0)} ms`
  }

  /** Packets that both dropped so far, by whatever rule. */
  function lost(): number {
    const rules = [alpha, bravo].map(({ laptop }) => laptop.run('nft', 'list', 'table', 'inet', 'radio')).join()
    return [...rules.matchAll(/counter packets (\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0)
  }

  function lose(what: string): void {
    for (const { laptop } of [alpha, bravo]) {
      laptop.run('nft', 'add table inet radio')
      laptop.run('nft', 'add chain inet radio in { type filter hook input priority 0; }')
      laptop.run('nft', `add rule inet radio in iifname != lo ${what} counter drop`)
    }
  }

  it(
    'see each other move by sealed datagrams, and a listener reads nothing',
    { timeout: 60_000 + 3_000 * seconds },
    async () => {
      const listener = alpha.laptop.spawn('tcpdump', ['-i', 'eth1', '-U', '-w', capture, 'udp'])
      await once(listener.stderr, 'data') // It listens now.
      await untilSo('datagrams come through', async () => {
        await tell(0)
        return (await alpha.counter('datagram_paths')) === 1
      })
      lose('numgen random mod 10 < 3')
      const sorted = await ages()
      console.log(facts('sealed datagrams, 30 % loss', sorted))
      const [sent, received] = [await alpha.counter('datagrams_sent'), await bravo.counter('datagrams_received')]
      console.log(`packets: ${String(sent)} sent, ${String(received)} received at the other end`)
      expect(received).toBeGreaterThan(0)
      expect(lost()).toBeGreaterThan(0)
      // Of a few seconds the hundredth part is a single late word.
      expect(part(sorted, longSeconds > 0 ? 0.99 : 0.75)).toBeLessThan(2_000)

      const plain =
        "require('node:dgram').createSocket('udp4').send('in plain words', 9, '10.77.0.2', () => process.exit())"
      alpha.laptop.run(process.execPath, '-e', plain)
      await untilSo('the listener heard that', async () => (await readFile(capture)).includes('in plain words'))
      const heard = await readFile(capture)
      expect(heard.length).toBeGreaterThan(sent * 32)
      const names = [
        'quiet-otter',
        'loud-heron',
        'Karst',
        'position',
        '45.9',
        '13.74',
        alpha.nodeId,
        bravo.nodeId,
        mission
      ]
      for (const name of names) expect(heard.includes(name), name).toBe(false)
      for (const id of [alpha.nodeId, bravo.nodeId, mission]) expect(heard.includes(Buffer.from(id, 'hex'))).toBe(false)
      listener.kill()
    }
  )

  it('see each other move by the link where UDP does not pass', { timeout: 60_000 + 3_000 * seconds }, async () => {
    lose('udp dport != 0')
    await untilSo('datagrams are given up', async () => {
      await tell(0)
      return (await alpha.counter('datagram_paths')) === 0
    })
    const sorted = await ages()
    console.log(facts('the link alone, 30 % loss', sorted))
    const last = (await shown())?.value.lat ?? 0
    expect(last).toBeGreaterThan(latOf(0))
  })
})
