/** Addresses as text: `fe80::1%eth0` is one of the network behind that interface, and means nothing elsewhere. */
import type { Address } from './model.js'

/** Address and port as one text; of IPv6 in brackets. */
export function joinAddress({ address, port }: Address): string {
  return address.includes(':') ? `[${address}]:${String(port)}` : `${address}:${String(port)}`
}

/** Names an interface of this machine: nobody else is told of it. */
export function hasZone(address: string): boolean {
  return address.includes('%')
}

export function withoutZone(address: string): string {
  return address.replace(/%.*$/, '')
}
