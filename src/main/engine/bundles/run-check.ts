/**
 * Whether the runs of a bundle are what its manifest says, and continue each other or what is held here: seals, chains and
 * lines, all before anything of the bundle counts.
 */
import type { MissionId } from '@shared/model.js'
import { parseLineText } from '../bytes/line.js'
import { parsePublicKey } from '../identity/signature.js'
import { hasLineShape, parseStartLine } from '../logs/start-line.js'
import type { LogStore } from '../logs/log-store.js'
import { chainRun, chainStart, lastSeq, logKey, verifySeal, type LogKey, type Point, type Run } from '../logs/run.js'
import type { KeyObject } from 'node:crypto'
import { missionOf, type MissionEntry, type Stretch } from './manifest.js'
import { BundleRefused, damaged } from './refusal.js'

interface Walked {
  readonly key: KeyObject
  readonly stretch: Stretch
  point: Point
  /** Nothing was checked yet but what is held here. */
  isOurs: boolean
}

export class RunCheck {
  readonly #mission: MissionId
  readonly #held: LogStore | undefined
  readonly #stretches: ReadonlyMap<LogKey, Stretch>
  readonly #walked = new Map<LogKey, Walked>()

  /** @param held what this node holds of the mission. */
  constructor(entry: MissionEntry, held: LogStore | undefined) {
    this.#mission = missionOf(entry)
    this.#held = held
    this.#stretches = new Map(entry.logs.map((stretch) => [keyOf(stretch), stretch]))
  }

  /** Throws BundleRefused when the run is not as it should be. */
  async take(run: Run): Promise<void> {
    const { header } = run
    const log = this.#walked.get(logKey(header)) ?? (await this.#begin(run))
    if (header.first !== log.point.seq + 1 || lastSeq(header) > log.stretch[3]) throw damaged('a run out of its order')
    if (!verifySeal(this.#mission, header, log.key)) throw damaged('a seal that does not hold')
    const chained = chainRun(run, log.point)
    if (typeof chained !== 'string')
      for (const { text } of chained) {
        const line = parseLineText(text)
        if (typeof line === 'string' || !hasLineShape(line)) throw damaged('a line that no node takes')
      }
    // Its author sealed something else than what is held here: that is for the mission to find out.
    else if (chained !== 'chain hash differs' || !log.isOurs) throw damaged(`a run: ${chained}`)
    log.point = { seq: lastSeq(header), hash: Buffer.from(header.hash, 'hex') }
    log.isOurs = false
  }

  /** Throws BundleRefused when something that the manifest lists did not come. */
  end(): void {
    for (const [key, [, , , seq, hash]] of this.#stretches) {
      const point = this.#walked.get(key)?.point
      if (point?.seq !== seq || point.hash.toString('hex') !== hash) throw damaged('a log ends before it should')
    }
  }

  async #begin(run: Run): Promise<Walked> {
    const key = logKey(run.header)
    const stretch = this.#stretches.get(key)
    if (stretch === undefined) throw damaged('a run of a log that is not listed')
    const after = stretch[2]
    const held = this.#held?.log(key)
    const publicKey = after === 0 ? keyOfStart(run) : held && parsePublicKey(held.start.key)
    const point = after === 0 ? start(this.#mission, run) : await this.#held?.pointAt(key, after)
    if (publicKey === undefined || point === undefined) throw new BundleRefused('bundle-gap')
    const walked = { key: publicKey, stretch, point, isOurs: after > 0 }
    this.#walked.set(key, walked)
    return walked
  }
}

export function keyOf([author, epoch]: Stretch): LogKey {
  return logKey({ author, epoch })
}

function start(mission: MissionId, { header }: Run): Point {
  return { seq: 0, hash: chainStart(mission, header) }
}

function keyOfStart({ header, body }: Run): KeyObject {
  const line = parseLineText(body.toString('utf8', 0, Math.max(0, body.indexOf(0x0a))))
  const begun = typeof line === 'string' ? undefined : parseStartLine(line, header.author)
  const key = begun && parsePublicKey(begun.key)
  if (key === undefined) throw damaged('a log without a start line of its author')
  return key
}
