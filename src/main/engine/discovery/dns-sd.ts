/**
 * Nodes out of a DNS zone (RFC 6763): whoever runs a DNS server writes there which nodes offer `_muster._tcp`. Asked at a
 * server that a person chose; what it says counts for the time that it says.
 */
import { isIP } from 'node:net'
import type { Address } from '@shared/model.js'
import { problem, type Problem } from '@shared/result.js'
import type { Clock } from '../runtime/clock.js'
import type { Log } from '../runtime/log.js'
import type { Random } from '../runtime/random.js'
import type { Discovery, DiscoveryOptions, DiscoveryView } from './discovery.js'
import { plainName, type DnsAnswer, type DnsQuestion, type DnsRecord } from './dns-client.js'
import { Told } from './told.js'

export interface DnsSdParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** `field.example`. */
  readonly domain: string
  readonly ask: (question: DnsQuestion, isOver: () => boolean) => Promise<DnsAnswer>
}

/** One address of a service, for so long. */
export interface TimedAddress extends Address {
  readonly ttlMs: number
}

export const dnsSdLimits = {
  instances: 64,
  targets: 8,
  addresses: 8,
  /** Between two looks, whatever the records say; after a failure, doubling. */
  look: { leastMs: 10_000, mostMs: 240_000 },
  failed: { firstMs: 5_000, mostMs: 120_000 },
  /** A record that wants to be kept for ever is not. */
  ttlMostMs: 86_400_000
} as const

export interface Target extends Address {
  readonly priority: number
  readonly weight: number
  readonly ttlMs: number
}

/**
 * The order of RFC 2782: lower priorities first; of one priority, by lot, weighted.
 * @param unit uniform in [0, 1).
 */
export function inDnsOrder<T extends { readonly priority: number; readonly weight: number }>(
  targets: readonly T[],
  unit: () => number
): readonly T[] {
  const left = [...targets].sort((one, other) => one.priority - other.priority || one.weight - other.weight)
  const ordered: T[] = []
  while (left.length > 0) {
    const equals = left.filter(({ priority }) => priority === left[0]?.priority)
    const sum = equals.reduce((total, { weight }) => total + weight, 0)
    // A weight of 0 has a small chance; those stand first, so only a lot of 0 meets them.
    const lot = Math.floor(unit() * (sum + 1))
    let running = 0
    const chosen = equals.find(({ weight }) => (running += weight) >= lot)
    if (chosen === undefined) break
    left.splice(left.indexOf(chosen), 1)
    ordered.push(chosen)
  }
  return ordered
}

/** Every address of every service of the domain, or why that cannot be said. */
export async function lookUp(parts: DnsSdParts, isOver: () => boolean): Promise<readonly TimedAddress[] | string> {
  /** Answers often bring along what is asked next. */
  const known = new Map<string, readonly DnsRecord[]>()
  const ask = async (name: string, type: DnsQuestion['type']): Promise<readonly DnsRecord[] | string> => {
    const key = `${type} ${plainName(name)}`
    const before = known.get(key)
    if (before !== undefined) return before
    const answer = await parts.ask({ name, type }, isOver)
    if ('failed' in answer) return `${type} ${name}: ${answer.failed}`
    const said = new Map<string, DnsRecord[]>([[key, []]])
    for (const record of answer.records) {
      const owner = `${record.type} ${plainName(record.name)}`
      said.set(owner, [...(said.get(owner) ?? []), record])
    }
    for (const [owner, records] of said) if (!known.has(owner)) known.set(owner, records)
    return known.get(key) ?? []
  }

  const pointers = await ask(`_muster._tcp.${parts.domain}`, 'PTR')
  if (typeof pointers === 'string') return pointers
  const found: TimedAddress[] = []
  for (const pointer of pointers.slice(0, dnsSdLimits.instances)) {
    if (isOver()) return 'stopped'
    const instance = textOf(pointer)
    if (instance === undefined) continue
    const services = await ask(instance, 'SRV')
    if (typeof services === 'string') return services
    const texts = await ask(instance, 'TXT')
    if (typeof texts === 'string') return texts
    if (!isOfOurVersion(texts)) continue
    const targets = services.flatMap((record) => targetOf(record)).slice(0, dnsSdLimits.targets)
    for (const target of inDnsOrder(targets, () => parts.random.unit()))
      for (const type of ['A', 'AAAA'] as const) {
        const addresses = await ask(target.address, type)
        if (typeof addresses === 'string') return addresses
        for (const record of addresses.slice(0, dnsSdLimits.addresses)) {
          const address = textOf(record)
          if (address === undefined || isIP(address) === 0) continue
          const ttlMs = Math.min(ttlOf(pointer), target.ttlMs, ttlOf(record), dnsSdLimits.ttlMostMs)
          found.push({ address, port: target.port, ttlMs })
        }
      }
  }
  return found
}

export class DnsSd implements Discovery {
  readonly #parts: DnsSdParts
  readonly #told: Told
  #options: DiscoveryOptions | undefined
  #problem: Problem | undefined
  #failures = 0
  #isAsking = false
  #cancelNext: () => void = () => undefined

  constructor(parts: DnsSdParts) {
    this.#parts = parts
    this.#told = new Told(parts.clock, 'dns-sd')
  }

  start(options: DiscoveryOptions): void {
    this.#options = options
    this.#told.start(options)
    void this.#look()
  }

  choose(): void {
    // The system knows the way to the server.
  }

  announce(): void {
    // What is in the zone, its keeper says.
  }

  look(): void {
    this.#told.look()
    void this.#look()
  }

  view(): DiscoveryView {
    return { ...this.#told.view(), ...(this.#problem === undefined ? {} : { problem: this.#problem }) }
  }

  stop(): Promise<void> {
    this.#options = undefined
    this.#cancelNext()
    return this.#told.stop()
  }

  async #look(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    this.#cancelNext()
    const { clock, log } = this.#parts
    const isOver = () => this.#options === undefined
    const found = await lookUp(this.#parts, isOver).catch((error: unknown) => String(error))
    this.#isAsking = false
    if (isOver()) return
    if (typeof found === 'string') {
      log('debug', 'dns-sd', { detail: found })
      this.#problem = problem('dns-failed', found)
      this.#failures++
    } else {
      this.#problem = undefined
      this.#failures = 0
      this.#told.replace(found)
    }
    this.#options?.onChange()
    this.#cancelNext = clock.after(pauseMs(found, this.#failures), () => void this.#look())
  }
}

/** Before the first record runs out, or after longer and longer when it failed. */
function pauseMs(found: readonly TimedAddress[] | string, failures: number): number {
  const { look, failed } = dnsSdLimits
  if (typeof found === 'string') return Math.min(failed.mostMs, failed.firstMs * 2 ** Math.min(failures - 1, 10))
  const soonest = Math.min(...found.map(({ ttlMs }) => ttlMs * 0.8), look.mostMs)
  return Math.max(look.leastMs, soonest)
}

function targetOf(record: DnsRecord): Target[] {
  if (record.type !== 'SRV') return []
  const { target, port, priority = 0, weight = 0 } = record.data
  // RFC 2782: a dot alone says that the service is decidedly not there.
  if (target === '' || target === '.' || port < 1) return []
  return [{ address: target, port, priority, weight, ttlMs: ttlOf(record) }]
}

/** RFC 6763, section 6.3: `v=1`; another version is not for us. One that says none is asked who it is. */
function isOfOurVersion(texts: readonly DnsRecord[]): boolean {
  const values = texts.flatMap((record) => (record.type === 'TXT' ? [record.data].flat() : []))
  const [version] = values.map((value) => value.toString('utf8')).filter((value) => /^v=/i.test(value))
  return version === undefined || version.slice(2) === '1'
}

function textOf(record: DnsRecord): string | undefined {
  const isText = record.type === 'PTR' || record.type === 'A' || record.type === 'AAAA'
  return isText && record.data !== '' ? record.data : undefined
}

function ttlOf(record: DnsRecord): number {
  return 'ttl' in record && typeof record.ttl === 'number' ? record.ttl * 1000 : 0
}
