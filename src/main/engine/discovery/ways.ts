/** Which ways of finding others are on, by what a person set; each time on is a new one, with a new name in the air. */
import type { Address } from '@shared/model.js'
import type { Discovery, DiscoveryView, Found, MergedView, Sighting } from './discovery.js'
import { parseDnsServer, type DnsServer } from './dns-client.js'
import { isHearsay, Merged, type MergedParts } from './merged.js'
import { Told } from './told.js'

export interface WaysParts extends MergedParts {
  /** Left out: this node does not speak on its networks. */
  readonly makeMdns: (() => Discovery) | undefined
  /** Left out: no DNS server is asked. */
  readonly makeDnsSd?: ((server: DnsServer, domain: string) => Discovery) | undefined
  readonly onSighting: (found: Found & { readonly isHearsay: boolean }) => void
  readonly onGone: (sighting: Sighting) => void
  readonly onChange: () => void
}

/** Of what a person set. */
export interface WaysSettings {
  readonly isDiscoverable: boolean
  readonly interfaces: Readonly<Record<string, boolean>>
  /** Empty: none is asked. */
  readonly dnsServer: string
  readonly dnsDomain: string
}

export class Ways {
  readonly #parts: WaysParts
  readonly #merged: Merged
  /** The DNS server and the domain that it is asked for; empty while none is. */
  #askedDns = ''
  #listed: Told | undefined

  constructor(parts: WaysParts) {
    this.#parts = parts
    this.#merged = new Merged(parts)
  }

  /** @param port where this node is reached; 0 while it cannot be. */
  async start(port: number, settings: WaysSettings): Promise<void> {
    const { onSighting, onGone, onChange } = this.#parts
    this.#merged.choose(settings.interfaces)
    this.#merged.start({
      port,
      onSighting: (found) => onSighting({ ...found, isHearsay: isHearsay(found) }),
      onGone,
      onChange
    })
    await this.follow(settings)
  }

  /** Brings what is on in line with what a person set. */
  async follow({ isDiscoverable, dnsServer, dnsDomain }: WaysSettings): Promise<void> {
    await this.#followDns(dnsServer, dnsDomain)
    const { makeMdns } = this.#parts
    const isOn = this.#merged.has('mdns')
    if (isDiscoverable && !isOn && makeMdns !== undefined) await this.#merged.add('mdns', makeMdns())
    if (!isDiscoverable && isOn) await this.#merged.remove('mdns')
  }

  /** Addresses of a person's list: these and no others. */
  list(addresses: readonly Address[]): void {
    if (addresses.length === 0) {
      this.#listed = undefined
      void this.#merged.remove('list')
      return
    }
    if (this.#listed === undefined) {
      this.#listed = new Told(this.#parts.clock, 'list')
      void this.#merged.add('list', this.#listed)
    }
    this.#listed.replace(addresses)
  }

  choose(interfaces: Readonly<Record<string, boolean>>): void {
    this.#merged.choose(interfaces)
  }

  announce(port: number): void {
    this.#merged.announce(port)
  }

  look(): void {
    this.#merged.look()
  }

  /** What goes on on the networks of this machine; `undefined` while that is off. */
  air(): DiscoveryView | undefined {
    return this.#merged.has('mdns') ? this.#merged.view() : undefined
  }

  known(): MergedView {
    return this.#merged.view()
  }

  stop(): Promise<void> {
    return this.#merged.stop()
  }

  async #followDns(serverText: string, domain: string): Promise<void> {
    const { makeDnsSd } = this.#parts
    const server = parseDnsServer(serverText)
    const asked = makeDnsSd === undefined || server === undefined || domain === '' ? '' : `${serverText} ${domain}`
    if (asked === this.#askedDns) return
    this.#askedDns = asked
    if (asked === '') await this.#merged.remove('dns-sd')
    else if (makeDnsSd !== undefined && server !== undefined)
      await this.#merged.add('dns-sd', makeDnsSd(server, domain))
  }
}
