/** The settlings of this window, so that the last one can be undone until somebody writes over it. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'
import type { ChangeName, ConflictView, FieldValue, Json, MissionId } from '@shared/model'
import type { Result } from '@shared/result'
import { saying } from '../i18n'
import type { Settlement } from '../facts/settled'
import { useFeedStore } from './feed'
import { useMissionsStore } from './missions'
import { useNoticesStore } from './notices'

/** Pages of history in which the sides of a settlement are looked for. */
const pagesMost = 25

interface Settled {
  readonly missionId: MissionId
  readonly entity: string
  readonly field: string
  /** The sides that stood beside each other. */
  readonly values: readonly Pick<FieldValue, 'name' | 'value'>[]
  /** The write that settled it. */
  readonly name: ChangeName
}

export const useSettlingStore = defineStore('settling', () => {
  const feed = useFeedStore()
  const missions = useMissionsStore()
  const notices = useNoticesStore()
  const last = shallowRef<Settled>()

  /** @param values those that the person saw: the write replaces these and no others. */
  async function settle(
    missionId: MissionId,
    { entity, field: { field } }: ConflictView,
    values: readonly FieldValue[],
    value: Json
  ): Promise<Result<unknown>> {
    const seen = values.map(({ name }) => name)
    const result = await missions.write(missionId, [{ entity, field, value, seen }])
    const name = result.ok ? result.value.changes[0]?.name : undefined
    if (name !== undefined) last.value = { missionId, entity, field, values, name }
    return result
  }

  /**
   * A write cannot be taken back: every side is written again, each replacing only the settling one, so that they stand
   * beside each other as before.
   */
  async function undo(settled: Settled | undefined = last.value): Promise<void> {
    if (settled === undefined) return
    last.value = undefined
    const { missionId, entity, field, values, name } = settled
    const history = await feed.call('listHistory', { missionId, entity, field, limit: 200 })
    const current = history.ok
      ? history.value.entries.filter(({ change }) => change.kind === 'set' && change.isCurrent)
      : []
    if (current.length !== 1 || current[0]?.name !== name) return notices.show(saying('conflict.notUndone'))
    const result = await missions.write(
      missionId,
      values.map(({ value }) => ({ entity, field, value, seen: [name] }))
    )
    notices.show(saying(result.ok ? 'conflict.undone' : 'conflict.notUndone'))
  }

  /** The same for a settlement from the history, whoever wrote it; its sides are looked up there. */
  async function undoEntry(missionId: MissionId, { name, change }: Settlement): Promise<void> {
    const { entity, field, replaces } = change
    const sides = new Map<ChangeName, Json>()
    let before: { readonly before?: string } = {}
    for (let pages = 0; pages < pagesMost && sides.size < replaces.length; pages++) {
      const page = await feed.call('listHistory', { missionId, entity, field, limit: 200, ...before })
      if (!page.ok) break
      for (const { name: side, change: written } of page.value.entries)
        if (written.kind === 'set' && replaces.includes(side)) sides.set(side, written.value)
      if (page.value.next === undefined) break
      before = { before: page.value.next }
    }
    if (sides.size < replaces.length) return notices.show(saying('conflict.sidesNotFound'))
    const values = [...sides].map(([side, value]) => ({ name: side, value }))
    await undo({ missionId, entity, field, values, name })
  }

  return { last, settle, undo, undoEntry }
})
