/**
 * The networks of this machine and what kind each is: told by Linux in /sys/class/net, elsewhere only by names. VPN and
 * virtual networks are off until a person wants them: laptops nearby are not on them. One device is two networks where it
 * has IPv4 and IPv6.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { hasZone } from '@shared/address.js'
import type { InterfaceKind } from '@shared/model.js'

export interface Network {
  readonly name: string
  /** IPv4, or the link-local address of IPv6 with its zone: `fe80::1%eth0`. */
  readonly address: string
  readonly netmask: string
  readonly kind: InterfaceKind
  /** Tells a device from one that came back under the same name and address; 0 where the system does not say. */
  readonly index: number
}

/** What Linux says about one device in /sys/class/net/NAME (Documentation/ABI/testing/sysfs-class-net in its source). */
export interface DeviceFacts {
  /** The entries of the folder. */
  readonly entries: readonly string[]
  /** `DEVTYPE` of the file `uevent`. */
  readonly type?: string
  readonly index: number
  /** `iflink`: the device it is tied to; its own index for one that stands alone. */
  readonly linkedIndex: number
  /** A bridge with a physical device in it. */
  readonly bridgesDevice: boolean
}

const byName: readonly (readonly [RegExp, InterfaceKind])[] = [
  [/^(lo\d*$|loopback)/i, 'loopback'],
  [
    /^(utun|tun|tap|wg|ipsec|ppp|gpd|zt|tailscale|nebula|nordlynx|proton)|zerotier|wireguard|openvpn|nordlynx|tap-windows|wintun|\bvpn\b/i,
    'vpn'
  ],
  [
    /^(docker|veth|br-|virbr|lxcbr|lxdbr|podman|cni|flannel|cali|vmnet|vmenet|vboxnet|vnet|vethernet|awdl|llw|anpi|dummy|ifb)|vmware|virtualbox|hyper-v|\bwsl\b/i,
    'virtual'
  ],
  [/^(wl|wi-fi|wifi|wlan|wireless|ap\d)/i, 'wireless'],
  [/^(eth|en[opsx]|end\d|usb\d|ethernet|lan\b|bond|team)/i, 'cable']
]

/** The kind as far as a name tells it; `other` starts on, as every real network should. */
export function kindByName(name: string): InterfaceKind {
  return byName.find(([pattern]) => pattern.test(name))?.[1] ?? 'other'
}

/** The kind of a device of Linux. What it does not say is told by the name. */
export function kindByFacts(name: string, facts: DeviceFacts): InterfaceKind {
  const has = (entry: string) => facts.entries.includes(entry)
  if (has('tun_flags') || facts.type === 'wireguard') return 'vpn'
  if (has('bridge')) return facts.bridgesDevice ? 'cable' : 'virtual'
  if (has('wireless') || has('phy80211') || facts.type === 'wlan') return 'wireless'
  if (facts.type === 'wwan') return 'other'
  if (has('device') || facts.type === 'bond' || facts.type === 'vlan') return 'cable'
  const named = kindByName(name)
  if (named === 'vpn' || named === 'loopback') return named
  if (has('master')) return 'virtual' // One end of a cable to a container, in a bridge on this machine.
  // One end of a pair whose other end is elsewhere: this is how a container or a namespace is on a network.
  if (facts.linkedIndex !== facts.index) return 'cable'
  return named
}

/** Kinds that are used unless a person says otherwise. */
export function isOnByItself(kind: InterfaceKind): boolean {
  return kind === 'cable' || kind === 'wireless' || kind === 'other'
}

const facts = new Map<string, { readonly index: number; readonly kind: InterfaceKind }>()
const rememberedMost = 256

/**
 * The networks that are up now, without loopback; or only the one with this address, loopback included. Of two addresses
 * of one device in one subnet the first counts: on the other everything would be heard and said twice. The same holds for
 * link-local addresses of IPv6; others are not needed, as mDNS stays on its link. Tunnels and the like that have nothing
 * else are left out: systems keep some that no person knows of.
 */
export function systemNetworks(onlyAddress?: string): readonly Network[] {
  const found: Network[] = []
  for (const [name, addresses] of Object.entries(networkInterfaces()))
    // IPv4 first: whether there is any counts for the others.
    for (const info of (addresses ?? []).toSorted((one, other) => one.family.localeCompare(other.family))) {
      const { family, internal, netmask } = info
      if (family === 'IPv6' && !isLinkLocal(info.address)) continue
      // Windows knows interfaces by their number there.
      const zone = family === 'IPv6' ? `%${process.platform === 'win32' ? String(info.scopeid) : name}` : ''
      const address = `${info.address}${zone}`
      if (onlyAddress === undefined ? internal : address !== onlyAddress) continue
      if (found.some((other) => other.name === name && isInSubnet(address, other))) continue
      const device = internal ? { index: 0, kind: 'loopback' as const } : deviceOf(name)
      const isKnown = found.some((other) => other.name === name)
      if (family === 'IPv6' && onlyAddress === undefined && !isKnown && !isOnByItself(device.kind)) continue
      found.push({ name, address, netmask, ...device })
    }
  return found
}

/** Whether a packet from there came by this network: a socket receives what arrives on any. */
export function isInSubnet(address: string, network: Pick<Network, 'address' | 'netmask'>): boolean {
  const isSix = hasZone(network.address)
  if (isSix !== address.includes(':')) return false
  if (isSix) return isLinkLocal(address) && zoneOf(address) === zoneOf(network.address)
  const mask = toNumber(network.netmask)
  return (toNumber(address) & mask) === (toNumber(network.address) & mask)
}

/** RFC 4291, section 2.5.6. */
function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address)
}

function zoneOf(address: string): string {
  return address.slice(address.indexOf('%') + 1)
}

function toNumber(address: string): number {
  return address.split('.').reduce((sum, part) => (sum << 8) | Number(part), 0)
}

function deviceOf(name: string): { readonly index: number; readonly kind: InterfaceKind } {
  if (process.platform !== 'linux') return { index: 0, kind: kindByName(name) }
  const index = readNumber(name, 'ifindex')
  const known = facts.get(name)
  if (known?.index === index) return known
  if (facts.size >= rememberedMost) facts.clear()
  const device = { index, kind: readKind(name, index) }
  facts.set(name, device)
  return device
}

/** /sys is memory of the kernel: reading it waits for no disk. */
function readKind(name: string, index: number): InterfaceKind {
  const folder = `/sys/class/net/${name}`
  try {
    const entries = readdirSync(folder)
    const type = /^DEVTYPE=(.*)$/m.exec(readFileSync(`${folder}/uevent`, 'utf8'))?.[1]
    return kindByFacts(name, {
      entries,
      ...(type === undefined ? {} : { type }),
      index,
      linkedIndex: readNumber(name, 'iflink'),
      bridgesDevice:
        entries.includes('brif') &&
        readdirSync(`${folder}/brif`).some((port) => readdirSync(`/sys/class/net/${port}`).includes('device'))
    })
  } catch {
    // Gone meanwhile, an alias (eth0:1), or no /sys in this sandbox: the name has to do.
    return kindByName(name)
  }
}

function readNumber(name: string, entry: string): number {
  try {
    return Number(readFileSync(`/sys/class/net/${name}/${entry}`, 'utf8'))
  } catch {
    return 0
  }
}
