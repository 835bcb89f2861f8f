/** The bytes of files for hosts: in, as one change when they are durable, and out, for a mission by which they entered. */
import type { MissionId } from '@shared/model.js'
import { fail, ok, type Problem, type Result } from '@shared/result.js'
import type { Contents } from './content/contents.js'
import { contentFacts } from './content/facts.js'
import { headBytes, judge } from './content/preview.js'
import type { ContentStore, Stored } from './content/store.js'
import type { Missions } from './missions/missions.js'
import { entityOf } from './missions/views.js'
import { kept } from './storage/disk.js'

export interface ContentAccessParts {
  readonly missions: Missions
  readonly store: ContentStore
  readonly contents: Contents
  readonly readOnly: Problem | undefined
}

export interface NewContent {
  /** As people see it; 1 to 255 characters. */
  readonly name: string
  /** A claim; left out: unknown. */
  readonly mime?: string | undefined
  /** In bytes, if it is known: what does not fit is refused at once. */
  readonly length?: number | undefined
}

export interface OpenContent extends Stored {
  readonly name: string
  /** By its bytes: a picture or a text that is harmless to show, else bytes. */
  readonly type: string
  /** Rejects when what is stored is not the file any more. */
  read(from: number, to: number): AsyncGenerator<Buffer>
}

const nameLengthMost = 255
const mimePattern = /^[\w.+-]{1,64}\/[\w.+-]{1,64}$/

export class ContentAccess {
  readonly #parts: ContentAccessParts

  constructor(parts: ContentAccessParts) {
    this.#parts = parts
  }

  /** Reads the source to its end; answers when bytes and change are durable. The same bytes twice are one file. */
  async add(id: MissionId, { name, mime, length }: NewContent, source: AsyncIterable<Buffer>): Promise<Result<Stored>> {
    const { missions, store, contents, readOnly } = this.#parts
    if (readOnly !== undefined) return { ok: false, problem: readOnly }
    const mission = missions.get(id)
    if (mission === undefined) return fail('mission-unknown')
    const refused = mission.writeProblem()
    if (refused !== undefined) return fail(refused)
    if (name === '' || !name.isWellFormed() || [...name].length > nameLengthMost)
      return fail('bad-request', `name: 1 to ${String(nameLengthMost)} characters`)
    const added = await store.add(id, source, length)
    if (!added.ok) return added
    const { sha256, size } = added.value
    const entity = `content/${sha256}`
    const fold = await kept(mission.fold())
    const isDeleted = fold.ok && fold.value.entity(entity)?.deleted === true
    const written = await mission.write([
      { entity, field: 'name', value: name },
      { entity, field: 'size', value: size },
      ...(mime !== undefined && mimePattern.test(mime) ? [{ entity, field: 'mime', value: mime }] : []),
      ...(isDeleted ? [{ entity, field: 'deleted', value: false }] : [])
    ])
    if (!written.ok) return written
    contents.entered(id, sha256)
    return added
  }

  async open(id: MissionId, sha256: string): Promise<Result<OpenContent>> {
    const { missions, store } = this.#parts
    const mission = missions.get(id)
    if (mission === undefined) return fail('mission-unknown')
    const size = store.sizeOf(sha256)
    if (size === undefined || !store.has(id, sha256)) return fail('content-not-here')
    const read = (from: number, to: number) => store.read(sha256, from, to)
    const facts = await kept(mission.fold().then((fold) => entityOf(mission, fold, `content/${sha256}`)))
    if (!facts.ok) return facts
    const head = await kept(firstOf(read(0, Math.min(size, headBytes))))
    if (!head.ok) return head
    const shown = judge(head.value, size <= headBytes)
    const texts = { text: 'text/plain; charset=utf-8', other: 'application/octet-stream' }
    const type = shown.kind === 'picture' ? shown.mime : texts[shown.kind]
    const name = facts.value === undefined ? '' : contentFacts(facts.value).name
    return ok({ sha256, size, name, type, read })
  }
}

async function firstOf(parts: AsyncGenerator<Buffer>): Promise<Buffer> {
  for await (const part of parts) return part
  return Buffer.alloc(0)
}
