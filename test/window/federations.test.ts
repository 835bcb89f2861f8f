/**
 * Two laptops of two federations: their people open the boundary in the window and say yes to each other; one asks to
 * delete and takes it back, asks again, and the other answers.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { chromiumPath, keepShot, openBrowser } from './browser.js'
import { openWindow } from './real-window.js'

const undos: (() => Promise<void>)[] = []
const complaints: string[] = []
let browser: Browser
let alpha: HeadlessNode
let delta: HeadlessNode
let atAlpha: Page
let atDelta: Page
let mission = ''

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()
const goTo = (page: Page, path: string) => page.evaluate((to) => location.assign(`#${to}`), path)

describe.runIf(chromiumPath !== undefined)('two federations', () => {
  beforeAll(async () => {
    const start = async (name: string, federation: string) =>
      HeadlessNode.start({
        name,
        folder: await temporaryFolder((undo) => undos.push(undo)),
        args: ['--federation', federation]
      })
    alpha = await start('OSC Sežana', 'kras-2026')
    delta = await start('Gasilci Maribor', 'drava-2026')
    browser = await openBrowser()
    atAlpha = await openWindow(browser, alpha, complaints)
    atDelta = await openWindow(browser, delta, complaints)
  })
  afterAll(async () => {
    await browser.close()
    for (const node of [alpha, delta]) await node.stop()
    for (const undo of undos) await undo()
  })

  it('deal with each other once their people have said so', async () => {
    const allow = async (page: Page, name: string) => {
      await goTo(page, '/trust')
      await press(page, 'Add a federation')
      await page.getByLabel('Its name').fill(name)
      await press(page, 'Add it')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
      await page.getByText('Also those listed', { exact: true }).click()
      await page.getByText('Nobody that is trusted today.').waitFor()
      await press(page, 'Deal with those listed')
      await page.getByRole('alertdialog').waitFor({ state: 'detached' })
    }
    await allow(atAlpha, 'drava-2026')
    await allow(atDelta, 'kras-2026')
    await alpha.until('the boundary', ({ node }) => node.boundary.mode === 'bridging')
    expect(alpha.overview.node.boundary.federations).toMatchObject([{ name: 'drava-2026', deletions: 'request' }])
    await alpha.call('POST', 'peers', { address: '127.0.0.1', port: delta.linkPort })
    await alpha.until('they met', () => alpha.peer(delta) !== undefined)
    await delta.until('they met', () => delta.peer(alpha) !== undefined)
    await delta.call('POST', `peers/${alpha.nodeId}/decision`, { level: 'trusted' })
    await alpha.call('POST', `peers/${delta.nodeId}/decision`, { level: 'trusted' })
    await alpha.untilLinked(delta)
    await goTo(atAlpha, `/peers/${delta.nodeId}`)
    await atAlpha.getByText(/^For drava-2026: all missions/).waitFor()
  })

  it('ask each other to delete, and answer', async () => {
    mission = (await alpha.call('POST', 'missions', { name: 'Drava Flood', onward: 'any' })).body.id
    await alpha.call('POST', `missions/${mission}/changes`, {
      entity: 'task/1',
      field: 'title',
      value: 'Check the dam'
    })
    await delta.until('delta may ask', ({ missions }) => missions[0]?.asksToDelete)
    await alpha.untilInStep(delta, mission)
    await goTo(atDelta, `/missions/${mission}`)
    await atDelta.getByRole('button', { name: /^Check the dam/ }).click()
    await press(atDelta, 'Ask to delete')
    await atDelta.getByText('You asked to delete it').waitFor()
    await goTo(atAlpha, `/missions/${mission}`)
    await atAlpha.getByText('Gasilci Maribor asks to delete this').waitFor()
    await atDelta.getByRole('button', { name: /^Check the dam/ }).click()
    await press(atDelta, 'Take the request back')
    await atAlpha.getByText('Gasilci Maribor asks to delete this').waitFor({ state: 'detached' })

    await atDelta.getByRole('button', { name: /^Check the dam/ }).click()
    await press(atDelta, 'Ask to delete')
    await goTo(atAlpha, `/missions/${mission}/conflicts`)
    await press(atAlpha, 'Keep Check the dam')
    await atAlpha.getByRole('region', { name: 'Asked to be deleted' }).waitFor({ state: 'detached' })
    await atDelta.getByText('You asked to delete it').waitFor({ state: 'detached' })
    await goTo(atAlpha, `/missions/${mission}/history`)
    // Twice asked; once taken back, once kept.
    for (const words of ['asked to delete', 'not asked to delete any more'])
      await expect.poll(() => atAlpha.getByText(words, { exact: true }).count()).toBe(2)
    await keepShot(atAlpha, '23-asked-history')
    expect(alpha.overview.missions[0]?.conflicts).toBe(0)
  })

  it('see who loses the link before the boundary closes again', async () => {
    await goTo(atAlpha, '/trust')
    await atAlpha.getByText('Only kras-2026', { exact: true }).click()
    await atAlpha.getByText('Gasilci Maribor (drava-2026)').waitFor()
    await keepShot(atAlpha, '23-boundary-closes')
    await press(atAlpha, 'Deal only with kras-2026')
    await alpha.until('the link ended', () => alpha.peer(delta)?.link.state !== 'linked')
    await atAlpha.setViewportSize({ width: 683, height: 384 })
    await atAlpha.getByRole('button', { name: 'Change drava-2026' }).scrollIntoViewIfNeeded()
    await keepShot(atAlpha, '23-boundary-small')
    await goTo(atDelta, `/peers/${alpha.nodeId}`)
    await atDelta.getByText('TRU-31').waitFor()
    expect(complaints).toEqual([])
  })
})
