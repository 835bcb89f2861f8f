/**
 * A node's day on a modelled volume, with a diary of what it was asked and what it answered as saved; and the judgement
 * of a folder that a power cut left, by that diary: an engine starts on it, holds what it must, goes on, and comes in
 * step with its peer.
 */
import { expect } from 'vitest'
import type { Json, MissionId, NodeId } from '@shared/model.js'
import { ok, type Result } from '@shared/result.js'
import { kept } from '../../src/main/engine/storage/disk.js'
import { createFileDisk, type DurableAppend } from '../../src/main/engine/storage/file-disk.js'
import { SimDisk } from '../sim/disk.js'
import { Field, FieldNode } from '../sim/field.js'
import { Volume, type Image } from './volume.js'

/** Something that was to be kept, in numbers of steps of the volume. Of one key the newest claim counts. */
interface Claim {
  readonly key: string
  readonly value: string
  readonly asked: number
  /** `undefined`: it was never said to be saved, so it may be there or not. */
  answered: number | undefined
}

const nothing = 'nothing'

export class Diary {
  readonly claims: Claim[] = []
  /** Keys that one call wrote: all are there, or none. */
  readonly together: (readonly string[])[] = []
  /** Answers other than yes, and refused starts: their codes. */
  readonly refused: string[] = []
  readonly missions: MissionId[] = []
  readonly #volume: Volume

  constructor(volume: Volume) {
    this.#volume = volume
  }

  get now(): number {
    return this.#volume.steps.length
  }

  ask(key: string, value: string): Claim {
    const claim: Claim = { key, value, asked: this.now, answered: undefined }
    this.claims.push(claim)
    return claim
  }

  answer(claims: readonly Claim[], answer: Result<unknown>): void {
    if (answer.ok) for (const claim of claims) claim.answered = this.now
    else this.refused.push(answer.problem.code)
  }

  /** By key: the values that may be found after so many steps. */
  allowed(at: number): ReadonlyMap<string, ReadonlySet<string>> {
    const found = new Map<string, Set<string>>()
    for (const { key, value, asked, answered } of this.claims) {
      if (asked > at) continue
      const before = found.get(key) ?? new Set([nothing])
      found.set(key, answered !== undefined && answered <= at ? new Set([value]) : before.add(value))
    }
    return found
  }
}

/** The peer's folder, as it was when this node had taken so many steps. */
interface PeerCopy {
  readonly from: number
  readonly files: ReadonlyMap<string, Buffer>
}

export interface Day {
  readonly seed: number
  readonly volume: Volume
  readonly diary: Diary
  readonly field: Field
  readonly alpha: FieldNode
  readonly peerCopies: readonly PeerCopy[]
}

const addresses = { alpha: '10.0.0.1', bravo: '10.0.0.2', charlie: '10.0.0.3' }
/** Of a disk that does not work now. */
export const diskCodes = ['disk-full', 'disk-read-only', 'disk-failed']
const damage = ['file-damaged', 'journal-damaged', 'identity-damaged']

function nodeOn(field: Field, name: keyof typeof addresses, disk: FieldNodeDisk): FieldNode {
  const node = new FieldNode(field, name, addresses[name], field.nodes.length, { disk })
  field.nodes.push(node)
  return node
}
type FieldNodeDisk = ReturnType<typeof createFileDisk>

/** As the host starts it: an error of the disk is an answer. What a failed start left open ends with its process. */
async function tryStart(node: FieldNode): Promise<Result<unknown>> {
  const started = await kept(node.tryStart())
  const answer = started.ok ? started.value : started
  if (!answer.ok) node.crash()
  return answer
}

/** @param prepare sets faults before the first start. */
export async function liveOneDay(
  seed: number,
  prepare: (volume: Volume) => void = () => undefined,
  durableAppend?: DurableAppend
): Promise<Day> {
  const field = new Field(seed)
  const volume = new Volume()
  const diary = new Diary(volume)
  volume.wait = () => field.time.wait(0.3)
  prepare(volume)
  const alpha = nodeOn(
    field,
    'alpha',
    createFileDisk(volume.mount, durableAppend === undefined ? {} : { durableAppend })
  )
  const [bravo, charlie] = [await field.node('bravo'), await field.node('charlie')]
  const peerCopies: PeerCopy[] = []
  let peerCalls = -1
  volume.onStep = () => {
    if (bravo.disk.calls === peerCalls) return
    peerCalls = bravo.disk.calls
    peerCopies.push({ from: volume.steps.length, files: bravo.disk.copy() })
  }
  const person = new Person(field, alpha, diary)

  await person.start()
  for (const other of [bravo, charlie]) {
    await person.insist(() =>
      person.do({ [`target ${other.address}`]: 'there' }, () =>
        alpha.engine.commands.addPeer({ address: other.address, port: 47110 })
      )
    )
    await field.until('they met', () => alpha.peer(other) !== undefined && other.peer(alpha) !== undefined)
    await other.decide(alpha, 'trusted')
    await person.decide(other.id, 'trusted')
    await person.insist(() => person.decide(other.id, 'trusted'))
    await field.until('linked', () => alpha.isLinked(other) && other.isLinked(alpha))
  }
  const mission = await person.createMission('Karst Ridge Fire')
  for (let index = 0; index < 3; index++) await person.write(mission, { [`log/one-${String(index)}`]: 'alone' })
  await person.atOnce([0, 1, 2, 3].map((index) => ({ mission, values: { [`log/two-${String(index)}`]: 'at once' } })))
  await person.write(mission, batch('log/three', 20))
  for (const state of ['open', 'in work']) await person.write(mission, { 'task/1': state })
  await field.untilInStep(mission, alpha, bravo)
  await person.change('Truck 1')
  await person.receive(bravo, mission, { 'log/bravo': 'from bravo' })
  await person.receive(bravo, mission, batch('log/bravo', 10))
  await person.decide(charlie.id, 'revoked')
  await person.insist(() => person.decide(charlie.id, 'revoked'))
  await person.do({}, () => alpha.engine.commands.renewCertificate(null))
  await person.write(mission, batch('log/four', 30, 'x'.repeat(500)))
  await person.stop()

  await person.start()
  await person.write(mission, { 'task/1': 'done', 'log/five': 'after the restart' })
  await person.change('Truck 2')
  const second = await person.createMission('Second mission')
  await person.write(second, batch('log/six', 5))
  await field.until('linked again', () => alpha.isLinked(bravo))
  await person.receive(bravo, mission, { 'log/bravo-late': 'from bravo' })
  await field.untilInStep(second, alpha, bravo)
  await person.write(mission, { 'log/last': 'the end' })
  return { seed, volume, diary, field, alpha, peerCopies }
}

function batch(prefix: string, count: number, text = 'in a batch'): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}-${String(index)}`, text]))
}

/** Whoever sits at the node: asks again when the disk refused, and keeps the diary. */
class Person {
  readonly #field: Field
  readonly #node: FieldNode
  readonly #diary: Diary

  constructor(field: Field, node: FieldNode, diary: Diary) {
    this.#field = field
    this.#node = node
    this.#diary = diary
  }

  async start(): Promise<void> {
    await this.insist(async () => {
      const started = await tryStart(this.#node)
      this.#diary.answer([], started)
      return started
    })
  }

  /** What a host does with an error at the end: the process ends all the same. */
  async stop(): Promise<void> {
    const stopped = await kept(this.#node.stop())
    this.#diary.answer([], stopped)
  }

  /** @param claims by key what is true from then on. */
  async do(claims: Readonly<Record<string, string>>, act: () => Promise<Result<unknown>>): Promise<Result<unknown>> {
    const asked = Object.entries(claims).map(([key, value]) => this.#diary.ask(key, value))
    const answer = await this.#field.during(act())
    this.#diary.answer(asked, answer)
    return answer
  }

  /** Once more while the answer is no; a fault comes once. */
  async insist(act: () => Promise<Result<unknown>>): Promise<void> {
    for (let attempt = 0; attempt < 3; attempt++) if ((await act()).ok) return
    throw new Error(`refused again and again: ${this.#diary.refused.join(', ')}`)
  }

  decide(nodeId: NodeId, level: 'trusted' | 'revoked'): Promise<Result<unknown>> {
    return this.do({ [`level ${nodeId}`]: level }, () => this.#node.engine.commands.decide({ nodeId, level }))
  }

  change(laptop: string): Promise<Result<unknown>> {
    return this.do({ laptop }, () => this.#node.engine.commands.changeSettings({ laptop }))
  }

  async createMission(name: string): Promise<MissionId> {
    let id: MissionId | undefined
    await this.insist(() =>
      this.do({}, async () => {
        const made = await this.#node.engine.commands.createMission({ name })
        if (made.ok) id = made.value.id
        return made
      })
    )
    if (id === undefined) throw new Error('no mission')
    this.#diary.missions.push(id)
    this.#diary.answer([this.#diary.ask(`mission ${id}`, 'there')], ok(null))
    return id
  }

  async write(mission: MissionId, values: Readonly<Record<string, string>>): Promise<void> {
    await this.atOnce([{ mission, values }])
  }

  /** Several calls in one moment. Whoever gets a no writes it again under another name. */
  async atOnce(calls: readonly { mission: MissionId; values: Readonly<Record<string, string>> }[]): Promise<void> {
    for (let attempt = 0, left = calls; left.length > 0; attempt++) {
      const answers = await this.#field.during(Promise.all(left.map((call) => this.#write(call, attempt))))
      left = left.filter((_, index) => answers[index]?.ok !== true)
      // The disk did not give this mission at the start: the folder is read anew.
      if (answers.some((answer) => !answer.ok && answer.problem.code === 'mission-unknown')) {
        expect(this.#node.overview.health.problems.some(({ code }) => diskCodes.includes(code))).toBe(true)
        await this.stop()
        await this.start()
      }
      if (attempt > 2) throw new Error(`refused again and again: ${this.#diary.refused.join(', ')}`)
    }
  }

  async #write(
    { mission, values }: { mission: MissionId; values: Readonly<Record<string, string>> },
    attempt: number
  ): Promise<Result<unknown>> {
    const named = Object.entries(values).map(([entity, value]) => ({
      entity: attempt === 0 || entity.startsWith('task/') ? entity : `${entity}-again${String(attempt)}`,
      field: 'text',
      value
    }))
    const claims = named.map(({ entity, value }) => this.#diary.ask(`${mission} ${entity}`, value))
    this.#diary.together.push(claims.filter(({ key }) => !key.includes('task/')).map(({ key }) => key))
    const answer = await this.#node.engine.commands.write({ missionId: mission, changes: named })
    this.#diary.answer(claims, answer)
    return answer
  }

  /** What another writes; saved here when it is shown here. */
  async receive(from: FieldNode, mission: MissionId, values: Readonly<Record<string, string>>): Promise<void> {
    await this.#field.until('the other may write', () => from.mission(mission)?.role !== undefined)
    const claims = Object.entries(values).map(([entity, value]) => this.#diary.ask(`${mission} ${entity}`, value))
    const changes = Object.entries(values).map(([entity, value]) => ({ entity, field: 'text', value }))
    const written = await this.#field.during(from.engine.commands.write({ missionId: mission, changes }))
    if (!written.ok) throw new Error(written.problem.message)
    await this.#field.untilInStep(mission, from, this.#node)
    this.#diary.answer(claims, ok(null))
  }
}

/** What a node shows, by the keys of the diary. */
async function shownBy(node: FieldNode, missions: readonly MissionId[]): Promise<ReadonlyMap<string, string>> {
  const shown = new Map<string, string>()
  const { overview } = node
  shown.set('laptop', overview.node.settings.laptop || nothing)
  for (const { nodeId, level } of overview.peers)
    if (level === 'trusted' || level === 'revoked') shown.set(`level ${nodeId}`, level)
  for (const { address } of overview.targets) shown.set(`target ${address}`, 'there')
  for (const { id } of overview.missions) shown.set(`mission ${id}`, 'there')
  for (const missionId of missions)
    for (const type of ['log', 'task'])
      for (let offset = 0, total = 1; offset < total; offset += 200) {
        const query = { missionId, type, offset, limit: 200, order: 'oldest' } as const
        const page = await node.engine.commands.listEntities(query)
        if (!page.ok) break
        total = page.value.total
        for (const { entity, fields } of page.value.items)
          shown.set(`${missionId} ${entity}`, valuesOf(fields[0]?.values ?? []))
      }
  return shown
}

function valuesOf(values: readonly { readonly value: Json }[]): string {
  return values.map(({ value }) => String(value)).join(' and ')
}

/** Compares what a node shows with what it must. Reports all that differs in one error. */
export async function expectKept(node: FieldNode, diary: Diary, at: number, where: string): Promise<void> {
  const shown = await shownBy(node, diary.missions)
  const faults: string[] = []
  for (const [key, values] of diary.allowed(at)) {
    const value = shown.get(key) ?? nothing
    if (!values.has(value)) faults.push(`${key}: "${value}" instead of "${[...values].join('" or "')}"`)
  }
  for (const keys of diary.together) {
    const there = keys.filter((key) => shown.has(key)).length
    if (there !== 0 && there !== keys.length)
      faults.push(`${String(there)} of ${String(keys.length)}, which were written in one call: ${keys[0] ?? ''}`)
  }
  expect(faults, where).toEqual([])
}

/** Starts on what is left after `at` steps of a day, and judges it. */
export async function judge(day: Day, image: Image, at: number, where: string): Promise<void> {
  const { diary, peerCopies } = day
  // Another life: what was drawn by chance in that day is not drawn again.
  const field = new Field(day.seed + 1_000 + at)
  const volume = new Volume(image)
  const alpha = nodeOn(field, 'alpha', createFileDisk(volume.mount))
  const started = await tryStart(alpha)
  if (!started.ok) throw new Error(`${where}: not started: ${started.problem.code} ${started.problem.detail ?? ''}`)
  const problems = alpha.overview.health.problems.filter(({ code }) => damage.includes(code))
  expect(problems, `${where}: a power cut taken for damage`).toEqual([])
  await expectKept(alpha, diary, at, where)

  const mission = alpha.overview.missions[0]?.id ?? (await alpha.createMission('after the power cut'))
  await alpha.write(mission, 'log/after', 'text', 'after the power cut')

  const peerDisk = new SimDisk(field.random, field.time)
  peerDisk.restore(peerCopies.findLast(({ from }) => from <= at)?.files ?? new Map())
  const bravo = nodeOn(field, 'bravo', peerDisk)
  await bravo.start()
  await alpha.add(bravo)
  if (alpha.peer(bravo)?.level === 'trusted' && bravo.peer(alpha)?.level === 'trusted') {
    for (const { id } of alpha.overview.missions) await field.untilInStep(id, alpha, bravo)
    expect(await bravo.values(mission, 'log/after', 'text'), where).toEqual(['after the power cut'])
  }
  await expectKept(alpha, diary, at, `${where}, in step`)
  await field.stop()

  const again = await tryStart(alpha)
  if (!again.ok) throw new Error(`${where}: not started again: ${again.problem.code} ${again.problem.detail ?? ''}`)
  await expectKept(alpha, diary, at, `${where}, started again`)
  expect(await alpha.values(mission, 'log/after', 'text'), where).toEqual(['after the power cut'])
  await field.stop()
  volume.unmount()
}
