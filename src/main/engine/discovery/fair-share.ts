/**
 * What of the air is worth decoding, pure. Decoding is the dearest thing that a stranger's packet can make us do, so it is
 * shared out before: everybody's first packet of a second, some more of each, and little time in all.
 */

/** The largest UDP payload in an Ethernet frame: nothing about us is larger (RFC 6762, section 17, would allow 9000). */
const packetMost = 1_472
const headerBytes = 12
/** Of our packets none has more; each record costs time to decode. */
const recordsMost = 32

/** Whether a packet may be about our service, be it a question or an answer; costs microseconds. */
export function isOfInterest(packet: Buffer, instance: string): boolean {
  if (packet.length < headerBytes || packet.length > packetMost) return false
  const records = [4, 6, 8, 10].reduce((sum, offset) => sum + packet.readUInt16BE(offset), 0)
  if (records > recordsMost) return false
  // A name appears whole before anything points to it, and case does not count in it (RFC 6762, section 16).
  const text = packet.toString('latin1', headerBytes).toLowerCase()
  return text.includes('\x07_muster\x04_tcp') || text.includes('\x09_services\x07_dns-sd') || text.includes(instance)
}

/** A packet that answers, not asks (RFC 1035, section 4.1.1). */
export function isResponse(packet: Buffer): boolean {
  return ((packet[2] ?? 0) & 0x80) !== 0
}

export const shares = {
  windowMs: 1_000,
  /** Packets decoded in a window: of one source; of sources on their first packet; of known ones; of all others. */
  perSource: 30,
  firsts: 400,
  known: 200,
  others: 300,
  /** Milliseconds of decoding in a window, before only first packets are taken, and at most. */
  othersMs: 50,
  totalMs: 150,
  /** No packet of the size that is taken needs longer: the rest was a busy machine, and nobody's fault. */
  packetMs: 1,
  sources: 1_024
} as const

/** Counts a window of a second at a time. */
export class FairShare {
  readonly #sources = new Map<string, number>()
  #windowStart = -Infinity
  #ms = 0
  #firsts = 0
  #known = 0
  #others = 0

  /** Whether a packet of this source is decoded now. A source that is known keeps its share in any flood. */
  admit(address: string, isKnown: boolean, now: number): boolean {
    if (now - this.#windowStart >= shares.windowMs) this.#open(now)
    const packets = this.#sources.get(address) ?? 0
    if (packets === 0 && this.#sources.size >= shares.sources && !isKnown) return false
    if (packets >= shares.perSource || !this.#take(isKnown, packets === 0)) return false
    this.#sources.set(address, packets + 1)
    return true
  }

  /** What decoding a packet that was admitted took. */
  spent(ms: number): void {
    this.#ms += Math.min(ms, shares.packetMs)
  }

  #take(isKnown: boolean, isFirst: boolean): boolean {
    if (isKnown) return this.#known++ < shares.known
    if (isFirst) return this.#ms < shares.totalMs && this.#firsts++ < shares.firsts
    return this.#ms < shares.othersMs && this.#others++ < shares.others
  }

  #open(now: number): void {
    this.#windowStart = now
    this.#sources.clear()
    this.#ms = this.#firsts = this.#known = this.#others = 0
  }
}
