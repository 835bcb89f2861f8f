/** Avahi, which others wrote, as judge of what we say and hear: it resolves us, and we see what it publishes. */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { withoutZone } from '@shared/address.js'
import { AirNode, buildAirNode } from '../support/air-node.js'
import { temporaryFolder } from '../support/headless.js'
import { areNamespacesAllowed, isInstalled, Laptop, Switch } from '../support/namespaces.js'

const isAvahiHere = isInstalled('avahi-daemon', 'avahi-browse', 'avahi-publish', 'dbus-daemon')
if (!isAvahiHere)
  process.stdout.write('air: left out, avahi is not installed (Debian: avahi-daemon avahi-utils dbus)\n')
const undos: (() => Promise<void> | void)[] = []
const patienceMs = 20_000

/** Ends when a line of this program's output is wanted. */
function untilLine(child: ReturnType<Laptop['spawn']>, pattern: RegExp): Promise<void> {
  return new Promise((done, failed) => {
    const lines: string[] = []
    const timer = setTimeout(() => failed(new Error(`no ${String(pattern)} in:\n${lines.join('\n')}`)), patienceMs)
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        if (!pattern.test(line)) return
        clearTimeout(timer)
        done()
      })
  })
}

describe.runIf(areNamespacesAllowed && isAvahiHere)('with avahi on the same switch', () => {
  const port = 47_110
  let laptop: Laptop
  let env: NodeJS.ProcessEnv
  let node: AirNode
  let ownInstance = ''
  let six = ''
  let theirSix = ''

  beforeAll(async () => {
    const lan = new Switch()
    const [ours, theirs] = [new Laptop({ hasSix: true }), new Laptop({ hasSix: true })]
    laptop = theirs
    undos.push(() => lan.remove())
    undos.push(() => ours.remove())
    undos.push(() => theirs.remove())
    const [cable, theirCable] = [ours.plug(lan, 1), theirs.plug(lan, 2)]
    six = withoutZone(ours.linkLocal(cable))
    theirSix = `${withoutZone(theirs.linkLocal(theirCable))}%${cable.name}`
    const folder = await temporaryFolder((undo) => undos.push(undo))
    const { program, remove } = await buildAirNode()
    undos.push(remove)
    const bus = `unix:path=${join(folder, 'bus')}`
    env = { ...process.env, DBUS_SYSTEM_BUS_ADDRESS: bus }
    await writeFile(
      join(folder, 'dbus.conf'),
      `<busconfig><type>system</type><listen>${bus}</listen><auth>EXTERNAL</auth><policy context="default">` +
        '<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>'
    )
    await writeFile(
      join(folder, 'avahi.conf'),
      '[server]\nhost-name=judge\nallow-interfaces=eth2\nuse-ipv6=yes\n[wide-area]\nenable-wide-area=no\n[rlimits]\n'
    )
    const dbus = theirs.spawn('dbus-daemon', [
      `--config-file=${join(folder, 'dbus.conf')}`,
      '--nofork',
      '--nopidfile',
      '--print-address'
    ])
    await untilLine(dbus, /^unix:/)
    const options = ['-f', join(folder, 'avahi.conf'), '--no-drop-root', '--no-chroot', '--no-rlimits']
    await untilLine(theirs.spawn('avahi-daemon', options, env), /startup complete/)
    node = new AirNode(ours, program, port)
    await node.untilReady()
  })
  afterAll(async () => {
    for (const undo of undos.reverse()) await undo()
  })

  it('it resolves us: name, host, address, port, and nothing in the text but the version', async () => {
    // `-t` ends when nothing more comes for a moment; the browser before it waits until we are there.
    const browser = laptop.spawn('avahi-browse', ['-rp', '_muster._tcp'], env)
    await untilLine(browser, /^=/)
    const lines = laptopRun(laptop, env, 'avahi-browse', '-rtp', '_muster._tcp')
      .split('\n')
      .filter((line) => line.startsWith('='))
    expect(lines).toHaveLength(2)
    const seen = lines.map((line) => line.split(';'))
    for (const [family, address] of [
      ['IPv4', '10.77.0.1'],
      ['IPv6', six]
    ]) {
      const [, device, , instance, type, domain, host, ...rest] = seen.find((fields) => fields[2] === family) ?? []
      expect([device, type, domain, ...rest]).toEqual(['eth2', '_muster._tcp', 'local', address, String(port), '"v=1"'])
      expect(instance).toMatch(/^[0-9a-f]{16}$/)
      expect(host).toBe(`${instance ?? ''}.local`)
      ownInstance = instance ?? ''
    }
    const types = laptopRun(laptop, env, 'avahi-browse', '-atpk')
    expect(types).toContain(';_muster._tcp;')
  })

  it('we see what it publishes, and its goodbye; what is not of our kind we leave', async () => {
    const ours = laptop.spawn('avahi-publish', ['-s', '0123456789abcdef', '_muster._tcp', '47111', 'v=1'], env)
    const odd = laptop.spawn('avahi-publish', ['-s', 'Bob v1.2', '_muster._tcp', '47112'], env)
    const other = laptop.spawn('avahi-publish', ['-s', 'fedcba9876543210', '_other._tcp', '47113'], env)
    await Promise.all([node.untilSees('10.77.0.2'), node.untilSees(theirSix)])
    await Promise.all([ours, odd, other].map((child) => untilLine(child, /Established/)))
    const { sightings, interfaces } = await node.view()
    const found = { instance: '0123456789abcdef', port: 47_111 }
    expect(sightings.toSorted((one, other) => one.address.localeCompare(other.address))).toMatchObject([
      { ...found, address: '10.77.0.2' },
      { ...found, address: theirSix }
    ])
    expect(interfaces[0]?.heard).toBeGreaterThan(0)
    const from = node.events.length
    const ended = once(ours, 'exit')
    ours.kill('SIGTERM')
    await ended
    await Promise.all([node.untilGone('10.77.0.2', { from }), node.untilGone(theirSix, { from })])
  })

  it('it notices our goodbye, on IPv4 and on IPv6', async () => {
    const browser = laptop.spawn('avahi-browse', ['-p', '_muster._tcp'], env)
    const both = (sign: string) =>
      Promise.all(
        ['IPv4', 'IPv6'].map((family) =>
          untilLine(browser, new RegExp(`^\\${sign};eth2;${family};${ownInstance};_muster\\._tcp;local$`))
        )
      )
    const gone = both('-')
    await both('+')
    await node.stop()
    await gone
  })
})

function laptopRun(laptop: Laptop, env: NodeJS.ProcessEnv, program: string, ...args: string[]): string {
  return laptop.run('env', `DBUS_SYSTEM_BUS_ADDRESS=${env['DBUS_SYSTEM_BUS_ADDRESS'] ?? ''}`, program, ...args)
}
