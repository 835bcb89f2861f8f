/**
 * Questions to one DNS server that a person chose (RFC 1035): over UDP, and over TCP where the answer does not fit. The
 * system's own resolver is not asked: it may not know the zone, and tells no time to live for what is needed here.
 */
import { createSocket } from 'node:dgram'
import { connect, isIP, isIPv6 } from 'node:net'
import { decode, encode, RECURSION_DESIRED, type Answer, type RecordType } from 'dns-packet'
import type { Clock } from '../runtime/clock.js'
import type { Random } from '../runtime/random.js'

export interface DnsServer {
  readonly address: string
  readonly port: number
}

export interface DnsParts {
  readonly clock: Clock
  readonly random: Random
  readonly server: DnsServer
}

export interface DnsQuestion {
  readonly name: string
  readonly type: RecordType
}

export type DnsRecord = Answer

/** What a server said, or in a few words why that is no answer. */
export type DnsAnswer =
  { readonly records: readonly DnsRecord[]; readonly isCut: boolean } | { readonly failed: string }

export const dnsLimits = {
  /** Of one try; a lost packet is asked for again. */
  waitMs: 2_000,
  tries: 3,
  /** In one answer. */
  records: 1_024,
  bytes: 65_535
} as const

/** `10.0.0.53`, `10.0.0.53:5353`, `[2001:db8::53]:53`; a name would have to be looked up somewhere else. */
export function parseDnsServer(text: string): DnsServer | undefined {
  const [, six, four, portText] = /^(?:\[(.+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text.trim()) ?? []
  const address = isIPv6(text.trim()) ? text.trim() : (six ?? four ?? '')
  const port = portText === undefined || isIPv6(text.trim()) ? 53 : Number(portText)
  if (isIP(address) === 0 || (six !== undefined && !isIPv6(six)) || port < 1 || port > 65535) return undefined
  return { address, port }
}

/** `undefined`: not about this question, or no answer at all; it may be forged, and the right one may still come. */
export function readDnsAnswer(bytes: Buffer, id: number, question: DnsQuestion): DnsAnswer | undefined {
  if (bytes.length < 12 || bytes.length > dnsLimits.bytes || bytes.readUInt16BE(0) !== id) return undefined
  const records = [6, 8, 10].reduce((sum, offset) => sum + bytes.readUInt16BE(offset), 0)
  if (records > dnsLimits.records) return { failed: `${String(records)} records` }
  const responseCode = (bytes[3] ?? 0) & 0x0f
  try {
    const { type, questions = [], answers = [], additionals = [], flag_tc } = decode(bytes)
    const [asked] = questions
    if (type !== 'response' || questions.length !== 1 || asked === undefined) return undefined
    if (asked.type !== question.type || !isSameName(asked.name, question.name)) return undefined
    // NXDOMAIN: there is no such name, which is an answer.
    if (responseCode === 3) return { records: [], isCut: false }
    if (responseCode !== 0) return { failed: `response code ${String(responseCode)}` }
    return { records: [...answers, ...additionals], isCut: flag_tc }
  } catch (error) {
    return { failed: String(error).slice(0, 100) }
  }
}

export function isSameName(one: string, other: string): boolean {
  return plainName(one) === plainName(other)
}

/** Case does not count in names, nor does the last dot. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '')
}

/** @param isOver asked between two tries: nobody waits for the answer any more. */
export async function askDns(parts: DnsParts, question: DnsQuestion, isOver: () => boolean): Promise<DnsAnswer> {
  let failed = 'no answer'
  for (let attempt = 0; attempt < dnsLimits.tries && !isOver(); attempt++) {
    const id = parts.random.bytes(2).readUInt16BE()
    const packet = encode({ id, type: 'query', flags: RECURSION_DESIRED, questions: [question] })
    const read = (bytes: Buffer) => readDnsAnswer(bytes, id, question)
    const answer = await overUdp(parts, packet, read)
    if (!('failed' in answer)) return answer.isCut ? overTcp(parts, packet, read) : answer
    failed = answer.failed
  }
  return { failed }
}

type Read = (bytes: Buffer) => DnsAnswer | undefined

function overUdp({ clock, server }: DnsParts, packet: Buffer, read: Read): Promise<DnsAnswer> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(server.address) ? 'udp6' : 'udp4')
    let isSettled = false
    const settle = (answer: DnsAnswer) => {
      if (isSettled) return
      isSettled = true
      cancel()
      socket.close()
      resolve(answer)
    }
    const cancel = clock.after(dnsLimits.waitMs, () => settle({ failed: 'no answer' }))
    socket.on('error', (error) => settle({ failed: codeOf(error) }))
    socket.on('message', (bytes) => {
      const answer = read(bytes)
      if (answer !== undefined) settle(answer)
    })
    // Connected: the system drops what anybody else sends to this port.
    socket.connect(server.port, server.address, () => {
      if (!isSettled)
        socket.send(packet, (error) => {
          if (error !== null) settle({ failed: codeOf(error) })
        })
    })
  })
}

function overTcp({ clock, server }: DnsParts, packet: Buffer, read: Read): Promise<DnsAnswer> {
  return new Promise((resolve) => {
    const socket = connect(server.port, server.address)
    const parts: Buffer[] = []
    let size = 0
    const settle = (answer: DnsAnswer) => {
      cancel()
      socket.destroy()
      resolve(answer)
    }
    const cancel = clock.after(dnsLimits.waitMs, () => settle({ failed: 'no answer over TCP' }))
    socket.on('connect', () => {
      const length = Buffer.alloc(2)
      length.writeUInt16BE(packet.length)
      socket.write(Buffer.concat([length, packet]))
    })
    socket.on('data', (part) => {
      parts.push(part)
      size += part.length
      if (size < 2) return
      const all = Buffer.concat(parts)
      const end = 2 + all.readUInt16BE(0)
      if (size < end) parts.splice(0, parts.length, all)
      else settle(read(all.subarray(2, end)) ?? { failed: 'another answer over TCP' })
    })
    socket.on('error', (error) => settle({ failed: codeOf(error) }))
    socket.on('close', () => settle({ failed: 'closed over TCP' }))
  })
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message
}
