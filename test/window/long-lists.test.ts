/** Long lists in real Chromium: what is being read stays where it is, and keys reach every row. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import type { CommandHandlers } from '@shared/contract'
import type { ContentView, EntityView, Json } from '@shared/model'
import { ok } from '@shared/result'
import { openBrowser } from './browser'
import { canLook, goTo, withRecorded } from './looks'
import { changeName, missionIdOf, nodeIdOf, richField } from './recorded'
import type { RecordedEngine } from './recorded-engine'

const fire = missionIdOf(1)
const author = nodeIdOf(0)

function entity(name: string, at: number, fields: Readonly<Record<string, Json>>): EntityView {
  return {
    ...{ entity: name, createdAt: at, createdBy: author, createdByName: 'OSC Sežana', deleted: false },
    fields: Object.entries(fields).map(([field, value], index) => ({
      field,
      values: [{ name: changeName(author, (at % 90_000) + index), value, author, authorName: 'OSC Sežana', at }]
    }))
  }
}

/** Files of the fire, the newest first; some may be added in front. */
function files(count: number) {
  const now = Date.now()
  const made = (number: number): ContentView => {
    const file = number.toString(16).padStart(64, '0')
    const view = entity(`content/${file}`, now - 3_600_000 + number, { name: `photo ${String(number)}.jpg` })
    return { ...{ entity: view, file, state: 'here', size: 9, isWanted: false, bytes: 9, sources: 0, holders: [] } }
  }
  const list = Array.from({ length: count }, (_, index) => made(count - index))
  const own: Partial<CommandHandlers> = {
    listContents: async ({ offset, limit }) =>
      ok({ version: 0, total: list.length, offset, items: list.slice(offset, offset + limit) })
  }
  return { own, add: (number: number) => void list.unshift(made(number)) }
}

/** Somebody else changed the mission. */
function changed(engine: RecordedEngine, recorded: ReturnType<typeof richField>, version: number): void {
  const mission = recorded.overview.missions.find(({ id }) => id === fire)
  if (mission === undefined) throw new Error('no such mission in the field')
  engine.say({ slice: 'mission', value: { ...mission, version } })
}

/** How far below the top of its list a row is. */
async function placeOf(page: Page, text: string): Promise<number> {
  const [row, list] = await Promise.all([
    page.getByText(text, { exact: true }).boundingBox(),
    page.locator('.scroller').first().boundingBox()
  ])
  return (row?.y ?? NaN) - (list?.y ?? NaN)
}

/** Scrolls, and waits until what is there is drawn. */
async function scrollTo(page: Page, top: number, shows: string): Promise<void> {
  await page
    .locator('.scroller')
    .first()
    .evaluate((list, to) => list.scrollTo({ top: to }), top)
  await page.getByText(shows, { exact: true }).waitFor()
}

describe.runIf(canLook)('long lists', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())

  it('leave what is being read where it is when more comes in above', async () => {
    const recorded = richField(Date.now())
    const { own, add } = files(400)
    await withRecorded(
      browser,
      recorded,
      async (page, engine) => {
        await goTo(page, `/missions/${fire}/files`)
        await page.getByText('photo 400.jpg').waitFor()
        await scrollTo(page, 6_432, 'photo 296.jpg')
        const before = await placeOf(page, 'photo 296.jpg')
        for (let number = 401; number < 404; number++) add(number)
        changed(engine, recorded, 100_001)
        await expect.poll(() => page.locator('.place[data-index="107"]').textContent()).toContain('photo 296.jpg')
        expect(await placeOf(page, 'photo 296.jpg')).toBe(before)
        // At the very top people see what is new.
        await scrollTo(page, 0, 'photo 403.jpg')
        add(404)
        changed(engine, recorded, 100_002)
        await page.getByText('photo 404.jpg').waitFor()
        expect(await placeOf(page, 'photo 404.jpg')).toBeLessThan(64)
      },
      own
    )
  })

  it('leave what is being read where it is when rows above grow', async () => {
    const recorded = richField(Date.now())
    const mission = recorded.missions.get(fire)
    if (mission === undefined) throw new Error('no such mission in the field')
    const at = Date.now() - 86_400_000
    const entries = Array.from({ length: 300 }, (_, index) =>
      entity(`log/l${String(index)}`, at - index, { text: `Entry ${String(index)}` })
    )
    recorded.missions.set(fire, {
      ...mission,
      entities: [...mission.entities.filter((one) => !one.entity.startsWith('log/')), ...entries]
    })
    await withRecorded(browser, recorded, async (page, engine) => {
      await goTo(page, `/missions/${fire}/log`)
      await page.getByText('Entry 0', { exact: true }).waitFor()
      const list = page.locator('.scroller').first()
      await scrollTo(page, 8_000, 'Entry 102')
      await expect.poll(() => list.evaluate((box) => box.scrollTop)).toBeGreaterThan(0)
      // The first row in sight, and the one above it, which is drawn but not seen.
      const first = Number(
        await list.evaluate((box) => {
          const top = box.getBoundingClientRect().top
          const rows = [...box.querySelectorAll<HTMLElement>('.place')]
          return rows
            .filter((row) => row.getBoundingClientRect().top >= top)
            .map((row) => Number(row.dataset['index']))
            .sort((a, b) => a - b)[0]
        })
      )
      const above = `log/l${String(first - 2)}`
      const before = await placeOf(page, `Entry ${String(first)}`)
      const [peer] = recorded.overview.peers
      if (peer === undefined) throw new Error('no peer in the field')
      const longer = Array.from({ length: 12 }, (_, line) => `line ${String(line)}`).join('\n')
      engine.writeAs(peer, fire, [{ entity: above, field: 'text', value: longer }])
      await page.getByText('line 11').first().waitFor({ state: 'attached' })
      await expect.poll(() => placeOf(page, `Entry ${String(first)}`)).toBeCloseTo(before, 0)
    })
  })

  it('show all of 2,000 tasks, by keys too, and keep the one that is being written', async () => {
    const recorded = richField(Date.now())
    const mission = recorded.missions.get(fire)
    if (mission === undefined) throw new Error('no such mission in the field')
    const now = Date.now()
    const tasks = Array.from({ length: 2_000 }, (_, index) =>
      entity(`task/n${String(index)}`, now - index, {
        ...{ title: `Task ${String(index)}`, state: index % 4 === 3 ? 'done' : 'open' },
        ...(index % 2 === 0 ? {} : { due: now + index * 60_000 })
      })
    )
    const others = mission.entities.filter((one) => !one.entity.startsWith('task/'))
    recorded.missions.set(fire, { ...mission, entities: [...others, ...tasks] })
    await withRecorded(browser, recorded, async (page, engine) => {
      await goTo(page, `/missions/${fire}`)
      await page.getByText(/^1\s500 open of 2\s000, by due time/).waitFor()
      const list = page.getByRole('feed', { name: 'List of tasks' })
      const rowTitled = (title: string) => list.getByRole('article', { name: title, exact: true })
      await rowTitled('Task 1').waitFor()
      expect(await list.getByRole('article').count()).toBeLessThan(40)
      await list.focus()
      await page.keyboard.press('End')
      await rowTitled('Task 1999').waitFor()
      // What is due never stands behind what is due, and what is done behind both.
      await list.evaluate((box) => box.scrollTo({ top: box.scrollHeight * 0.25 }))
      await expect.poll(() => list.getByRole('article', { name: /^Task \d*[02468]$/ }).count()).toBeGreaterThan(0)

      await page.keyboard.press('Home')
      await expect
        .poll(() => page.evaluate(() => (document.activeElement as HTMLElement).dataset['row']))
        .toBe('Task 1')
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Who and until when' }).click()
      await page.getByLabel('Who does it').fill('Žiga Šušt')
      await list.evaluate((box) => box.scrollTo({ top: 60_000 }))
      await expect.poll(() => list.getByRole('article').count()).toBeGreaterThan(5)
      // Somebody else makes a task that is due before all others.
      const [peer] = recorded.overview.peers
      if (peer === undefined) throw new Error('no peer in the field')
      engine.writeAs(peer, fire, [
        { entity: 'task/first', field: 'title', value: 'Before all others' },
        { entity: 'task/first', field: 'due', value: now - 60_000 }
      ])
      await page.getByText(/^1\s501 open of 2\s001, by due time/).waitFor()
      await page.keyboard.type('aršič')
      expect(await page.getByLabel('Who does it').inputValue()).toBe('Žiga Šuštaršič')
    })
  })

  it('let keys reach the first and the last row, and keep the one that has the focus', async () => {
    const { own } = files(400)
    await withRecorded(
      browser,
      richField(Date.now()),
      async (page) => {
        await goTo(page, `/missions/${fire}/files`)
        await page.getByText('photo 400.jpg').waitFor()
        const focusedRow = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset['row'])
        await page.locator('.scroller').first().focus()
        await page.keyboard.press('End')
        await expect.poll(focusedRow).toBe('photo 1.jpg')
        await page.keyboard.press('ArrowUp')
        expect(await focusedRow()).toBe('photo 2.jpg')
        await scrollTo(page, 0, 'photo 400.jpg')
        expect(await focusedRow()).toBe('photo 2.jpg')
        await page.keyboard.press('Home')
        await expect.poll(focusedRow).toBe('photo 400.jpg')
      },
      own
    )
  })
})
