// @vitest-environment happy-dom
/** What is decided about people, folders, templates and paper before anything is written. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ChangeName, EntityView, Json, Member, NodeId, WriteRequest } from '@shared/model'
import { fieldsOf, type EntityType } from '@shared/mission-model'
import { asLines, fromLines } from '@/display/list'
import { parseTyped, showTyped } from '@/display/typed-time'
import { deleteFolder, isHidden, moveFolder, noFolder, orderFolders, parentsFor, stepFolder } from '@/facts/layers'
import { rolesToGive, sortMembers } from '@/facts/people'
import { escapeHtml, printHtml } from '@/facts/printout'
import { sortTasks } from '@/facts/task'
import { templateChanges, templateCounts, templateNames } from '@/facts/templates'

const author = 'a0'.repeat(32) as NodeId

function view(entity: string, fields: Readonly<Record<string, Json>>): EntityView {
  return {
    entity,
    createdAt: 1,
    createdBy: author,
    createdByName: 'alpha',
    deleted: fields['deleted'] === true,
    fields: Object.entries(fields).map(([field, value]) => ({
      field,
      values: [{ name: `${entity}.${field}` as ChangeName, value, author, authorName: 'alpha', at: 1 }]
    }))
  }
}

/** The layers as they are after the changes, which replace what they saw. */
function after(layers: readonly EntityView[], changes: readonly WriteRequest[]): readonly EntityView[] {
  const values = new Map(
    layers.map((one) => [
      one.entity,
      new Map(one.fields.map(({ field, values: [value] }) => [field, value?.value ?? null]))
    ])
  )
  for (const { entity, field, value } of changes) values.get(entity)?.set(field, value)
  return [...values]
    .filter(([, fields]) => fields.get('deleted') !== true)
    .map(([entity, fields]) => view(entity, Object.fromEntries(fields)))
}

const shown = (layers: readonly EntityView[]) =>
  orderFolders(layers).map(({ uid, depth }) => `${'-'.repeat(depth)}${uid}`)

const uids = ['a', 'b', 'c', 'd', 'e', 'f'] as const
const layerSet = fc
  .array(
    fc.record({
      uid: fc.constantFrom(...uids),
      parent: fc.option(fc.constantFrom(...uids, 'gone'), { nil: null }),
      after: fc.option(fc.constantFrom(...uids, 'gone'), { nil: null })
    }),
    { maxLength: 6 }
  )
  .map((found) => [...new Map(found.map((one) => [one.uid, one])).values()])
  .map((found) => found.map(({ uid, ...fields }) => view(`layer/${uid}`, { name: uid, ...fields })))

describe('folders', () => {
  it('stand below their parent, behind each other, and in circles where the smallest lets go', () => {
    const layers = [
      view('layer/c', { name: 'c', after: 'b' }),
      view('layer/b', { name: 'b', after: 'a' }),
      view('layer/a', { name: 'a' }),
      view('layer/d', { name: 'd', parent: 'b' }),
      view('layer/x', { name: 'x', parent: 'y' }),
      view('layer/y', { name: 'y', parent: 'x' }),
      view('layer/z', { name: 'z', parent: 'gone' })
    ]
    expect(shown(layers)).toEqual(['a', 'b', '-d', 'c', 'x', '-y', 'z'])
  })

  it('are all shown, once, and alike whatever came first', () => {
    fc.assert(
      fc.property(
        layerSet.chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))),
        ([all, mixed]) => {
          const order = shown(all)
          expect(shown(mixed)).toEqual(order)
          expect(order.map((one) => one.replaceAll('-', '')).sort()).toEqual(
            all.map(({ entity }) => entity.slice(6)).sort()
          )
        }
      )
    )
  })

  it('go where they are put, and what is in a deleted one stays', () => {
    fc.assert(
      fc.property(layerSet, fc.nat(), fc.nat(), (all, pick, where) => {
        const folders = orderFolders(all)
        const moved = folders[pick % Math.max(1, folders.length)]
        if (moved === undefined) return
        const parents = [undefined, ...parentsFor(folders, moved.uid).map(({ uid }) => uid)]
        const parent = parents[where % parents.length]
        const moving = orderFolders(after(all, moveFolder(folders, moved.uid, parent, undefined)))
        const now = moving.find(({ uid }) => uid === moved.uid)
        expect([now?.parent, now?.before]).toEqual([parent, undefined])
        expect(moving).toHaveLength(folders.length)
        const others = (list: typeof folders) => list.filter(({ uid }) => uid !== moved.uid)
        for (const { uid, parent: was } of others(folders))
          expect(moving.find((one) => one.uid === uid)?.parent, uid).toBe(was)
        const left = orderFolders(after(all, deleteFolder(folders, moved.uid)))
        expect(left.map(({ uid }) => uid)).toEqual(others(folders).map(({ uid }) => uid))
        for (const { uid, parent: was } of others(folders))
          expect(left.find((one) => one.uid === uid)?.parent, uid).toBe(was === moved.uid ? moved.parent : was)
      })
    )
  })

  it('hide what is in them and below them, and nothing for good', () => {
    const folders = orderFolders([
      view('layer/a', { name: 'a' }),
      view('layer/b', { name: 'b', parent: 'a' }),
      view('layer/c', { name: 'c' })
    ])
    const shown = (...hidden: readonly string[]) => {
      const hides = isHidden(folders, new Set(hidden))
      return ['a', 'b', 'c', 'gone', undefined].filter((layer) => !hides(layer))
    }
    expect(shown()).toEqual(['a', 'b', 'c', 'gone', undefined])
    expect(shown('a')).toEqual(['c', 'gone', undefined])
    expect(shown('b', 'c')).toEqual(['a', 'gone', undefined])
    // A folder that was deleted hides nothing any more; what was in it goes with what is in none.
    expect(shown('gone')).toEqual(['a', 'b', 'c', 'gone', undefined])
    expect(shown(noFolder)).toEqual(['a', 'b', 'c'])
  })

  it('step up and down among their neighbours, and not beyond', () => {
    const layers = [view('layer/a', { name: 'a' }), view('layer/b', { name: 'b' }), view('layer/c', { name: 'c' })]
    const folders = orderFolders(layers)
    expect(shown(after(layers, stepFolder(folders, 'c', -1)))).toEqual(['a', 'c', 'b'])
    expect(shown(after(layers, stepFolder(folders, 'a', 1)))).toEqual(['b', 'a', 'c'])
    expect(stepFolder(folders, 'a', -1)).toEqual([])
    expect(stepFolder(folders, 'c', 1)).toEqual([])
  })
})

describe('members', () => {
  const member = (name: string, over: Partial<Member> = {}): Member => ({
    nodeId: name.repeat(64).slice(0, 64) as NodeId,
    name,
    role: 'subscriber',
    changes: 1,
    ...over
  })
  const creator = member('a', { role: 'owner', rank: 0 })
  const deputy = member('b', { role: 'owner', rank: 1 })
  const writer = member('c')
  const reader = member('d', { role: 'read-only' })
  const ended = member('e', { removedBy: [{ nodeId: creator.nodeId, name: 'a' }] })

  it('get what a higher owner may give', () => {
    const all = [creator, deputy, writer, reader, ended]
    const given = (self: Member) => all.map((one) => rolesToGive(self, one).join(' '))
    expect(given(creator)).toEqual(['', 'read-only', 'owner read-only', 'owner subscriber', 'owner subscriber'])
    expect(given(deputy)).toEqual(['', '', 'owner read-only', 'owner subscriber', 'owner subscriber'])
    expect(given(writer).join('')).toBe('')
    expect(given({ ...deputy, removedBy: [] }).join('')).toBe('')
    expect(rolesToGive(creator, { ...deputy, removedBy: [] })).toEqual(['owner'])
  })

  it('stand in the order of what they may', () => {
    const all = [ended, reader, writer, deputy, creator]
    expect(sortMembers(all, writer.nodeId).map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })
})

describe('a template', () => {
  it.each(templateNames)('%s writes what it promises, all of which may be written', (name) => {
    let id = 0
    const changes = templateChanges(
      name,
      (key) => `words of ${key}`,
      () => `id${String(++id)}`
    )
    const count = (field: string) => changes.filter((change) => change.field === field).length
    const { tasks, layers, headings } = templateCounts(name)
    expect([count('title'), count('type')]).toEqual([tasks, layers])
    expect(changes[0]?.value).toHaveLength(headings)
    const views = new Map<string, Record<string, Json>>()
    for (const { entity, field, value } of changes) views.set(entity, { ...views.get(entity), [field]: value })
    for (const [entity, fields] of views)
      expect(fieldsOf(entity.split('/', 1)[0] as EntityType, view(entity, fields)), entity).toEqual(fields)
    const folders = [...views].filter(([entity]) => entity.startsWith('layer/'))
    expect(shown(folders.map(([entity, fields]) => view(entity, fields)))).toEqual(
      folders.map(([entity]) => entity.slice(6))
    )
  })
})

describe('a printout', () => {
  it('shows hostile texts as texts', () => {
    const hostile = `</td><script>alert("1")</script><img src=x onerror='x'>&amp;`
    const section = { title: hostile, head: [hostile], rows: [{ cells: [hostile, hostile] }], none: hostile }
    const parts = { language: hostile, title: hostile, lead: hostile, proof: [hostile] }
    const html = printHtml({ ...parts, sections: [section, { ...section, rows: [] }] })
    const page = new DOMParser().parseFromString(html, 'text/html')
    expect(page.querySelectorAll('script, img, [onerror]')).toHaveLength(0)
    expect([...page.querySelectorAll('h1, h2, th, td, p')].map((one) => one.textContent)).toEqual(
      Array<string>(9).fill(hostile)
    )
    expect([page.title, page.documentElement.lang]).toEqual([hostile, hostile])
    expect(html).not.toMatch(/https?:|src=x onerror='/)
    expect(escapeHtml(`<>&"'`)).toBe('&lt;&gt;&amp;&quot;&#39;')
  })
})

describe('tasks', () => {
  it('stand by when they are due, conflicts first and done last', () => {
    const task = (id: string, fields: Readonly<Record<string, Json>>) =>
      view(`task/${id}`, { state: 'open', ...fields })
    const conflict = view('task/x', { state: 'open' })
    const values = conflict.fields[0]?.values ?? []
    const split = { ...conflict, fields: [{ field: 'state', values: [...values, ...values] }] }
    const all = [
      task('none', {}),
      task('late', { due: 9 }),
      task('done', { due: 1, state: 'done' }),
      task('soon', { due: 5 }),
      split
    ]
    expect(sortTasks(all).map(({ entity }) => entity.slice(5))).toEqual(['x', 'soon', 'late', 'none', 'done'])
  })
})

describe('what people type', () => {
  const now = new Date(2026, 6, 21, 14, 30).getTime()

  it('is a moment, or none', () => {
    expect(showTyped(parseTyped('18:00', now) ?? 0)).toBe('2026-07-21 18:00')
    expect(showTyped(parseTyped(' 9.05 ', now) ?? 0)).toBe('2026-07-22 09:05')
    expect(parseTyped('2026-12-31 23:59', now)).toBe(new Date(2026, 11, 31, 23, 59).getTime())
    for (const wrong of ['', 'soon', '25:00', '12:60', '2026-02-30 10:00', '2026-13-01 10:00', '18'])
      expect(parseTyped(wrong, now), wrong).toBeUndefined()
  })

  it('is a list, one per line', () => {
    expect(fromLines(' fire \n\nnorth\nfire\n')).toEqual(['fire', 'north'])
    const field = view('mission', { keywords: ['fire', 'north'] }).fields[0]
    expect(asLines(field)?.values[0]?.value).toBe('fire\nnorth')
    expect(asLines(view('mission', { keywords: { odd: 1 } }).fields[0])?.values[0]?.value).toEqual({ odd: 1 })
  })
})
