/**
 * Sealed datagrams (docs/protocol/datagrams.md), pure: who holds the secret of a direction of a link can seal for it and
 * open what was sealed, each once and in whatever order it comes. Nothing here waits, sends or answers.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { limits } from '../limits.js'

/** Chosen by the receiver, at random: says which key opens it, and names nobody. */
export const keyIdBytes = 8
const headBytes = keyIdBytes + 8
const tagBytes = 16
const keyBytes = 32
const ivBytes = 12
const cipher = 'aes-256-gcm'
const label = 'muster/1 datagram\0'
/** As many packets as one key seals: far below what GCM bears (RFC 9147 section 4.5.3: 2^24.5). */
export const epochPackets = 65_536
export const replayWindow = 1_024

/** What is left for the body. */
export const bodyBytesMost = limits.datagramBytes - headBytes - tagBytes

/** Why a packet is let go. */
export type Refused = 'length' | 'too far ahead' | 'too old' | 'replayed' | 'forged'

export interface Opened {
  readonly seq: number
  readonly body: Buffer
}

interface EpochKey {
  readonly key: Buffer
  readonly iv: Buffer
}

/** Keys of one direction: the present epoch's and its neighbours', made when first needed. */
class EpochKeys {
  readonly #secret: Buffer
  readonly #keys = new Map<number, EpochKey>()
  #isOver = false

  /** @param secret 32 bytes from the TLS exporter. */
  constructor(secret: Buffer) {
    this.#secret = secret
  }

  /** `undefined` after the end: a secret that was overwritten is one that everybody knows. */
  of(seq: number): EpochKey | undefined {
    if (this.#isOver) return undefined
    const epoch = epochOf(seq)
    let found = this.#keys.get(epoch)
    if (found === undefined) {
      const info = Buffer.concat([Buffer.from(label), u64(epoch)])
      const bytes = Buffer.from(hkdfSync('sha256', this.#secret, '', info, keyBytes + ivBytes))
      found = { key: bytes.subarray(0, keyBytes), iv: bytes.subarray(keyBytes) }
      this.#keys.set(epoch, found)
    }
    return found
  }

  /** Those of epochs that no packet can be of any more. */
  forgetBefore(seq: number): void {
    for (const [epoch, { key }] of this.#keys) if (epoch < epochOf(seq) && this.#keys.delete(epoch)) key.fill(0)
  }

  end(): void {
    this.#isOver = true
    this.forgetBefore(Infinity)
  }
}

/** Seals for one direction of one link; a number is never used twice. */
export class Sealer {
  readonly #keys: EpochKeys
  readonly #keyId: Buffer
  #seq: number

  /** @param seq number of the first packet. */
  constructor(secret: Buffer, keyId: Buffer, seq = 0) {
    this.#keys = new EpochKeys(secret)
    this.#keyId = keyId
    this.#seq = seq
  }

  /** @param body at most {@link bodyBytesMost} bytes. Not after the end. */
  seal(body: Buffer): { readonly seq: number; readonly packet: Buffer } {
    const seq = this.#seq++
    this.#keys.forgetBefore(seq)
    const epochKey = this.#keys.of(seq)
    if (epochKey === undefined) throw new Error('sealed after the end')
    const { key, iv } = epochKey
    const head = Buffer.concat([this.#keyId, u64(seq)])
    const sealing = createCipheriv(cipher, key, nonceOf(iv, head), { authTagLength: tagBytes })
    sealing.setAAD(head)
    const sealed = Buffer.concat([sealing.update(body), sealing.final()])
    return { seq, packet: Buffer.concat([head, sealed, sealing.getAuthTag()]) }
  }

  end(): void {
    this.#keys.end()
  }
}

/** Opens what the other end sealed for one direction of one link. */
export class Opener {
  readonly #keys: EpochKeys
  readonly #window = new ReplayWindow()

  constructor(secret: Buffer) {
    this.#keys = new EpochKeys(secret)
  }

  open(packet: Buffer): Opened | Refused {
    if (packet.length < headBytes + tagBytes || packet.length > limits.datagramBytes) return 'length'
    const head = packet.subarray(0, headBytes)
    const wide = head.readBigUInt64BE(keyIdBytes)
    // Whoever forges numbers must not make us derive a key for each.
    if (wide >= BigInt((epochOf(this.#window.highest) + 2) * epochPackets)) return 'too far ahead'
    const seq = Number(wide)
    const refused = this.#window.refuse(seq)
    if (refused !== undefined) return refused
    const epochKey = this.#keys.of(seq)
    if (epochKey === undefined) return 'forged'
    const { key, iv } = epochKey
    // Without a length of the tag Node takes one of 4 bytes, too.
    const opening = createDecipheriv(cipher, key, nonceOf(iv, head), { authTagLength: tagBytes })
    opening.setAAD(head)
    opening.setAuthTag(packet.subarray(-tagBytes))
    let body: Buffer
    try {
      body = Buffer.concat([opening.update(packet.subarray(headBytes, -tagBytes)), opening.final()])
    } catch {
      return 'forged'
    }
    // Only now: a forged number must not push true ones out.
    this.#window.take(seq)
    this.#keys.forgetBefore(this.#window.highest - replayWindow)
    return { seq, body }
  }

  end(): void {
    this.#keys.end()
  }
}

/** The newest numbers that came, so that none counts twice (RFC 4303 section 3.4.3). */
export class ReplayWindow {
  highest = -1
  /** One bit for each number, at its place modulo the width. */
  readonly #bits = Buffer.alloc(replayWindow / 8)

  refuse(seq: number): 'too old' | 'replayed' | undefined {
    if (seq <= this.highest - replayWindow) return 'too old'
    return seq <= this.highest && this.#has(seq) ? 'replayed' : undefined
  }

  take(seq: number): void {
    for (let next = Math.max(this.highest + 1, seq - replayWindow + 1); next <= seq; next++) this.#set(next, false)
    this.highest = Math.max(this.highest, seq)
    this.#set(seq, true)
  }

  #has(seq: number): boolean {
    const place = seq % replayWindow
    return ((this.#bits[place >> 3] ?? 0) & (1 << (place & 7))) !== 0
  }

  #set(seq: number, isTaken: boolean): void {
    const place = seq % replayWindow
    const bit = 1 << (place & 7)
    const byte = this.#bits[place >> 3] ?? 0
    this.#bits[place >> 3] = isTaken ? byte | bit : byte & ~bit
  }
}

/** Which key a packet names; `undefined` when it is too short or too long to be one. */
export function keyIdOf(packet: Buffer): string | undefined {
  if (packet.length < headBytes + tagBytes || packet.length > limits.datagramBytes) return undefined
  return packet.toString('hex', 0, keyIdBytes)
}

function epochOf(seq: number): number {
  return Math.max(0, Math.floor(seq / epochPackets))
}

/** As in TLS 1.3 (RFC 8446 section 5.3). */
function nonceOf(iv: Buffer, head: Buffer): Buffer {
  const nonce = Buffer.from(iv)
  for (let index = 0; index < 8; index++) {
    const at = ivBytes - 8 + index
    nonce[at] = (nonce[at] ?? 0) ^ (head[keyIdBytes + index] ?? 0)
  }
  return nonce
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
