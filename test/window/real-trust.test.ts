/**
 * The built window in real Chromium on a real engine, with files made by the real `openssl`: first steps, an
 * organisation, an own certificate behind a password, and back again.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { authority, Openssl, opensslProblem } from '../support/openssl.js'
import { chromiumPath, keepShot, openBrowser } from './browser.js'

const undos: (() => Promise<void>)[] = []

describe.runIf(chromiumPath !== undefined && opensslProblem() === undefined)('certificates on a real engine', () => {
  let browser: Browser
  let page: Page
  let node: HeadlessNode
  let openssl: Openssl
  const complaints: string[] = []

  beforeAll(async () => {
    openssl = new Openssl(Date.now())
    const folder = await temporaryFolder((undo) => undos.push(undo))
    node = await HeadlessNode.start({ name: 'toughbook-4', folder, args: ['--first-run'] })
    browser = await openBrowser()
    page = await browser.newPage({ viewport: { width: 1366, height: 768 }, locale: 'en-GB' })
    page.setDefaultTimeout(8_000)
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await node.call('POST', 'door')
    await page.goto(`file://${join(node.folder, 'open.html')}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
  })
  afterAll(async () => {
    await browser.close()
    await node.stop()
    openssl.remove()
    for (const undo of undos) await undo()
  })

  function choose(name: string, content: Buffer): Promise<void> {
    const file = { name, mimeType: 'application/octet-stream', buffer: content }
    return page.locator('input[type=file]').first().setInputFiles([file])
  }

  it('keeps what the first steps ask, and begins where the person wants', async () => {
    await page.getByLabel('Callsign', { exact: true }).fill('OSC Sežana')
    await page.getByRole('button', { name: 'Continue' }).click()
    for (const word of node.overview.node.words) await page.getByText(word, { exact: true }).first().waitFor()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('button', { name: /^Import a certificate/ }).click()
    await page.getByRole('heading', { name: 'Import a certificate' }).waitFor()
    await node.until('set up', ({ node: own }) => own.settings.isSetUp && !own.isFirstRun)
    expect(node.overview.node.callsign).toBe('OSC Sežana')
  })

  it('imports an organisation after showing what it means', async () => {
    const root = openssl.issue({ subject: '/CN=Kras Root CA', extensions: authority })
    const field = openssl.issue({ subject: '/CN=Kras Field CA/O=Gasilska zveza', issuer: root, extensions: authority })
    await choose('kras.pem', Buffer.from(field.pem + root.pem))
    await page.getByText('This will trust everyone issued by Kras Field CA,').waitFor()
    expect(node.overview.anchors).toEqual([])
    await keepShot(page, 'trust-real-anchor')
    await page.getByRole('button', { name: 'Trust this organisation' }).click()
    const [anchor] = await node.until('the organisation', ({ anchors }) => (anchors.length > 0 ? anchors : undefined))
    expect(anchor).toMatchObject({
      by: 'OSC Sežana',
      state: 'active',
      scope: { out: ['*'], in: ['*'], access: 'write' }
    })
    await page.getByRole('heading', { level: 2, name: 'Kras Field CA' }).waitFor()
  })

  it('opens a PKCS#12 file at the second password, and uses it as the own certificate', async () => {
    const ca = openssl.issue({ subject: '/CN=GZ CA', extensions: authority })
    const own = openssl.issue({ subject: '/CN=osc-sezana.gz.example', issuer: ca })
    await choose('gz-sezana.p12', openssl.pkcs12(own, 'atakatak', [ca]))
    for (const password of ['wrong', 'atakatak']) {
      await page.getByLabel('Password of the file').fill(password)
      await page.keyboard.press('Enter')
      if (password === 'wrong') await page.getByText('CRT-02').waitFor()
    }
    await page.getByRole('heading', { name: 'Use this certificate for this laptop?' }).waitFor()
    const { nodeId, words } = node.overview.node
    await page.getByRole('button', { name: 'Use for this laptop' }).click()
    await node.until('the new certificate', (overview) => !overview.node.certificate.isOwn)
    expect(node.overview.node).toMatchObject({ nodeId, words, certificate: { issuerName: 'GZ CA' } })
    await page.getByText('From GZ CA').waitFor()
  })

  it('says why a file cannot be imported', async () => {
    await choose('holiday.jpg', Buffer.from('a picture'))
    await page.getByRole('heading', { name: 'This cannot be imported' }).waitFor()
    await page.getByText(/CRT-\d\d/).waitFor()
    await page.getByRole('button', { name: 'Don’t import' }).click()
  })

  it('goes back to a certificate made here, and has written down all of it', async () => {
    await page.getByRole('button', { name: 'Go back to a certificate made here' }).click()
    await page.getByRole('button', { name: 'Go back to one made here' }).click()
    await node.until('an own certificate', (overview) => overview.node.certificate.isOwn)
    await page.getByRole('link', { name: /^Activity/ }).click()
    await page.getByRole('button', { name: /^Imports/ }).click()
    await page.getByText('OSC Sežana accepted the organisation Kras Field CA').waitFor()
    expect(await page.getByText('This laptop shows another certificate').count()).toBeGreaterThanOrEqual(2)
    await keepShot(page, 'trust-real-activity')
    expect(complaints).toEqual([])
  })
})
