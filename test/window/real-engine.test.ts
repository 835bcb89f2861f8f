/**
 * The built window in real Chromium on a real engine, with a second real node: add by address, decide, create a mission,
 * see the other's edit, and keep a text that is being typed while another value arrives.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { chromiumPath, keepShot, openBrowser } from './browser.js'
import { accessibilityProblems } from './looks.js'
import { openWindow } from './real-window.js'

const undos: (() => Promise<void>)[] = []
let browser: Browser
let page: Page
let alpha: HeadlessNode
let bravo: HeadlessNode
const complaints: string[] = []

describe.runIf(chromiumPath !== undefined)('the window on a real engine', () => {
  beforeAll(async () => {
    const start = async (name: string) =>
      HeadlessNode.start({ name, folder: await temporaryFolder((undo) => undos.push(undo)) })
    alpha = await start('OSC Sežana')
    bravo = await start('Palmanova 1')
    browser = await openBrowser()
    page = await openWindow(browser, alpha, complaints, { colorScheme: 'light' })
  })
  afterAll(async () => {
    await browser.close()
    for (const node of [alpha, bravo]) await node.stop()
    for (const undo of undos) await undo()
  })

  let mission = ''

  it('says that nobody was met, and how to change that', async () => {
    await page.getByRole('heading', { name: 'This laptop does not look for others.' }).waitFor()
    await keepShot(page, '01-peers-empty')
    expect(await accessibilityProblems(page)).toEqual([])
  })

  it('links a laptop by its address', async () => {
    await page.getByLabel('Address', { exact: true }).fill('127.0.0.1')
    await page.getByLabel('Port', { exact: true }).fill(String(bravo.linkPort))
    await page.getByRole('button', { name: 'Link', exact: true }).click()
    await page.getByText('Palmanova 1').first().waitFor()
    await bravo.until('it met alpha', () => bravo.peer(alpha))
    expect(bravo.overview.missions).toEqual([])
    await keepShot(page, '02-peers-met')
  })

  it('asks a person, with Reject as the default, and Enter grants nothing', async () => {
    await page.getByRole('button', { name: 'Decide' }).first().click()
    const sheet = page.getByRole('dialog')
    await sheet.getByText('Trust Palmanova 1?').waitFor()
    expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Reject')
    const words = alpha.peer(bravo)?.words ?? []
    for (const word of words) await sheet.getByText(word, { exact: true }).first().waitFor()
    await keepShot(page, '03-decision')
    expect(await accessibilityProblems(page)).toEqual([])
    const grant = sheet.getByRole('button', { name: 'Trust unseen' })
    await grant.focus()
    await page.keyboard.press('Enter')
    expect(alpha.peer(bravo)?.level).toBe('untrusted')
    await page.keyboard.press('Escape')
    await sheet.waitFor({ state: 'detached' })
    expect(alpha.peer(bravo)?.level).toBe('untrusted')

    await page.getByRole('button', { name: 'Decide' }).first().click()
    await sheet.getByText('I compared the words with their person').click()
    await sheet.getByRole('button', { name: 'Words are equal, trust' }).click()
    await alpha.until('alpha trusts', () => alpha.peer(bravo)?.level === 'trusted')
    expect(alpha.peer(bravo)?.decision).toMatchObject({ ground: 'words', by: 'OSC Sežana' })
    await bravo.until('bravo is asked', () => bravo.peer(alpha)?.level === 'pending')
    await bravo.call('POST', `peers/${alpha.nodeId}/decision`, { level: 'trusted' })
    await alpha.untilLinked(bravo)
    await page.getByText('1 linked').first().waitFor()
  })

  it('creates a mission, and the other laptop has it', async () => {
    await page.getByRole('link', { name: /^Missions/ }).click()
    await page.getByRole('button', { name: 'New mission' }).first().click()
    await page.getByLabel('Name', { exact: true }).fill('Karst Ridge Fire, Sector North')
    await page.getByLabel('Description').fill('Požar Kras · Incendio del Carso')
    await page.getByRole('button', { name: 'Create mission' }).click()
    const [made] = await bravo.until('the mission at bravo', ({ missions }) =>
      missions.length > 0 ? missions : undefined
    )
    mission = made?.id ?? ''
    expect(made?.name).toBe('Karst Ridge Fire, Sector North')
    await bravo.until('bravo may write', ({ missions }) => missions[0]?.role === 'subscriber')
    await page.getByRole('heading', { level: 1, name: 'Karst Ridge Fire, Sector North' }).waitFor()
  })

  it('writes to the log and says when it is saved', async () => {
    await page.getByLabel('Write to the log').fill('Road 617 closed at Opatje selo.')
    await page.getByLabel('Write to the log').press('Control+Enter')
    await page
      .getByText(/^Saved \d\d:\d\d:\d\d$/)
      .first()
      .waitFor()
    await alpha.untilInStep(bravo, mission)
    const view = await bravo.call('GET', `missions/${mission}`)
    expect(JSON.stringify(view.body.entities)).toContain('Road 617 closed at Opatje selo.')
  })

  it('shows what the other laptop writes, without a reload', async () => {
    const path = `missions/${mission}/changes`
    await bravo.call('POST', path, { entity: 'log/from-bravo', field: 'text', value: 'Wind 310°, 12 kn.' })
    await bravo.call('POST', path, { entity: 'task/1', field: 'title', value: 'Evacuate Opatje selo 41 to 67' })
    await page.getByText('Wind 310°, 12 kn.').waitFor()
    await page.getByText('Evacuate Opatje selo 41 to 67').waitFor()
    await page
      .getByText(/In step with 1/)
      .first()
      .waitFor()
    await keepShot(page, '04-mission')
    expect(await accessibilityProblems(page)).toEqual([])
  })

  it('keeps what is being typed when another value arrives, and makes the conflict visible', async () => {
    await page
      .getByRole('link', { name: /^Log/ })
      .or(page.getByRole('tab', { name: /^Log/ }))
      .first()
      .click()
    const entry = page.getByRole('article').filter({ hasText: 'Wind 310°' })
    await entry.getByRole('button', { name: /^Edit/ }).click()
    const field = page.getByLabel('Text of this entry')
    await field.fill('Wind 320°, 18 kn, gusts 31.')
    await bravo.call('POST', `missions/${mission}/changes`, {
      entity: 'log/from-bravo',
      field: 'text',
      value: 'Wind 230°, 18 kn, gusts 31.'
    })
    await page.getByText('Another value arrived while you were writing.').waitFor()
    expect(await field.inputValue()).toBe('Wind 320°, 18 kn, gusts 31.')
    await keepShot(page, '05-form-open')
    await page.getByRole('button', { name: 'Save, keep every side' }).click()
    for (const node of [alpha, bravo]) await node.until('the conflict', ({ missions }) => missions[0]?.conflicts === 1)
  })

  it('settles the conflict by a person’s choice', async () => {
    await page
      .getByRole('link', { name: /^Conflicts/ })
      .or(page.getByRole('tab', { name: /^Conflicts/ }))
      .first()
      .click()
    await page.getByText('320°', { exact: false }).first().waitFor()
    await keepShot(page, '06-conflict')
    expect(await accessibilityProblems(page)).toEqual([])
    await page.keyboard.press('1')
    await page.getByRole('button', { name: /^Keep .*text$/ }).click()
    for (const node of [alpha, bravo]) await node.until('settled', ({ missions }) => missions[0]?.conflicts === 0)
    await alpha.untilInStep(bravo, mission)
  })

  it('has no screen that axe or the console complains about, light and dark', async () => {
    for (const screen of ['Peers', 'Missions', 'Trust', 'Activity', 'Settings']) {
      await page.getByRole('link', { name: new RegExp(`^${screen}`) }).click()
      await page.getByRole('heading', { level: 1 }).first().waitFor()
      expect(await accessibilityProblems(page), screen).toEqual([])
      await keepShot(page, `10-${screen.toLowerCase()}-light`)
    }
    const dark = await openWindow(browser, alpha, complaints, { colorScheme: 'dark' })
    for (const screen of ['Peers', 'Missions', 'Trust', 'Activity', 'Settings']) {
      await dark.getByRole('link', { name: new RegExp(`^${screen}`) }).click()
      expect(await accessibilityProblems(dark), `${screen}, dark`).toEqual([])
      await keepShot(dark, `11-${screen.toLowerCase()}-dark`)
    }
    await dark.context().close()
    expect(complaints).toEqual([])
  })

  it('goes by keyboard alone to every screen', async () => {
    for (const [index, screen] of ['Peers', 'Missions', 'Trust', 'Activity', 'Settings'].entries()) {
      await page.keyboard.press(`Control+${String(index + 1)}`)
      await page.getByRole('heading', { level: 1, name: screen }).waitFor()
    }
  })

  it('says so when its engine is gone', async () => {
    await alpha.stop('SIGKILL')
    await page.getByText('The window lost its engine').first().waitFor()
    await keepShot(page, '07-engine-lost')
  })

  it('does not open twice with one code', async () => {
    const door = await readFile(join(bravo.folder, 'open.html'), 'utf8')
    const url = /url=([^"]+)"/.exec(door)?.[1] ?? ''
    const first = await browser.newPage()
    await first.goto(url)
    await first.getByText('Palmanova 1').first().waitFor()
    expect(first.url()).not.toContain('code')
    const second = await browser.newPage()
    await second.goto(url)
    await second.getByText('This window is not open yet').waitFor()
  })
})
