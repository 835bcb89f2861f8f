/**
 * Keys and identity of a real headless node, through its window in real Chromium: under a passphrase, locked, unlocked,
 * saved to a file, given up for another identity, and taken back on a fresh laptop.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { chromiumPath, openBrowser } from './browser.js'
import { openWindow } from './real-window.js'

const passphrase = 'five words that stay together'
const forFile = 'another five for the file'
const undos: (() => Promise<void>)[] = []
const complaints: string[] = []
let browser: Browser
let page: Page
let alpha: HeadlessNode
let saved: Buffer
/** Of the identity that is saved. */
let nodeId: string

const button = (name: string) => page.getByRole('button', { name, exact: true })

/** Fills the sheet that is open: labels and texts. */
async function fill(texts: Readonly<Record<string, string>>): Promise<void> {
  for (const [label, text] of Object.entries(texts)) await page.getByLabel(label).fill(text)
}

describe.runIf(chromiumPath !== undefined)('keys and identity in the window', () => {
  beforeAll(async () => {
    alpha = await HeadlessNode.start({ name: 'alpha', folder: await temporaryFolder((undo) => undos.push(undo)) })
    browser = await openBrowser()
    page = await openWindow(browser, alpha, complaints)
    await page.evaluate(() => location.assign('#/settings'))
  })
  afterAll(async () => {
    await browser.close()
    await alpha.stop()
    for (const undo of undos) await undo()
  })

  it('locks with a passphrase, shows nothing, and opens again with that one only', async () => {
    await alpha.call('POST', 'missions', { name: 'Fire' })
    await button('Set a passphrase').click()
    await fill({ 'New passphrase': passphrase, 'The same once more': passphrase })
    await page.keyboard.press('Enter')
    await button('Lock now').click()
    await page.getByRole('heading', { name: 'alpha is locked' }).waitFor()
    expect(await page.locator('body').innerText()).not.toContain('Fire')
    expect(await alpha.call('GET', 'missions')).toMatchObject({ status: 423, body: { code: 'node-locked' } })
    expect(await alpha.call('GET', 'node')).toMatchObject({
      status: 200,
      body: { isLocked: true, nodeId: alpha.nodeId }
    })
    expect(await readFile(join(alpha.folder, 'identity.json'), 'utf8')).not.toContain('PRIVATE KEY')

    await page.getByLabel('Passphrase').fill('not the one')
    await page.keyboard.press('Enter')
    await page.getByText('KEY-02').waitFor()
    await page.keyboard.type(passphrase)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Settings' }).waitFor()
    expect(await alpha.call('GET', 'missions')).toMatchObject({ body: { missions: [{ name: 'Fire' }] } })
  })

  it('saves the identity to a file, and makes another one after the callsign was typed', async () => {
    await button('Save the identity to a file').click()
    await fill({ 'Passphrase now': passphrase, 'Passphrase of the file': forFile, 'The same once more': forFile })
    const [download] = await Promise.all([page.waitForEvent('download'), button('Save').click()])
    expect(download.suggestedFilename()).toBe(`alpha ${alpha.nodeId.slice(0, 8)}.muster-identity`)
    saved = await readFile(await download.path())
    nodeId = alpha.nodeId
    await page.getByRole('dialog').waitFor({ state: 'detached' })

    await button('New identity').click()
    await page.getByText('Nobody else owns Fire').waitFor()
    expect(await button('Make a new identity').isDisabled()).toBe(true)
    await fill({ 'Type alpha to confirm': 'alpha' })
    await button('Make a new identity').click()
    await page.getByText('This laptop has a new identity').waitFor()
    const { body } = await alpha.call('GET', 'node')
    expect(body).toMatchObject({ callsign: 'alpha', keys: { state: 'passphrase' } })
    expect(body.nodeId).not.toBe(alpha.nodeId)
    expect(complaints).toEqual([])
  })

  it('starts unlocked with a file that has the passphrase, and not at all with a wrong one', async () => {
    // Its window would go on looking for it.
    await page.close()
    await alpha.stop()
    const right = join(alpha.folder, 'right')
    await writeFile(right, `${passphrase}\n`, { mode: 0o600 })
    const { name, folder } = alpha
    alpha = await HeadlessNode.start({ name, folder, args: ['--passphrase-file', right] })
    expect(await alpha.call('GET', 'missions')).toMatchObject({ status: 200, body: { missions: [{ name: 'Fire' }] } })
    await alpha.stop()
    await writeFile(right, 'a wrong one\n')
    await expect(HeadlessNode.start({ name, folder, args: ['--passphrase-file', right] })).rejects.toThrow('KEY-02')
  })

  it('takes the identity back on a fresh laptop in the first steps', async () => {
    const folder = await temporaryFolder((undo) => undos.push(undo))
    alpha = await HeadlessNode.start({ name: 'fresh', folder, args: ['--first-run'] })
    page = await openWindow(browser, alpha, complaints)
    await button('I had this laptop’s identity before').click()
    const file = { name: 'alpha.muster-identity', mimeType: '', buffer: saved }
    await page.getByRole('dialog').locator('input[type=file]').setInputFiles(file)
    await fill({ 'Passphrase of the file': forFile })
    await button('Become this laptop').click()
    await page.getByText('This laptop has the identity from the file').waitFor()
    await expect.poll(() => page.getByLabel('Callsign').inputValue()).toBe('alpha')
    const { body } = await alpha.call('GET', 'node')
    expect(body).toMatchObject({ nodeId, callsign: 'alpha', isFirstRun: true })
    expect(complaints).toEqual([])
  })
})
