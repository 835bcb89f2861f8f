/** Stories of tasks: however many there are, a page of them is what a person sees first, in one order everywhere. */
import { afterEach, describe, expect, it } from 'vitest'
import type { EntityView, Json, MissionId, WriteRequest } from '@shared/model.js'
import { compareTasks, isTaskDone, taskStanding } from '@shared/task-order.js'
import { Field, type FieldNode } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

const hourMs = 3_600_000

async function write(node: FieldNode, missionId: MissionId, changes: readonly WriteRequest[]) {
  expect((await field.during(node.engine.commands.write({ missionId, changes }))).ok).toBe(true)
}

function task(id: string, fields: Readonly<Record<string, Json>>): readonly WriteRequest[] {
  return Object.entries(fields).map(([name, value]) => ({ entity: `task/${id}`, field: name, value }))
}

async function page(node: FieldNode, missionId: MissionId, offset: number, limit: number) {
  const listed = await field.during(node.engine.commands.listTasks({ missionId, offset, limit }))
  if (!listed.ok) throw new Error(listed.problem.code)
  return listed.value
}

/** All of them, by small pages. */
async function all(node: FieldNode, missionId: MissionId, limit: number): Promise<readonly EntityView[]> {
  const found: EntityView[] = []
  for (;;) {
    const { total, items } = await page(node, missionId, found.length, limit)
    found.push(...items)
    if (found.length >= total) return found
  }
}

describe('tasks', () => {
  it('stand in one order on every laptop, whichever page is asked for', async () => {
    field = new Field(71)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const mission = (await alpha.createMission('Karst Ridge Fire')) as MissionId
    await field.until('both are members', () => bravo.mission(mission)?.role !== undefined)
    const states = ['open', 'work', 'done', 'on hold', null]
    for (let from = 0; from < 450; from += 150)
      await write(
        alpha,
        mission,
        Array.from({ length: 150 }, (_, index) => from + index).flatMap((number) =>
          task(`t${String(number)}`, {
            title: `Task ${String(number)}`,
            state: states[number % states.length] ?? null,
            ...(number % 3 === 0 ? {} : { due: ((number * 7919) % 450) * hourMs }),
            ...(number % 50 === 1 ? { due: 'tomorrow' } : {})
          })
        )
      )
    await field.untilInStep(mission, alpha, bravo)
    // Each says another state of one task, without knowing of the other.
    const state = (node: FieldNode, value: string) =>
      node.engine.commands.write({
        missionId: mission,
        changes: [{ entity: 'task/t7', field: 'state', value, seen: [] }]
      })
    await field.during(Promise.all([state(alpha, 'done'), state(bravo, 'work')]))
    await write(bravo, mission, task('t8', { deleted: true }))
    await field.untilInStep(mission, alpha, bravo)

    const shown = await all(alpha, mission, 37)
    expect(shown).toHaveLength(449)
    expect(new Set(shown.map(({ entity }) => entity)).size).toBe(449)
    expect(shown[0]?.entity).toBe('task/t7')
    for (const [index, one] of shown.entries()) {
      const next = shown[index + 1]
      if (next !== undefined) expect(compareTasks(taskStanding(one), taskStanding(next))).toBeLessThanOrEqual(0)
    }
    expect((await page(alpha, mission, 0, 1)).open).toBe(shown.filter((one) => !isTaskDone(one)).length)
    expect((await all(bravo, mission, 200)).map(({ entity }) => entity)).toEqual(shown.map(({ entity }) => entity))
  })

  it('move when their state or time changes, and go when they are deleted', async () => {
    field = new Field(72)
    const [alpha] = (await field.chain('alpha')) as [FieldNode]
    const mission = (await alpha.createMission('Karst Ridge Fire')) as MissionId
    await write(alpha, mission, [
      ...task('a', { title: 'a', state: 'open', due: 1 * hourMs }),
      ...task('b', { title: 'b', state: 'open', due: 2 * hourMs }),
      ...task('c', { title: 'c', state: 'open' })
    ])
    const order = async () => (await page(alpha, mission, 0, 10)).items.map(({ entity }) => entity.slice(5)).join('')
    expect(await order()).toBe('abc')
    await write(alpha, mission, task('a', { state: 'done' }))
    expect(await order()).toBe('bca')
    await write(alpha, mission, task('c', { due: hourMs }))
    expect(await order()).toBe('cba')
    await write(alpha, mission, task('b', { deleted: true }))
    expect(await order()).toBe('ca')
    await write(alpha, mission, task('b', { deleted: false }))
    expect(await order()).toBe('cba')
    expect(await page(alpha, mission, 5, 10)).toMatchObject({ total: 3, open: 2, items: [] })
  })
})
