/**
 * Network namespaces as laptops on switches, for tests on a real network: nothing leaves what this file makes. Linux only,
 * as root; elsewhere `areNamespacesAllowed` is false and tests say that they were left out.
 */
import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

export function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'pipe' })
}

const prefix = `mu${String(process.pid)}`
let count = 0

export const areNamespacesAllowed = (() => {
  if (process.platform !== 'linux') return false
  try {
    ip('netns', 'add', `${prefix}try`)
    ip('netns', 'del', `${prefix}try`)
    return true
  } catch {
    return false
  }
})()

/** Whether the programs of another project, which stand as judges, are here. */
export function isInstalled(...programs: readonly string[]): boolean {
  try {
    for (const name of programs) execFileSync('which', [name], { stdio: 'pipe' })
    return true
  } catch {
    return false
  }
}

/** A bridge in a namespace of its own; its subnet is a /24. */
export class Switch {
  readonly namespace = `${prefix}s${String(++count)}`
  readonly subnet: string

  /** @param subnet the first three numbers, such as `10.77.0` */
  constructor(subnet = '10.77.0') {
    this.subnet = subnet
    ip('netns', 'add', this.namespace)
    ip('-n', this.namespace, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0')
    ip('-n', this.namespace, 'link', 'set', 'br0', 'up')
  }

  remove(): void {
    ip('netns', 'del', this.namespace)
  }
}

function counterOf(ruleset: string): number {
  return Number(/counter packets (\d+)/.exec(ruleset)?.[1] ?? NaN)
}

/** One end in a laptop, the other in a switch. */
export interface Cable {
  readonly name: string
  readonly plug: string
  readonly to: Switch
}

/** A laptop without a cable at first; its loopback is up. */
export class Laptop {
  readonly namespace = `${prefix}h${String(++count)}`
  readonly #children = new Set<ChildProcessByStdio<Writable, Readable, Readable>>()

  /** @param hasSix IPv6, at once and with link-local addresses alone. */
  constructor({ hasSix = false } = {}) {
    ip('netns', 'add', this.namespace)
    // The check for another one with the same address takes seconds.
    const settings = hasSix ? ['accept_dad=0', 'disable_ipv6=0'] : ['disable_ipv6=1']
    for (const about of ['all', 'default'])
      for (const setting of settings) this.run('sysctl', '-qw', `net.ipv6.conf.${about}.${setting}`)
    ip('-n', this.namespace, 'link', 'set', 'lo', 'up')
  }

  /** A cable to a switch, with an IPv4 address there unless that is not wanted; it may be pulled and removed. */
  plug(to: Switch, host: number, name = `eth${String(host)}`, { hasFour = true } = {}): Cable {
    const plug = `p${String(++count)}`
    ip('link', 'add', name, 'netns', this.namespace, 'type', 'veth', 'peer', 'name', plug, 'netns', to.namespace)
    ip('-n', to.namespace, 'link', 'set', plug, 'master', 'br0', 'up')
    const address = `${to.subnet}.${String(host)}/24`
    if (hasFour) ip('-n', this.namespace, 'addr', 'add', address, 'dev', name)
    ip('-n', this.namespace, 'link', 'set', name, 'up')
    return { name, plug, to }
  }

  /** Its link-local address of IPv6, as this laptop itself writes it. */
  linkLocal({ name }: Cable): string {
    const line = this.run('ip', '-6', '-o', 'addr', 'show', 'dev', name, 'scope', 'link')
    return `${/inet6 ([^/ ]+)/.exec(line)?.[1] ?? ''}%${name}`
  }

  /** At the switch's end: the laptop sees its carrier go. */
  set({ plug, to }: Cable, state: 'up' | 'down'): void {
    ip('-n', to.namespace, 'link', 'set', plug, state)
  }

  /** As guest Wi-Fi does: laptops reach the router, and not each other. */
  isolate({ plug, to }: Cable): void {
    ip('-n', to.namespace, 'link', 'set', plug, 'type', 'bridge_slave', 'isolated', 'on')
  }

  /** As a USB adapter that is pulled: the device is gone. */
  unplug({ name }: Cable): void {
    ip('-n', this.namespace, 'link', 'del', name)
  }

  address(cable: Cable, before: number, after: number): void {
    const at = (host: number) => `${cable.to.subnet}.${String(host)}/24`
    ip('-n', this.namespace, 'addr', 'del', at(before), 'dev', cable.name)
    ip('-n', this.namespace, 'addr', 'add', at(after), 'dev', cable.name)
  }

  /** Runs a program inside until it ends; answers with what it printed. */
  run(program: string, ...args: string[]): string {
    return execFileSync('ip', ['netns', 'exec', this.namespace, program, ...args], { encoding: 'utf8', stdio: 'pipe' })
  }

  /** Starts a program inside; it ends with the laptop at the latest. */
  spawn(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    // `ip netns exec` replaces itself by the program, so a signal reaches that.
    const child = spawn('ip', ['netns', 'exec', this.namespace, program, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env
    })
    child.stdin.on('error', () => undefined) // It may end before it reads.
    this.#children.add(child)
    child.on('exit', () => this.#children.delete(child))
    return child
  }

  /** Drops packets of mDNS that come in: `parts` of ten; `lost` tells how many that were. */
  lose(parts: number): void {
    this.run('nft', 'add table inet air')
    this.run('nft', 'add chain inet air in { type filter hook input priority 0; }')
    this.run(
      'nft',
      `add rule inet air in iifname != lo udp dport 5353 numgen random mod 10 < ${String(parts)} counter drop`
    )
  }

  lost(): number {
    return counterOf(this.run('nft', 'list', 'table', 'inet', 'air'))
  }

  /** Counts packets of mDNS that leave; `counted` reads it. */
  count(): void {
    this.run('nft', 'add table inet count')
    this.run('nft', 'add chain inet count out { type filter hook output priority 0; }')
    this.run('nft', 'add rule inet count out oifname != lo udp dport 5353 counter')
  }

  counted(): number {
    return counterOf(this.run('nft', 'list', 'table', 'inet', 'count'))
  }

  /** The firewall of this laptop lets no mDNS out, or does again. */
  block(isBlocked: boolean): void {
    if (!isBlocked) {
      this.run('nft', 'delete table inet block')
      return
    }
    this.run('nft', 'add table inet block')
    this.run('nft', 'add chain inet block out { type filter hook output priority 0; }')
    this.run('nft', 'add rule inet block out oifname != lo udp dport 5353 drop')
  }

  remove(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    ip('netns', 'del', this.namespace)
  }
}
