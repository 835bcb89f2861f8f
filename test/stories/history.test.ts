/** Stories of what was written when, by whom, and what stands beside what; told in the simulated field. */
import { afterEach, describe, expect, it } from 'vitest'
import type { AnswerOf, ArgumentOf, CommandName } from '@shared/contract.js'
import type { ConflictView, HistoryEntry, MissionId } from '@shared/model.js'
import type { Result } from '@shared/result.js'
import { Field, type FieldNode } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

const hour = 3_600_000
const week = 7 * 24 * hour

async function ask<Name extends CommandName>(
  node: FieldNode,
  name: Name,
  argument: ArgumentOf<Name>
): Promise<AnswerOf<Name>> {
  const handler = node.engine.commands[name] as (argument: ArgumentOf<Name>) => Promise<Result<AnswerOf<Name>>>
  const answer = await field.during(handler(argument))
  if (!answer.ok) throw new Error(`${node.name}: ${answer.problem.code} ${answer.problem.detail ?? ''}`)
  return answer.value
}

/** Every page of it, as the window asks for them. */
async function history(node: FieldNode, missionId: MissionId, of: { entity?: string; field?: string } = {}, limit = 7) {
  const entries: HistoryEntry[] = []
  for (let before: string | undefined, isFirst = true; isFirst || before !== undefined; isFirst = false) {
    const page = await ask(node, 'listHistory', {
      missionId,
      ...of,
      limit,
      ...(before === undefined ? {} : { before })
    })
    entries.push(...page.entries)
    before = page.next
  }
  return entries
}

async function conflicts(node: FieldNode, missionId: MissionId): Promise<readonly ConflictView[]> {
  const found: ConflictView[] = []
  for (let total = 1; found.length < total;) {
    const page = await ask(node, 'listConflicts', { missionId, offset: found.length, limit: 3 })
    found.push(...page.items)
    total = page.total
  }
  return found
}

async function past(node: FieldNode, missionId: MissionId, at: number) {
  for (;;) {
    const view = await ask(node, 'openPast', { missionId, at })
    if (view.state === 'ready') return view
  }
}

function written({ change }: HistoryEntry): string {
  return change.kind === 'set' ? `${change.entity} ${change.field} ${JSON.stringify(change.value)}` : change.kind
}

describe('four authors over a week apart', () => {
  it('end with equal views, the same conflicts everywhere, and a history in which nothing is missing', async () => {
    field = new Field(501)
    const nodes = await field.chain('alpha', 'bravo', 'charlie', 'delta')
    const [alpha, bravo, charlie, delta] = nodes as [FieldNode, FieldNode, FieldNode, FieldNode]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, ...nodes)
    await field.until('all may write', () => nodes.every((node) => node.mission(mission)?.role !== undefined))
    await alpha.write(mission, 'task/1', 'title', 'Evacuate Opatje selo')
    await alpha.write(mission, 'task/1', 'state', 'open')
    await alpha.write(mission, 'log/1', 'text', 'Wind 310°, 12 kn')
    await field.untilInStep(mission, ...nodes)

    for (const [index, one] of nodes.entries()) for (const other of nodes.slice(index + 1)) field.cut(one, other)
    const texts: string[] = []
    const states = ['done', 'work', 'done', 'work']
    for (let day = 0; day < 7; day++) {
      for (const [index, node] of nodes.entries()) {
        const text = `day ${String(day)} of ${node.name}`
        texts.push(text)
        await node.write(mission, `log/${node.name}-${String(day)}`, 'text', text)
        if (day === index) await node.write(mission, 'task/1', 'state', states[index] ?? '')
        if (day === 3) await node.write(mission, 'log/1', 'text', `Wind ${String(310 + index)}°`)
      }
      await field.time.run(24 * hour)
    }
    // Clocks that are wrong decide nothing.
    charlie.wall.offsetMs = -20 * week
    await charlie.write(mission, 'log/late', 'text', 'written with a wrong clock')
    for (const [index, one] of nodes.entries()) for (const other of nodes.slice(index + 1)) field.mend(one, other)
    await field.untilInStep(mission, ...nodes)

    const listed = await Promise.all(nodes.map((node) => conflicts(node, mission)))
    const plain = (found: readonly ConflictView[]) =>
      found.map(({ entity, field: { field: name, values }, before, title }) => ({
        ...{ entity, name, title, before: before?.value },
        values: values.map(({ name: change, value, author, at }) => ({ change, value, author, at }))
      }))
    expect(
      plain(listed[0] ?? []).map(({ entity, name, before, values }) => [entity, name, before, values.length])
    ).toEqual([
      ['log/1', 'text', 'Wind 310°, 12 kn', 4],
      ['task/1', 'state', 'open', 4]
    ])
    for (const found of listed) expect(plain(found)).toEqual(plain(listed[0] ?? []))
    // When it came is each laptop's own knowledge; of this mission all of it.
    for (const found of listed)
      for (const { field: register } of found)
        for (const { receivedAt } of register.values) expect(receivedAt).toBeGreaterThan(0)

    const histories: (readonly string[])[] = []
    for (const node of nodes) {
      const entries = await history(node, mission)
      expect(new Set(entries.map(({ name }) => name)).size).toBe(entries.length)
      for (const text of [...texts, 'written with a wrong clock'])
        expect(entries.filter((entry) => written(entry).endsWith(JSON.stringify(text)))).toHaveLength(1)
      expect(entries.every(({ receivedAt }) => receivedAt !== undefined)).toBe(true)
      histories.push(entries.map((entry) => `${entry.name} ${written(entry)}`).sort())
      const ofTask = await history(node, mission, { entity: 'task/1', field: 'state' }, 2)
      expect(ofTask.map(({ change }) => change.kind === 'set' && change.value).sort()).toEqual(
        ['open', ...states].sort()
      )
      expect(ofTask.filter(({ change }) => change.kind === 'set' && change.isCurrent)).toHaveLength(4)
    }
    for (const entries of histories) expect(entries).toEqual(histories[0])

    // Who was here the whole time knew of its own writes then, and of the others' only now.
    const early = (await history(delta, mission)).find((entry) => written(entry).endsWith('"day 0 of alpha"'))
    expect((early?.receivedAt ?? 0) - (early?.at ?? 0)).toBeGreaterThan(6 * 24 * hour)
    const own = (await history(delta, mission)).find((entry) => written(entry).endsWith('"day 0 of delta"'))
    expect(Math.abs((own?.receivedAt ?? 0) - (own?.at ?? 0))).toBeLessThan(60_000)
    await bravo.restart()
    expect((await history(bravo, mission)).map(written)).toHaveLength(histories[1]?.length ?? 0)
  }, 90_000)
})

describe('a mission as it was', () => {
  it('is what this laptop had received by then, whatever the authors claim', async () => {
    field = new Field(502)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'first')
    await field.untilInStep(mission, alpha, bravo)
    await field.until('bravo may write', () => bravo.mission(mission)?.role === 'subscriber')
    field.cut(alpha, bravo)
    await field.time.run(hour)
    await bravo.write(mission, 'log/2', 'text', 'second')
    await alpha.write(mission, 'log/1', 'text', 'changed')
    await field.time.run(hour)
    const apart = field.wallNow
    await field.time.run(hour)
    field.mend(alpha, bravo)
    await field.untilInStep(mission, alpha, bravo)
    await alpha.restart()

    expect(await past(alpha, mission, apart)).toMatchObject({ basis: 'received', counts: { log: 1 }, laterChanges: 2 })
    expect(await past(bravo, mission, apart)).toMatchObject({ basis: 'received', counts: { log: 2 } })
    const page = await ask(alpha, 'listEntities', {
      ...{ missionId: mission, type: 'log', offset: 0, limit: 10, order: 'oldest', pastAt: apart }
    })
    expect(page.items.map(({ fields }) => fields[0]?.values.map(({ value }) => value))).toEqual([['changed']])
    expect(await past(alpha, mission, field.wallNow)).toMatchObject({ counts: { log: 2 }, laterChanges: 0 })
    const other = { missionId: mission, type: 'log', offset: 0, limit: 10, order: 'oldest', pastAt: 5 } as const
    expect(await alpha.engine.commands.listEntities(other)).toMatchObject({ problem: { code: 'past-closed' } })
  })

  it('rests on claims where nobody noted what came when, and says so', async () => {
    field = new Field(503)
    const alpha = await field.node('alpha')
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'first')
    await field.time.run(hour)
    const then = field.wallNow
    await field.time.run(hour)
    await alpha.write(mission, 'log/1', 'text', 'second')
    await alpha.stop()
    await field.during(alpha.disk.alive().remove(`missions/${mission}/received`))
    await alpha.start()
    expect(await past(alpha, mission, then)).toMatchObject({ basis: 'claimed', counts: { log: 1 }, laterChanges: 1 })
    expect((await history(alpha, mission)).map(({ receivedAt }) => receivedAt)).toEqual([undefined, undefined])
    expect((await history(alpha, mission, { entity: 'log/1', field: 'text' })).map(written)).toEqual([
      'log/1 text "second"',
      'log/1 text "first"'
    ])
  })

  it('knows nothing of what the power took away', async () => {
    field = new Field(504)
    const alpha = await field.node('alpha')
    const mission = await alpha.createMission('Karst Ridge Fire')
    await alpha.write(mission, 'log/1', 'text', 'first')
    await field.time.run(hour)
    alpha.crash()
    await field.time.run(hour)
    await alpha.start()
    await alpha.write(mission, 'log/2', 'text', 'second')
    const entries = await history(alpha, mission)
    expect(entries.map(written)).toEqual(['log/2 text "second"', 'log/1 text "first"'])
    for (const { at, receivedAt } of entries) if (receivedAt !== undefined) expect(receivedAt - at).toBeLessThan(60_000)
  })
})

describe('a deletion', () => {
  it('shows what was written by somebody who did not know of it, and can be taken back', async () => {
    field = new Field(505)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const mission = await alpha.createMission('Karst Ridge Fire')
    for (const entity of ['task/1', 'task/2']) {
      await alpha.write(mission, entity, 'title', `Hold ${entity}`)
      await alpha.write(mission, entity, 'state', 'open')
    }
    await field.untilInStep(mission, alpha, bravo)
    await field.until('bravo may write', () => bravo.mission(mission)?.role === 'subscriber')
    field.cut(alpha, bravo)
    for (const entity of ['task/1', 'task/2']) await alpha.write(mission, entity, 'deleted', true)
    await bravo.write(mission, 'task/1', 'state', 'done')
    field.mend(alpha, bravo)
    await field.untilInStep(mission, alpha, bravo)
    for (const node of [alpha, bravo]) {
      const { items } = await ask(node, 'listDeletedEdits', { missionId: mission })
      expect(items).toMatchObject([
        {
          entity: 'task/1',
          title: 'Hold task/1',
          deletions: [{ author: alpha.id }],
          edits: [{ field: 'state', values: [{ value: 'done', author: bravo.id }] }]
        }
      ])
      expect(items).toHaveLength(1)
    }
    const { items } = await ask(bravo, 'listDeletedEdits', { missionId: mission })
    await bravo.write(mission, 'task/1', 'deleted', false, items[0]?.deletions.map(({ name }) => name) ?? [])
    await field.untilInStep(mission, alpha, bravo)
    expect((await ask(alpha, 'listDeletedEdits', { missionId: mission })).items).toEqual([])
    expect(await alpha.values(mission, 'task/1', 'state')).toEqual(['done'])
  })
})

describe('a search', () => {
  it('finds words in every mission without case and accents, as they are now', async () => {
    field = new Field(506)
    const alpha = await field.node('alpha')
    const [fire, flood] = [await alpha.createMission('Karst Ridge Fire'), await alpha.createMission('Soča flood')]
    await alpha.write(fire, 'task/1', 'title', 'Evacuate with Matej Žižek')
    await alpha.write(fire, 'task/1', 'notes', 'by the southern road')
    await field.time.run(1_000)
    await alpha.write(flood, 'log/1', 'text', 'žižek reports: ŁÓDŹ road is dry')
    await alpha.write(flood, 'log/2', 'keywords', ['Straße', 'closed'])
    const find = async (text: string) => {
      const answer = await ask(alpha, 'search', { text, limit: 10 })
      expect(answer.searched).toBe(1)
      return answer.groups.map(({ name, total, hits }) => [name, total, hits.map(({ entity }) => entity)])
    }
    expect(await find('Zizek')).toEqual([
      ['Soča flood', 1, ['log/1']],
      ['Karst Ridge Fire', 1, ['task/1']]
    ])
    // Words may stand in different texts of one thing.
    expect(await find('ZIZEK  southern')).toEqual([['Karst Ridge Fire', 1, ['task/1']]])
    expect(await find('lodz')).toEqual([['Soča flood', 1, ['log/1']]])
    expect(await find('strasse')).toEqual([['Soča flood', 1, ['log/2']]])
    expect(await find('nobody')).toEqual([])
    const { groups } = await ask(alpha, 'search', { text: 'zizek', limit: 10 })
    const [hit] = groups[1]?.hits ?? []
    expect(hit?.marks.map(([from, to]) => hit.text.slice(from, to))).toEqual(['Žižek'])

    await alpha.write(fire, 'task/1', 'title', 'Evacuate with Ana')
    expect(await find('zizek')).toEqual([['Soča flood', 1, ['log/1']]])
    expect(await find('ana')).toEqual([['Karst Ridge Fire', 1, ['task/1']]])
    await alpha.write(flood, 'log/1', 'deleted', true)
    expect(await find('zizek')).toEqual([])
    const filtered = {
      missionId: fire,
      type: 'task',
      offset: 0,
      limit: 10,
      order: 'newest',
      filter: 'SOUTHERN'
    } as const
    expect((await ask(alpha, 'listEntities', filtered)).items.map(({ entity }) => entity)).toEqual(['task/1'])
  })

  it('shows the newest of what it finds', async () => {
    field = new Field(507)
    const alpha = await field.node('alpha')
    const fire = await alpha.createMission('Karst Ridge Fire')
    for (const number of [1, 2, 3, 4, 5]) {
      await field.time.run(hour)
      await alpha.write(fire, `log/${number}`, 'text', 'Line holds.')
    }
    const { groups } = await ask(alpha, 'search', { text: 'line', limit: 2 })
    expect(groups.map(({ total, hits }) => [total, hits.map(({ entity }) => entity)])).toEqual([
      [5, ['log/5', 'log/4']]
    ])
  })
})
