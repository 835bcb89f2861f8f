/** People, folders, what was deleted, tasks and templates of a mission: in every look, and what presses write. */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import type { CommandHandlers } from '@shared/contract'
import type { BeyondLine, EntityView, Json, MissionId, NodeId } from '@shared/model'
import { fail, ok } from '@shared/result'
import { openBrowser } from './browser'
import { byEngine, canLook, goTo, inEveryLook, withRecorded } from './looks'
import { changeName, missionIdOf, nodeIdOf, richField, type Recorded } from './recorded'

const fire = `/missions/${missionIdOf(1)}`
const me = nodeIdOf(0)
const minuteMs = 60_000

function entity(
  name: string,
  author: readonly [NodeId, string],
  at: number,
  fields: Readonly<Record<string, Json>>
): EntityView {
  const [nodeId, authorName] = author
  return {
    entity: name,
    createdAt: at,
    createdBy: nodeId,
    createdByName: authorName,
    deleted: fields['deleted'] === true,
    fields: Object.entries(fields).map(([field, value], index) => ({
      field,
      values: [{ name: changeName(nodeId, (at % 90_000) + index), value, author: nodeId, authorName, at }]
    }))
  }
}

/** A mission with owners, somebody removed who wrote on, an invitation, folders, due tasks and deleted things. */
function crew(now: number): Recorded {
  const recorded = richField(now)
  const id = missionIdOf(1)
  const mission = recorded.missions.get(id)
  if (mission === undefined) throw new Error('no such mission in the field')
  const us = [me, 'OSC Sežana'] as const
  const umag = [nodeIdOf(3), 'DVD Umag'] as const
  const lines: readonly BeyondLine[] = Array.from({ length: 3 }, (_, index) => ({
    name: changeName(umag[0], 900 + index),
    at: now - index * minuteMs,
    kind: 'set',
    set: { entity: `log/x${String(index)}`, field: 'text', value: `Written after the removal, ${String(index + 1)}` }
  }))
  const members = mission.members.map((member, index) => ({
    ...member,
    ...(index === 0 ? { rank: 0 } : {}),
    ...(index === 1 ? { role: 'owner' as const, rank: 1 } : {}),
    ...(member.nodeId === umag[0] ? { removedBy: [{ nodeId: me, name: 'OSC Sežana' }], beyond: 3 } : {})
  }))
  const entities = mission.entities.map((one) => {
    if (one.entity === 'mission')
      return {
        ...one,
        fields: [...one.fields, ...entity('mission', us, now, { headings: ['Weather', 'Crew'] }).fields]
      }
    if (one.entity === 'task/t2')
      return {
        ...one,
        fields: [
          ...one.fields,
          ...entity('x', us, now, { assignee: 'Žiga Šuštaršič', due: now + 40 * minuteMs }).fields
        ]
      }
    if (one.entity === 'task/t3')
      return {
        ...one,
        fields: [...one.fields, ...entity('x', us, now, { assignee: 'Refuel crew 2', due: now - 30 * minuteMs }).fields]
      }
    return one
  })
  entities.push(
    entity('layer/l1', us, now - 9, { name: 'Fire line', type: 'GROUP' }),
    entity('layer/l2', us, now - 8, { name: 'Sections north of the railway', type: 'GROUP', parent: 'l1' }),
    entity('layer/l3', us, now - 7, { name: 'Water', type: 'GROUP', after: 'l1' }),
    entity('invitation/i1', us, now - 90 * minuteMs, {
      invitee: nodeIdOf(2),
      role: 'owner',
      state: 'open',
      note: 'You take over at 18:00.'
    }),
    entity('log/gone', umag, now - 50 * minuteMs, { text: 'Entered in the wrong mission', deleted: true }),
    entity('task/gone', us, now - 70 * minuteMs, { title: 'Close road 617', state: 'open', deleted: true })
  )
  recorded.missions.set(id, { entities, members, beyond: new Map([[umag[0], lines]]) })
  return recorded
}

/** Folders within folders, more than the window is high, one with a name that takes all the room. */
function manyFolders(now: number): Recorded {
  const recorded = crew(now)
  const mission = recorded.missions.get(missionIdOf(1))
  if (mission === undefined) throw new Error('no such mission in the field')
  const folders = Array.from({ length: 60 }, (_, index) =>
    entity(`layer/m${String(index)}`, [nodeIdOf(1), 'Palmanova 1'], now - index, {
      name:
        index === 3
          ? `Section ${'east of the old railway embankment '.repeat(3)}`.slice(0, 64)
          : `Section ${String(index)}`,
      type: 'GROUP',
      ...(index % 9 === 0 ? {} : { parent: `m${String(index - 1)}` })
    })
  )
  recorded.missions.set(missionIdOf(1), { ...mission, entities: [...mission.entities, ...folders] })
  return recorded
}

const forked: Partial<CommandHandlers> = {
  listForks: async () =>
    ok({
      forks: [
        {
          author: nodeIdOf(4),
          epoch: 'ab'.repeat(16),
          first: 214,
          branches: [
            { seq: 220, hash: 'c1'.repeat(32) },
            { seq: 301, hash: 'd2'.repeat(32) }
          ]
        }
      ]
    })
}

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const menu = async (page: Page, item: string): Promise<void> => {
  await button(page, 'More about this mission').click()
  await page.getByRole('menuitem', { name: item }).click()
}
const openRole = (page: Page) => button(page, 'Change Palmanova 1').click()

interface Screen {
  readonly name: string
  readonly path: string
  readonly way?: (page: Page) => Promise<void>
  readonly field?: (now: number) => Recorded
  readonly own?: Partial<CommandHandlers>
}
const screens: readonly Screen[] = [
  { name: 'people', path: `${fire}/people` },
  {
    name: 'people-end',
    path: `${fire}/people`,
    way: async (page) => {
      await openRole(page)
      await page.getByText('only read', { exact: true }).click()
      await button(page, 'Change').click()
      await page.getByRole('alertdialog').waitFor()
    }
  },
  {
    name: 'people-beyond',
    path: `${fire}/people`,
    way: async (page) => {
      await button(page, '3 changes do not count').click()
      await page.getByText('Written after the removal, 3').waitFor()
    }
  },
  {
    name: 'tasks-due',
    path: fire,
    way: async (page) => {
      await page.getByRole('button', { name: /Hold line B/ }).click()
      await button(page, 'Who and until when').click()
    }
  },
  { name: 'deleted', path: fire, way: (page) => menu(page, 'Deleted') },
  {
    name: 'folders',
    path: fire,
    way: async (page) => {
      await menu(page, 'Folders')
      await button(page, 'Sections north of the railway').click()
    }
  },
  { name: 'folders-empty', path: fire, field: richField, way: (page) => menu(page, 'Folders') },
  { name: 'folders-busy', path: fire, field: manyFolders, way: (page) => menu(page, 'Folders') },
  {
    name: 'folders-broken',
    path: fire,
    own: { write: async () => fail('disk-full', 'ENOSPC: no space left on device, write') },
    way: async (page) => {
      await menu(page, 'Folders')
      await button(page, 'Water').click()
      await button(page, 'Up').click()
      await page.getByText('DSK-01').waitFor()
    }
  },
  {
    name: 'folders-unread',
    path: fire,
    own: { listEntities: async () => fail('disk-failed', 'EIO: i/o error, read') },
    way: async (page) => {
      await menu(page, 'Folders')
      await page.getByRole('dialog').getByText('DSK-03').waitFor()
    }
  }
]

describe.runIf(canLook)('what crews do with a mission', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())

  for (const { name, path, way, field = crew, own = {} } of screens) {
    it(`${name}: every theme and size`, async () => {
      const recorded = field(Date.now())
      const work = async (page: Page, engine: Parameters<typeof byEngine>[0]) => {
        await goTo(page, path)
        await way?.(page)
        await inEveryLook(page, `work-${name}`, byEngine(engine, recorded.overview))
      }
      await withRecorded(browser, recorded, work, { ...forked, ...own })
    })
  }

  it('lets somebody only read after the question, and takes in what was written after it', async () => {
    const asked: unknown[] = []
    const answer = (name: string) => async (argument: unknown) => {
      asked.push([name, argument])
      return ok(null)
    }
    const handlers = {
      setRole: answer('setRole'),
      adoptBeyond: answer('adoptBeyond'),
      settleFork: answer('settleFork')
    }
    await withRecorded(
      browser,
      crew(Date.now()),
      async (page) => {
        await goTo(page, `${fire}/people`)
        await openRole(page)
        await page.getByText('only read', { exact: true }).click()
        await button(page, 'Change').click()
        await page.getByRole('alertdialog').waitFor()
        expect(asked).toEqual([])
        await button(page, 'Let Palmanova 1 only read').click()
        await page.getByRole('alertdialog').waitFor({ state: 'detached' })
        await button(page, '3 changes do not count').click()
        await button(page, 'Take them in after all').click()
        await page.getByRole('dialog').waitFor({ state: 'detached' })
        await button(page, 'This one counts').nth(1).click()
        await page.getByText('The branch of FüKW Kärnten counts.').waitFor()
        const mission = { missionId: missionIdOf(1) as MissionId }
        expect(asked).toEqual([
          ['setRole', { ...mission, nodeId: nodeIdOf(1), role: 'read-only' }],
          ['adoptBeyond', { ...mission, nodeId: nodeIdOf(3) }],
          ['settleFork', { ...mission, author: nodeIdOf(4), epoch: 'ab'.repeat(16), seq: 301, hash: 'd2'.repeat(32) }]
        ])
      },
      { ...forked, ...handlers }
    )
  })

  it('deletes an entry with a way back, and restores from the list', async () => {
    await withRecorded(browser, crew(Date.now()), async (page) => {
      await goTo(page, fire)
      const entry = page.getByText('Canadair I-DPCU: two drops').first()
      await entry.hover()
      await page
        .getByRole('button', { name: /^Edit entry/ })
        .first()
        .click()
      await button(page, 'Delete this entry').click()
      await page.getByText('Log entry deleted.').waitFor()
      await button(page, 'Undo').click()
      await page.getByText('Log entry restored.').waitFor()
      await entry.waitFor()
      await menu(page, 'Deleted')
      await button(page, 'Restore Close road 617').click()
      await page.getByText('Task restored.').waitFor()
      await button(page, 'Restore Close road 617').waitFor({ state: 'detached' })
    })
  })

  it('makes a mission from a template, with headings for its log', async () => {
    await withRecorded(browser, richField(Date.now()), async (page) => {
      await goTo(page, '/missions')
      await button(page, 'New mission').click()
      await page.getByLabel('Name').fill('Flood at Soča')
      await page.getByLabel('Begin with').selectOption('flood')
      await page.getByText('8 tasks, 5 headings for the log, 4 folders').waitFor()
      await button(page, 'Create mission').click()
      await page.getByText('Open shelters').waitFor()
      await page.getByLabel('Heading').selectOption('Dike')
      await page.getByLabel('Write to the log').fill('Seepage at km 4')
      await button(page, 'Add entry').click()
      await page.getByText('Seepage at km 4').last().waitFor()
      await page.locator('.heading.small', { hasText: 'Dike' }).waitFor()
      await menu(page, 'Folders')
      await button(page, 'Flooded areas').waitFor()
    })
  })

  it('saves log, tasks and members for paper', async () => {
    await withRecorded(browser, crew(Date.now()), async (page) => {
      await goTo(page, fire)
      await menu(page, 'Save for paper')
      const coming = page.waitForEvent('download')
      await button(page, 'Save the file').click()
      const download = await coming
      expect(download.suggestedFilename()).toMatch(/^Karst-Ridge-Fire-Sector-North-\d{4}-\d\d-\d\d\.html$/)
      const html = await readFile(await download.path(), 'utf8')
      for (const text of [
        'Third load in 12 min.',
        'Refuel crew 2',
        'GZ Koper',
        'Spot fire past the railway, out at 14:21. (FüKW Kärnten)'
      ])
        expect(html).toContain(text)
      expect(html).not.toContain('Entered in the wrong mission')
      expect(html.match(/<h2>/g)).toHaveLength(3)
    })
  })
})
