/** Writes down what crosses the simulated wire: frames by sender, what was read at the other end, and the bytes in all. */
import { createHash } from 'node:crypto'
import type { MissionId, NodeId } from '@shared/model.js'
import { parseLine } from '../../src/main/engine/bytes/line.js'
import { FrameReader, frameTypes, type Frame } from '../../src/main/engine/links/framing.js'
import { parseMessage } from '../../src/main/engine/links/messages.js'
import { decodeRunFrame } from '../../src/main/engine/links/run-frame.js'
import { lastSeq, logKey, type Run } from '../../src/main/engine/logs/run.js'
import type { HistoryEvent, Lines } from './history.js'
import type { VirtualTime } from './time.js'
import type { WireEnd, WireObserver } from './wire.js'

/** What one end of a connection sends. */
interface Sending {
  readonly from: number
  readonly to: number
  readonly reader: FrameReader
  /** Bytes that were sent, and of those the ones that were read. */
  sent: number
  read: number
  /** Events that happen when so many bytes were read. */
  readonly onRead: { readonly at: number; readonly event: HistoryEvent }[]
}

export class Recorder implements WireObserver {
  readonly events: HistoryEvent[] = []
  frames = 0
  bytes = 0
  readonly #time: VirtualTime
  readonly #nodeAt: (host: string) => number
  readonly #creatorOf: (mission: MissionId) => NodeId | undefined
  readonly #sendings = new Map<string, Sending>()
  readonly #trace = createHash('sha256')

  /**
   * @param nodeAt the number of the node at this address; -1: none of ours.
   * @param creatorOf whose cuts count.
   */
  constructor(
    time: VirtualTime,
    nodeAt: (host: string) => number,
    creatorOf: (mission: MissionId) => NodeId | undefined
  ) {
    this.#time = time
    this.#nodeAt = nodeAt
    this.#creatorOf = creatorOf
  }

  /** Names everything that was sent, by whom, to whom and when. Once, at the end. */
  trace(): string {
    return this.#trace.digest('hex')
  }

  note(event: HistoryEvent): void {
    this.events.push(event)
  }

  sent(end: WireEnd, bytes: Buffer): void {
    this.bytes += bytes.length
    this.#trace.update(`${String(this.#time.now)} ${end.host} ${end.otherHost} ${String(bytes.length)}\n`)
    this.#trace.update(bytes)
    const sending = this.#sendingOf(end)
    if (sending.from < 0) return // Whatever a hostile peer says is no frame.
    const broken = sending.reader.read(
      bytes,
      () => Infinity,
      (frame) => {
        sending.sent += frame.payload.length + 5
        this.frames++
        this.#note(end.connection, sending, frame)
        return true
      }
    )
    if (broken !== undefined) throw new Error(`${end.host} sent what is no frame: ${broken}`)
  }

  delivered(end: WireEnd, length: number): void {
    const sending = this.#sendingOf(end)
    sending.read += length
    for (let next = sending.onRead[0]; next !== undefined && next.at <= sending.read; next = sending.onRead[0]) {
      this.events.push(next.event)
      sending.onRead.shift()
    }
  }

  #sendingOf(end: WireEnd): Sending {
    const key = `${String(end.connection)} ${end.role}`
    let sending = this.#sendings.get(key)
    if (sending === undefined) {
      const [from, to] = [this.#nodeAt(end.host), this.#nodeAt(end.otherHost)]
      sending = { from, to, reader: new FrameReader(), sent: 0, read: 0, onRead: [] }
      this.#sendings.set(key, sending)
    }
    return sending
  }

  #note(connection: number, sending: Sending, frame: Frame): void {
    const { from, to } = sending
    if (frame.type === frameTypes.fork || frame.type === frameTypes.presence) {
      const type = frame.type === frameTypes.fork ? 'fork' : 'presence'
      this.events.push({ kind: 'frame', connection, from, to, type })
      return
    }
    if (frame.type !== frameTypes.message) {
      const decoded = decodeRunFrame(frame)
      if (decoded === undefined) throw new Error(`node ${String(from)} sent a run that is none`)
      const { mission, run } = decoded
      const { header } = run
      const lines: Lines = { mission, log: logKey(header), first: header.first, last: lastSeq(header) }
      this.events.push({ kind: 'frame', connection, from, to, type: 'run', lines })
      sending.onRead.push({ at: sending.sent, event: { kind: 'read', connection, from, lines } })
      this.#noteCuts(mission, run)
      return
    }
    const message = parseMessage(frame.payload)
    if (typeof message === 'string') throw new Error(`node ${String(from)} sent what is no message: ${message}`)
    this.events.push({ kind: 'frame', connection, from, to, type: message.t })
    if (message.t !== 'want' || message.create) return
    const holds = message.heads.map(([author, epoch, last]) => ({ log: logKey({ author, epoch }), last }))
    const event: HistoryEvent = {
      kind: 'wanted',
      at: this.#time.now,
      connection,
      from,
      mission: message.mission,
      holds
    }
    sending.onRead.push({ at: sending.sent, event })
  }

  #noteCuts(mission: MissionId, { header, body }: Run): void {
    const { author: creator, epoch, first } = header
    if (creator !== this.#creatorOf(mission) || !/"admin\/(cut|adopt)"/.test(body.toString('latin1'))) return
    for (const [index, text] of body.toString('utf8').split('\n').entries()) {
      const line = text === '' ? '' : parseLine(Buffer.from(text))
      if (typeof line === 'string') continue
      const { kind, author, heads, lifts } = line
      if (kind === 'admin/adopt' && Array.isArray(lifts)) {
        const places = (lifts as readonly string[]).map((name) => name.slice(0, name.lastIndexOf('.')))
        this.events.push({ kind: 'lifted', mission, places })
      }
      if (kind !== 'admin/cut') continue
      const place = `${creator}.${epoch}.${String(first + index)}`
      const accepted = (heads as readonly (readonly [string, number])[]).map(([of, last]) => ({ epoch: of, last }))
      this.events.push({ kind: 'cut', mission, place, author: author as NodeId, accepted })
    }
  }
}
