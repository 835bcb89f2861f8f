// @vitest-environment happy-dom
import { flushPromises } from '@vue/test-utils'
import { afterEach, describe, expect, it } from 'vitest'
import type { Component } from 'vue'
import type { ChangeName, EntityView, HistoryEntry, Json, MissionSummary, NodeId } from '@shared/model'
import { ok } from '@shared/result'
import DeletedSheet from '@/components/DeletedSheet.vue'
import HistoryRow from '@/components/HistoryRow.vue'
import LogEntry from '@/components/LogEntry.vue'
import MissionConflicts from '@/components/MissionConflicts.vue'
import TaskRow from '@/components/TaskRow.vue'
import { askedSayings } from '@/facts/asked'
import { useNoticesStore } from '@/stores/notices'
import { missionIdOf, nodeIdOf, richField } from '../window/recorded'
import { mountPart, type Mounted } from './mounting'

let mounted: Mounted | undefined
afterEach(() => {
  mounted?.wrapper.unmount()
  document.body.innerHTML = ''
})

const recorded = richField(Date.now())
const own = recorded.overview.node.nodeId
const delta = nodeIdOf(3)
const fire = recorded.overview.missions.find(({ id }) => id === missionIdOf(1)) as MissionSummary
/** As a member sees it whose deletions are requests. */
const asking: MissionSummary = { ...fire, role: 'subscriber', asksToDelete: true }

type Written = readonly [value: Json, author: NodeId, authorName: string]

function entityWith(entity: string, fields: Readonly<Record<string, readonly Written[]>>): EntityView {
  return {
    ...{ entity, createdAt: 1, createdBy: own, createdByName: 'OSC Sežana', deleted: false },
    fields: Object.entries(fields).map(([field, values]) => ({
      field,
      values: values.map(([value, author, authorName], index) => ({
        ...{ name: `${field}.${String(index)}` as ChangeName, value, author, authorName, at: 1 }
      }))
    }))
  }
}

const title: Written = ['Check the bridge', own, 'OSC Sežana']
const byDelta: Written = [true, delta, 'delta']
const byMe: Written = [true, own, 'OSC Sežana']

function button(words: string): HTMLButtonElement {
  const found = [...document.querySelectorAll('button')].find(
    (item) => (item.getAttribute('aria-label') ?? item.textContent?.trim()) === words
  )
  if (found === undefined) throw new Error(`there is no button "${words}"`)
  return found
}

async function open(part: Component, props: Readonly<Record<string, unknown>>): Promise<Mounted> {
  mounted = await mountPart(part, { props })
  await flushPromises()
  return mounted
}

async function press(words: string): Promise<void> {
  button(words).click()
  await flushPromises()
}

const shown = (): string => document.body.textContent ?? ''
const written = (): unknown =>
  mounted?.called.flatMap(({ name, argument }) =>
    name === 'write' ? (argument as { changes: readonly unknown[] }).changes : []
  )

describe('requests to delete', () => {
  it('are listed beside the conflicts, with yes and no', async () => {
    const entity = entityWith('task/1', { title: [title], deletionAsked: [byDelta] })
    mounted = await mountPart(MissionConflicts, { props: { mission: fire } })
    mounted.answer('listAsked', ok({ version: 2, total: 1, items: [{ entity, at: 1, by: delta, byName: 'delta' }] }))
    await mounted.wrapper.setProps({ mission: { ...fire, version: fire.version + 1 } })
    await flushPromises()
    expect(shown()).toMatch(/Asked to be deleted\s*1\s*Task\s*Check the bridge\s*delta, /)
    await press('Keep Check the bridge')
    expect(written()).toEqual([
      { entity: 'task/1', field: 'deletionAsked', value: false, seen: ['deletionAsked.0'] },
      { entity: 'task/1', field: 'deleted', value: false, seen: ['deletionAsked.0'] }
    ])
    await press('Delete Check the bridge')
    expect(written()).toContainEqual({ entity: 'task/1', field: 'deleted', value: true, seen: [] })
  })

  it('are listed without answers for who may not delete either', async () => {
    const entity = entityWith('task/1', { title: [title], deletionAsked: [byDelta] })
    mounted = await mountPart(MissionConflicts, { props: { mission: asking } })
    mounted.answer('listAsked', ok({ version: 2, total: 1, items: [{ entity, at: 1, by: delta, byName: 'delta' }] }))
    await mounted.wrapper.setProps({ mission: { ...asking, version: fire.version + 1 } })
    await flushPromises()
    expect(shown()).toContain('Asked to be deleted')
    expect(() => button('Keep Check the bridge')).toThrow()
  })

  it('stand on what they are about, with who asks', async () => {
    await open(TaskRow, { task: entityWith('task/1', { title: [title] }), mission: fire, open: true })
    expect(shown()).not.toContain('to delete')
    button('Delete')
    mounted?.wrapper.unmount()
    const log = entityWith('log/1', { text: [title], deletionAsked: [byDelta, byMe] })
    await open(LogEntry, { entity: log, mission: fire, editing: false, position: 1, total: 1 })
    expect(shown()).toContain('delta asks to delete this')
    expect(shown()).toContain('You asked to delete it')
  })

  it('are made by who may not delete, and can be taken back', async () => {
    const task = entityWith('task/1', { title: [title], deletionAsked: [byDelta] })
    await open(TaskRow, { task, mission: asking, open: true })
    mounted?.answer('write', ok({ changes: [{ name: 'mine.1' }] }))
    await press('Ask to delete')
    expect(written()).toEqual([{ entity: 'task/1', field: 'deleted', value: true, seen: [] }])
    expect(useNoticesStore().toast?.text.key).toBe('asked.done')
    useNoticesStore().toast?.action?.act()
    await flushPromises()
    expect(written()).toContainEqual({ entity: 'task/1', field: 'deleted', value: false, seen: ['mine.1'] })
    mounted?.wrapper.unmount()

    const asked = entityWith('task/1', { title: [title], deletionAsked: [byDelta, byMe] })
    await open(TaskRow, { task: asked, mission: asking, open: true })
    expect(shown()).toContain('You asked to delete it')
    await press('Take the request back')
    // Of the two who ask only this one does not any more.
    expect(written()).toEqual([{ entity: 'task/1', field: 'deleted', value: false, seen: ['deletionAsked.1'] }])
  })

  it('are no way to bring back what others deleted', async () => {
    const entity = { ...entityWith('task/1', { title: [title], deleted: [byDelta] }), deleted: true }
    const page = ok({ version: 1, total: 1, items: [{ entity, at: 1, by: delta, byName: 'delta' }] })
    for (const [mission, count] of [
      [fire, 1],
      [asking, 0]
    ] as const) {
      mounted = await mountPart(DeletedSheet, { props: { mission } })
      mounted.answer('listDeleted', page)
      await mounted.wrapper.setProps({ mission: { ...mission, version: mission.version + 1 } })
      await flushPromises()
      const restoring = [...document.querySelectorAll('button')].filter((one) => one.textContent?.includes('Restore'))
      expect(restoring.length).toBe(count)
      mounted.wrapper.unmount()
      document.body.innerHTML = ''
    }
  })

  it('are told in the history', async () => {
    const entry = (value: boolean): HistoryEntry => ({
      ...{ name: 'x' as ChangeName, author: delta, authorName: 'delta', at: 1, tak: {} },
      change: {
        ...{ kind: 'set', entity: 'task/1', createdAt: 1, title: 'Check the bridge', field: 'deletionAsked', value },
        ...{ replaces: [], isFirst: false, isCurrent: true }
      }
    })
    await open(HistoryRow, { entry: entry(true), mission: fire })
    expect(shown()).toContain('asked to delete')
    mounted?.wrapper.unmount()
    await open(HistoryRow, { entry: entry(false), mission: fire })
    expect(shown()).toContain('not asked to delete any more')
  })

  it('name each who asks once, and nobody of what is deleted or of what was kept', () => {
    const keysOf = (entity: EntityView) => askedSayings(entity, own).map(({ key, count }) => [key, count])
    const echo: Written = [true, nodeIdOf(4), 'echo']
    expect(keysOf(entityWith('task/1', { deletionAsked: [byDelta, byDelta, echo] }))).toEqual([['asked.others', 2]])
    expect(keysOf(entityWith('task/1', { deletionAsked: [[false, delta, 'delta']] }))).toEqual([])
    expect(keysOf({ ...entityWith('task/1', { deletionAsked: [byMe] }), deleted: true })).toEqual([])
  })
})
