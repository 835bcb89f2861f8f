/**
 * Two laptops apart, three things changed on both, and a person who settles them with nothing but the screen; then what
 * was written is looked up in the history, as it was before, and by searching.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { chromiumPath, openBrowser } from './browser.js'
import { inEveryLook } from './looks.js'
import { openWindow } from './real-window.js'

const undos: (() => Promise<void>)[] = []
const complaints: string[] = []
let browser: Browser
let page: Page
let alpha: HeadlessNode
let bravo: HeadlessNode
let mission = ''

async function write(node: HeadlessNode, entity: string, field: string, value: unknown): Promise<void> {
  const answer = await node.call('POST', `missions/${mission}/changes`, { entity, field, value })
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
}

async function valuesAt(node: HeadlessNode): Promise<Readonly<Record<string, unknown>>> {
  const { body } = await node.call('GET', `missions/${mission}`)
  const entities = body.entities as { entity: string; fields: Record<string, { value: unknown; conflict: boolean }> }[]
  const value = (entity: string, field: string) => {
    const found = entities.find((one) => one.entity === entity)?.fields[field]
    return found?.conflict === true ? 'conflict' : found?.value
  }
  return {
    state: value('task/1', 'state'),
    assignee: value('task/1', 'assignee'),
    text: value('log/1', 'text')
  }
}

const everyTheme = (shown: Page) => async (theme: string) => {
  const now = () => shown.locator('html').getAttribute('class')
  for (let presses = 0; presses < 6 && !(await now())?.split(' ').includes(theme); presses++)
    await shown.keyboard.press('F9')
}

describe.runIf(chromiumPath !== undefined)('three conflicts', () => {
  beforeAll(async () => {
    const start = async (name: string) =>
      HeadlessNode.start({ name, folder: await temporaryFolder((undo) => undos.push(undo)) })
    alpha = await start('OSC Sežana')
    bravo = await start('Palmanova 1')
    await alpha.call('POST', 'peers', { address: '127.0.0.1', port: bravo.linkPort })
    await alpha.until('they met', () => alpha.peer(bravo) !== undefined)
    await bravo.until('they met', () => bravo.peer(alpha) !== undefined)
    await bravo.call('POST', `peers/${alpha.nodeId}/decision`, { level: 'trusted' })
    await alpha.call('POST', `peers/${bravo.nodeId}/decision`, { level: 'trusted' })
    await alpha.untilLinked(bravo)
    mission = (await alpha.call('POST', 'missions', { name: 'Karst Ridge Fire' })).body.id
    await write(alpha, 'task/1', 'title', 'Evacuate Opatje selo 41 to 67')
    await write(alpha, 'task/1', 'state', 'open')
    await write(alpha, 'task/1', 'assignee', 'Žiga Šuštaršič')
    await write(alpha, 'log/1', 'text', 'Wind 310°, 12 kn. Spot fire past the railway.')
    await bravo.until('bravo may write', ({ missions }) => missions[0]?.role === 'subscriber')
    await alpha.untilInStep(bravo, mission)

    await alpha.call('POST', `peers/${bravo.nodeId}/decision`, { level: 'untrusted' })
    await bravo.until('they are apart', () => bravo.peer(alpha)?.link.state !== 'linked')
    await write(alpha, 'task/1', 'state', 'done')
    await write(bravo, 'task/1', 'state', 'work')
    await write(alpha, 'task/1', 'assignee', 'Ana Kovačević')
    await write(bravo, 'task/1', 'assignee', 'Jörg Müller-Lüdenscheidt')
    await write(alpha, 'log/1', 'text', 'Wind 320°, 18 kn. Spot fire past the railway, about 40 × 60 m.')
    await write(bravo, 'log/1', 'text', 'Wind 230°, 18 kn. Spot fire past the railway, out at 14:21.')
    await alpha.call('POST', `peers/${bravo.nodeId}/decision`, { level: 'trusted' })
    await alpha.untilLinked(bravo)
    for (const node of [alpha, bravo]) await node.until('conflicts', ({ missions }) => missions[0]?.conflicts === 3)
    browser = await openBrowser()
    page = await openWindow(browser, alpha, complaints, { colorScheme: 'light', reducedMotion: 'reduce' })
  })
  afterAll(async () => {
    await browser.close()
    for (const node of [alpha, bravo]) await node.stop()
    for (const undo of undos) await undo()
  })

  it('are found, and shown with who, which laptop, when, and what was there before', async () => {
    await page.getByRole('link', { name: /^Missions/ }).click()
    await page
      .getByRole('link', { name: /Karst Ridge Fire/ })
      .first()
      .click()
    await page.getByRole('button', { name: 'Settle 3 conflicts' }).click()
    await page.getByRole('button', { name: /Evacuate Opatje selo 41 to 67” has two states/ }).click()
    const sides = page.getByRole('radiogroup')
    await sides.getByText('this laptop', { exact: true }).waitFor()
    await sides
      .getByText(/^wrote \d\d:\d\d by its clock, here since \d\d:\d\d$/)
      .first()
      .waitFor()
    await page.getByText(/^Before$/).waitFor()
    await page.getByText('Open', { exact: true }).waitFor()
    await inEveryLook(page, '20-conflict', everyTheme(page))
    await page.setViewportSize({ width: 1366, height: 768 })
  })

  it('are settled by a side, by the keyboard, and by another text; the last one is undone and settled again', async () => {
    await page.getByRole('radiogroup').getByText('In work', { exact: true }).click()
    await page.getByRole('button', { name: 'Keep Palmanova 1’s value' }).click()
    await page.getByText('Kept Palmanova 1’s value').waitFor()
    await page.getByRole('button', { name: /has two states/ }).waitFor({ state: 'detached' })

    await page.getByRole('button', { name: /has two assignees/ }).click()
    await page.getByRole('heading', { name: /has two assignees/ }).waitFor()
    const first = await page.getByRole('radiogroup').locator('label').first().textContent()
    await page.keyboard.press(first?.includes('Ana') === true ? '1' : '2')
    await page.getByRole('button', { name: 'Keep OSC Sežana’s value' }).click()
    await page.getByRole('button', { name: 'Undo', exact: true }).click()
    await page.getByText('The conflict is open again', { exact: false }).waitFor()
    for (const node of [alpha, bravo]) await node.until('open again', ({ missions }) => missions[0]?.conflicts === 2)
    await page.getByRole('button', { name: /has two assignees/ }).click()
    await page.getByRole('radiogroup').getByText('Ana Kovačević', { exact: true }).click()
    await page.getByRole('button', { name: /^Keep .* value$/ }).click()

    await page.getByRole('heading', { name: /has two texts/ }).waitFor()
    await page.keyboard.press('e')
    await page.getByLabel('The text that replaces all sides').fill('Wind 320°, 18 kn. Spot fire out at 14:21.')
    await page.getByText('After you settle').waitFor()
    await page.getByRole('button', { name: 'Keep the new text' }).click()
    await page.getByRole('heading', { name: 'No conflicts.' }).waitFor()

    for (const node of [alpha, bravo]) await node.until('settled', ({ missions }) => missions[0]?.conflicts === 0)
    await alpha.untilInStep(bravo, mission)
    for (const node of [alpha, bravo])
      expect(await valuesAt(node)).toEqual({
        state: 'work',
        assignee: 'Ana Kovačević',
        text: 'Wind 320°, 18 kn. Spot fire out at 14:21.'
      })
  })

  it('are listed for a day with who settled them to what, and are opened again from there', async () => {
    const settled = page.getByRole('region', { name: 'Settled in the last 24 hours' })
    const row = (words: RegExp) => settled.getByRole('listitem').filter({ hasText: words })
    await row(/text.*Wind 320°, 18 kn\. Spot fire out at 14:21\..*OSC Sežana/s).waitFor()
    await row(/assignee.*Ana Kovačević/s)
      .first()
      .waitFor()
    // Settled, undone, and settled again.
    expect(await row(/assignee/).count()).toBe(2)
    expect(await row(/written over since/).count()).toBe(1)
    await inEveryLook(page, '20-settled', everyTheme(page))
    await page.setViewportSize({ width: 1366, height: 768 })
    await row(/, state/)
      .getByRole('button', { name: /^Undo/ })
      .click()
    await page.getByText('The conflict is open again', { exact: false }).waitFor()
    await page.getByRole('radiogroup').getByText('In work', { exact: true }).click()
    await row(/, state/)
      .getByText('written over since')
      .waitFor()
    await page.getByRole('button', { name: /^Keep .* value$/ }).click()
    await page.getByRole('heading', { name: 'No conflicts.' }).waitFor()
    await expect.poll(() => row(/, state/).count()).toBe(2)
    for (const node of [alpha, bravo]) await node.until('settled', ({ missions }) => missions[0]?.conflicts === 0)
    await alpha.untilInStep(bravo, mission)
    expect((await valuesAt(bravo)).state).toBe('work')
  })

  it('stay in the history, of the mission and of one field', async () => {
    await page.getByRole('link', { name: 'History', exact: true }).click()
    const list = page.getByRole('feed', { name: 'What was written' })
    await list.getByText('Wind 230°, 18 kn. Spot fire past the railway, out at 14:21.').waitFor()
    await inEveryLook(page, '21-history', everyTheme(page))
    await page.setViewportSize({ width: 1366, height: 768 })
    await list.getByRole('link', { name: 'Task “Evacuate Opatje selo 41 to 67”, state' }).first().click()
    await page.getByText('Only task/1, state').waitFor()
    await list.getByText('Open', { exact: true }).waitFor()
    expect(await list.getByRole('article').count()).toBe(7)
  })

  it('are not there as it was yesterday, and are as it was when all had come', async () => {
    const asked = page.getByRole('textbox', { name: 'As it was at' })
    await asked.fill('25:00')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await page.getByText('A time that is over, as 14:00', { exact: false }).waitFor()
    await asked.fill('2026-01-31 14:00')
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await page.getByRole('heading', { name: /^As it was on 31 Jan 2026 14:00/ }).waitFor()
    await page.getByText('Nothing of this was there.').waitFor()
    await page.getByRole('button', { name: 'Back to now' }).click()
    await page.getByRole('feed', { name: 'What was written' }).waitFor()
    await page.evaluate(({ id, at }) => location.assign(`#/missions/${id}/history?at=${String(at)}`), {
      ...{ id: mission, at: Date.now() }
    })
    await page.getByText('What this laptop had received by then.', { exact: false }).waitFor()
    await page.getByText('Wind 320°, 18 kn. Spot fire out at 14:21.').waitFor()
    await inEveryLook(page, '22-past', everyTheme(page))
    await page.setViewportSize({ width: 1366, height: 768 })
  })

  it('are found by their words from anywhere, by the keyboard alone', async () => {
    await page.keyboard.press('Control+1')
    await page.keyboard.press('Control+k')
    await page.getByRole('combobox').fill('kovacevic')
    await page.getByRole('option', { name: /Ana Kovačević/ }).waitFor()
    await inEveryLook(page, '23-search', everyTheme(page))
    await page.setViewportSize({ width: 1366, height: 768 })
    await page.getByRole('combobox').fill('SPOT 14:21')
    await page.getByRole('option', { name: /Spot fire out at 14:21/ }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByRole('article').getByText('Wind 320°, 18 kn. Spot fire out at 14:21.').waitFor()
    expect(complaints).toEqual([])
  })
})
