/** What a mounted part of the window needs: stores filled from a recorded field, texts, routes, and a client that records. */
import { mount, type VueWrapper } from '@vue/test-utils'
import { createPinia, setActivePinia } from 'pinia'
import type { Component } from 'vue'
import type { ArgumentOf, CommandName, EngineClient } from '@shared/contract'
import { applyFeed, type FeedMessage, type FeedState, type OverviewChange } from '@shared/feed'
import { fail, ok, type Result } from '@shared/result'
import type { WindowClient } from '@/engine-client'
import { createText, type LocaleName } from '@/i18n'
import { createWindowRouter } from '@/router'
import { useFeedStore } from '@/stores/feed'
import { richField, type Recorded } from '../window/recorded'
import { lackedIn, previewOf, storyOf, tasksIn } from '../window/recorded-standing'
import { noBundles } from './no-bundles'

export interface Called {
  readonly name: CommandName
  readonly argument: unknown
}

export interface Mounted {
  readonly wrapper: VueWrapper
  /** But for questions what a scope would do, which are asked with every edit. */
  readonly called: readonly Called[]
  /** Those. */
  readonly previewed: readonly ArgumentOf<'previewScope'>[]
  say(...changes: readonly OverviewChange[]): void
  /** The next call of this name gets this answer. */
  answer(name: CommandName, result: Result<unknown>): void
  /** The next call of this name gets its answer at `release`. */
  hold(name: CommandName): void
  release(): void
}

export interface MountOptions {
  readonly props?: Readonly<Record<string, unknown>>
  readonly recorded?: Recorded
  readonly locale?: LocaleName
  readonly path?: string
}

/** Where nothing is laid out nothing has a size, and a long list draws nothing: boxes of 5,000 pixels and rows of 55. */
export function giveSizes(): () => void {
  const sizes = { clientHeight: 5_000, offsetHeight: 55 }
  for (const [name, size] of Object.entries(sizes))
    Object.defineProperty(HTMLElement.prototype, name, { configurable: true, get: () => size })
  return () => Object.keys(sizes).forEach((name) => Reflect.deleteProperty(HTMLElement.prototype, name))
}

export async function mountPart(part: Component, options: MountOptions = {}): Promise<Mounted> {
  const recorded = options.recorded ?? richField(Date.now())
  const called: Called[] = []
  const previewed: ArgumentOf<'previewScope'>[] = []
  const answers = new Map<CommandName, Result<unknown>>()
  let held: CommandName | undefined
  let release: () => void = () => undefined
  let state: FeedState | undefined
  let listener: (message: FeedMessage) => void = () => undefined

  const client: WindowClient = {
    call: (async (name: CommandName, argument: unknown) => {
      if (name === 'previewScope') previewed.push(argument as ArgumentOf<'previewScope'>)
      else called.push({ name, argument })
      const prepared = answers.get(name)
      answers.delete(name)
      if (held === name) {
        held = undefined
        await new Promise<void>((resolve) => (release = resolve))
      }
      return prepared ?? usualAnswer(recorded, name, argument)
    }) as EngineClient['call'],
    subscribe: (next) => {
      listener = next
      return () => undefined
    },
    onConnection: (next) => {
      next({ state: 'open' })
      return () => undefined
    },
    tile: () => Promise.resolve(undefined),
    reconnect: () => undefined,
    bundles: noBundles
  }
  const deliver = (message: FeedMessage): void => {
    state = applyFeed(state, message)
    listener(message)
  }

  const pinia = createPinia()
  setActivePinia(pinia)
  const router = createWindowRouter()
  await router.push(options.path ?? '/peers')
  useFeedStore().start(client)
  deliver({ type: 'snapshot', revision: 1, overview: recorded.overview })
  const wrapper = mount(part, {
    attachTo: document.body,
    props: options.props ?? {},
    global: { plugins: [pinia, createText(options.locale), router] }
  })
  return {
    wrapper,
    called,
    previewed,
    say: (...changes) => deliver({ type: 'changes', revision: (state?.revision ?? 0) + 1, changes }),
    answer: (name, result) => void answers.set(name, result),
    hold: (name) => void (held = name),
    release: () => release()
  }
}

function usualAnswer(recorded: Recorded, name: CommandName, argument: unknown): Result<unknown> {
  const {
    missionId,
    type,
    offset = 0,
    limit = 50
  } = (argument ?? {}) as { missionId?: never; type?: string; offset?: number; limit?: number }
  const mission = missionId === undefined ? undefined : recorded.missions.get(missionId)
  if (name === 'previewScope') return ok(previewOf(recorded.overview, argument as ArgumentOf<'previewScope'>))
  if (name === 'trustStory') {
    const story = storyOf(recorded.overview, recorded.audit, (argument as ArgumentOf<'trustStory'>).nodeId)
    return story === undefined ? fail('not-found') : ok(story)
  }
  if (name === 'listOnlyHere') {
    const page = lackedIn(recorded, recorded.overview, argument as ArgumentOf<'listOnlyHere'>)
    return page === undefined ? fail('mission-unknown') : ok(page)
  }
  if (name === 'listHistory') return ok({ entries: [], searched: 1 })
  if (name === 'listForks') return ok({ forks: [] })
  if (name === 'listDeleted') return ok({ version: 1, total: 0, items: [] })
  if (name === 'listBeyond') return ok({ total: 0, lines: [] })
  if (name === 'listSnapshots') return ok({ snapshots: recorded.snapshots })
  if (name === 'listAudit')
    return ok({ total: recorded.audit.length, items: recorded.audit.slice(offset, offset + limit) })
  if (name === 'listEntities') {
    const found = (mission?.entities ?? []).filter((item) => item.entity.startsWith(`${type}/`))
    return ok({ version: 1, total: found.length, offset, items: found.slice(offset, offset + limit) })
  }
  if (name === 'listTasks') return ok({ version: 1, ...tasksIn(mission?.entities ?? [], offset, limit) })
  if (name === 'listConflicts') {
    const items = (mission?.entities ?? []).flatMap((item) =>
      item.fields
        .filter((field) => field.values.length > 1)
        .map((field) => ({ entity: item.entity, createdAt: item.createdAt, field }))
    )
    return ok({ version: 1, total: items.length, offset, items: items.slice(offset, offset + limit) })
  }
  if (name === 'listDeletedEdits') return ok({ items: [] })
  if (name === 'previewBoundary') return ok({ total: 0, effects: [] })
  if (name === 'listAsked') return ok({ version: 1, total: 0, items: [] })
  if (name === 'viewMission') {
    const summary = recorded.overview.missions.find((item) => item.id === missionId)
    const entity = mission?.entities.find((item) => item.entity === 'mission')
    if (summary === undefined || entity === undefined) return fail('mission-unknown')
    return ok({ ...summary, entity, memberList: mission?.members ?? [], unknownKinds: [] })
  }
  return ok(name === 'write' ? { changes: [] } : null)
}
