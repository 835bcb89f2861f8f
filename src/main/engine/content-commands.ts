/** Commands about files of missions: how they stand, which are wanted, what can be shown of them. */
import type { CommandHandlers } from '@shared/contract.js'
import type { ContentPreview, ContentView, EntityPage, EntityView, NodeId } from '@shared/model.js'
import { fail, ok, type Result } from '@shared/result.js'
import type { Contents } from './content/contents.js'
import { contentFacts, sha256Of } from './content/facts.js'
import { headBytes, judge, pictureBytesMost, textOf } from './content/preview.js'
import type { ContentStore } from './content/store.js'
import type { Mission } from './missions/mission.js'
import type { Missions } from './missions/missions.js'
import { filtered } from './missions/search.js'
import { entityPage, type EntityQuery } from './missions/views.js'
import type { Clock } from './runtime/clock.js'
import { kept } from './storage/disk.js'

export interface ContentCommandParts {
  readonly clock: Clock
  readonly missions: Missions
  readonly store: ContentStore
  readonly contents: Contents
  readonly nameOf: (mission: Mission, node: NodeId) => string
}

export function createContentCommands({
  clock,
  missions,
  store,
  contents,
  nameOf
}: ContentCommandParts): Pick<CommandHandlers, 'listContents' | 'wantContent' | 'previewContent'> {
  function view(mission: Mission, entity: EntityView): ContentView {
    const file = sha256Of(entity.entity)
    const holders = contents
      .holders(mission.id, file)
      .map((holder) => ({ ...holder, callsign: nameOf(mission, holder.nodeId) }))
    const size = store.has(mission.id, file) ? store.sizeOf(file) : undefined
    const isWanted = store.isWanted(mission.id, file)
    if (size !== undefined) return { entity, file, state: 'here', size, bytes: size, sources: 0, isWanted, holders }
    const standing = contents.standing(mission.id, file, contentFacts(entity))
    const { state, bytes, sources, bytesPerSecond, problem } = standing
    return {
      ...{ entity, file, state, bytes, sources, isWanted, holders },
      ...(standing.size === undefined ? {} : { size: standing.size }),
      ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
      ...(problem === undefined ? {} : { problem })
    }
  }
  async function pageOf(mission: Mission, filter: string, query: EntityQuery): Promise<EntityPage> {
    const { fold, found } = await filtered(mission, clock, filter)
    return entityPage(mission, fold, query, found)
  }
  async function preview(file: string): Promise<ContentPreview> {
    const size = store.sizeOf(file) ?? 0
    const head = await bytesOf(store, file, Math.min(size, headBytes))
    const isWhole = head.length === size
    const shown = judge(head, isWhole)
    if (shown.kind === 'text') return { kind: 'text', text: textOf(head, isWhole) ?? '', isWhole }
    if (shown.kind === 'other') return { kind: 'none', reason: 'other' }
    if (size > pictureBytesMost) return { kind: 'none', reason: 'large' }
    return { kind: 'picture', mime: shown.mime, data: (await bytesOf(store, file, size)).toString('base64') }
  }
  return {
    async listContents({ missionId, filter = '', ...query }) {
      const mission = missions.get(missionId)
      if (mission === undefined) return fail('mission-unknown')
      const page = await kept(pageOf(mission, filter, { type: 'content', ...query }))
      if (!page.ok) return page
      return ok({ ...page.value, items: page.value.items.map((entity) => view(mission, entity)) })
    },
    async wantContent({ missionId, file, isWanted }) {
      if (missions.get(missionId) === undefined) return fail('mission-unknown')
      const wanted: Result<void> = await kept(contents.want(missionId, file, isWanted))
      return wanted.ok ? ok(null) : wanted
    },
    async previewContent({ missionId, file }) {
      if (missions.get(missionId) === undefined) return fail('mission-unknown')
      if (!store.has(missionId, file)) return fail('content-not-here')
      return kept(preview(file))
    }
  }
}

async function bytesOf(store: ContentStore, file: string, length: number): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of store.read(file, 0, length)) parts.push(part)
  return Buffer.concat(parts)
}
