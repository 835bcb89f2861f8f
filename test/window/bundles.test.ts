/**
 * Bundles in real Chromium: written on one real engine, carried as a download, looked at and taken on another one, and the
 * receipt brought back. Then what a person sees while it takes long, and when it fails, on a recorded engine.
 */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { fail, ok, problem } from '@shared/result.js'
import { themes } from '@shared/settings.js'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { keepShot, openBrowser } from './browser.js'
import { press, tabTo } from './keyboard.js'
import { accessibilityProblems, byEngine, canLook, goTo, inEveryLook, withRecorded } from './looks.js'
import { missionIdOf, nodeIdOf, richField } from './recorded.js'
import { chooseFiles, dropFiles, openWindow, type NamedFile } from './real-window.js'

const undos: (() => Promise<void>)[] = []
const complaints: string[] = []

async function turnTo(page: Page, theme: string): Promise<void> {
  for (let turn = 0; turn < themes.length; turn++) {
    if (await page.evaluate((wanted) => document.documentElement.classList.contains(wanted), theme)) return
    await page.keyboard.press('F9')
  }
}

describe.runIf(canLook)('a bundle', () => {
  let browser: Browser
  let alpha: HeadlessNode
  let bravo: HeadlessNode
  let here: Page
  let there: Page
  let bundle: NamedFile
  let receipt: NamedFile
  let mission = ''

  /** What the browser saves after this. */
  async function saved(page: Page, work: () => Promise<void>): Promise<NamedFile> {
    const [download] = await Promise.all([page.waitForEvent('download'), work()])
    return { name: download.suggestedFilename(), content: await readFile(await download.path()) }
  }
  const sheet = (page: Page) => page.getByRole('dialog')
  const looks = async (page: Page, name: string) => {
    await inEveryLook(page, name, (theme) => turnTo(page, theme))
    await page.setViewportSize({ width: 1366, height: 768 })
  }

  beforeAll(async () => {
    const start = async (name: string) =>
      HeadlessNode.start({ name, folder: await temporaryFolder((undo) => undos.push(undo)) })
    ;[alpha, bravo, browser] = await Promise.all([start('OSC Sežana'), start('Palmanova 1'), openBrowser()])
    await alpha.call('POST', 'peers', { address: '127.0.0.1', port: bravo.linkPort })
    await alpha.until('they met', () => alpha.peer(bravo) !== undefined)
    await bravo.until('they met', () => bravo.peer(alpha) !== undefined)
    await bravo.call('POST', `peers/${alpha.nodeId}/decision`, { level: 'trusted' })
    await alpha.call('POST', `peers/${bravo.nodeId}/decision`, { level: 'trusted' })
    await alpha.untilLinked(bravo)
    // Out of reach from here on: what comes now comes by a drive.
    await bravo.call('POST', `peers/${alpha.nodeId}/decision`, { level: 'untrusted' })
    await alpha.until('they are apart', () => alpha.peer(bravo)?.link.state !== 'linked')
    mission = (await alpha.call('POST', 'missions', { name: 'Karst Ridge Fire' })).body.id
    const write = (entity: string, field: string, value: string) =>
      alpha.call('POST', `missions/${mission}/changes`, { entity, field, value })
    await write('log/1', 'text', 'Wind 310°, 12 kn.')
    await write('task/1', 'title', 'Evacuate Opatje selo 41 to 67')
    here = await openWindow(browser, alpha, complaints, { colorScheme: 'light', reducedMotion: 'reduce' })
    there = await openWindow(browser, bravo, complaints, { colorScheme: 'light', reducedMotion: 'reduce' })
  })
  afterAll(async () => {
    await browser.close()
    for (const node of [alpha, bravo]) await node.stop()
    for (const undo of undos) await undo()
  })

  it('is ordered for somebody, and in the open only with a warning', async () => {
    await goTo(here, `/missions/${mission}`)
    await here.getByRole('button', { name: 'Write bundle' }).click()
    expect(await accessibilityProblems(here)).toEqual([])
    await keepShot(here, 'bundle-write')
    await sheet(here).getByRole('button', { name: 'Write bundle' }).click()
    await sheet(here).getByText('Choose at least one laptop.').waitFor()
    await sheet(here).getByText('For anybody, not encrypted').click()
    await sheet(here).getByText('Whoever finds the drive can read all of it.').waitFor()
    expect(await sheet(here).getByText('Only what they lack').count()).toBe(0)
    await looks(here, 'bundle-open')
    await sheet(here).getByText('For anybody, not encrypted').click()
  })

  it('is written by the keyboard alone, saved by the browser once, and nothing of it stays behind', async () => {
    await tabTo(here, /^Palmanova 1/)
    await press(here, 'Space')
    await tabTo(here, /^Write bundle$/)
    bundle = await saved(here, () => here.keyboard.press('Enter'))
    expect(bundle.name).toBe('Karst Ridge Fire.muster-bundle')
    expect(bundle.content.toString().startsWith('age-encryption.org/v1')).toBe(true)
    await sheet(here).getByRole('heading', { name: 'Your browser saves the bundle' }).waitFor()
    await looks(here, 'bundle-saving')
    const address = (await sheet(here).getByRole('link').getAttribute('href')) ?? ''
    expect(address).toMatch(/^\/saved\/[\w-]{43}$/)
    expect((await alpha.call('GET', address)).status).toBe(404)
    const left = await readdir(join(alpha.folder, 'transfers'), { recursive: true, withFileTypes: true })
    expect(left.filter((entry) => entry.isFile())).toEqual([])
    await here.keyboard.press('Enter')
    await sheet(here).waitFor({ state: 'detached' })
  })

  it('is refused where its sender is not trusted, and shown where it is; nothing is taken by looking', async () => {
    await goTo(there, '/missions')
    await dropFiles(there, [bundle])
    await sheet(there).getByRole('heading', { name: 'A bundle from OSC Sežana' }).waitFor()
    expect(await sheet(there).getByRole('button', { name: 'Take it' }).count()).toBe(0)
    expect(await accessibilityProblems(there)).toEqual([])
    await keepShot(there, 'bundle-not-trusted')
    await sheet(there).getByRole('button', { name: 'Not now' }).click()
    // Linked again, and still nothing comes over the link.
    const scope = { out: [], in: [], access: 'write' }
    await alpha.call('POST', `peers/${bravo.nodeId}/decision`, { level: 'trusted', scope })
    await bravo.call('POST', `peers/${alpha.nodeId}/decision`, { level: 'trusted' })
    await alpha.untilLinked(bravo)
    expect(bravo.overview.missions).toEqual([])

    await chooseFiles(there, 'Open bundle', [bundle])
    await sheet(there)
      .getByText(/^New here: \d+ changes$/)
      .waitFor()
    await sheet(there).getByText('Karst Ridge Fire', { exact: true }).waitFor()
    await sheet(there).getByText('this laptop', { exact: true }).waitFor()
    await looks(there, 'bundle-seen')
  })

  it('is taken, and its receipt is brought back', async () => {
    await sheet(there).getByRole('button', { name: 'Take it' }).click()
    await sheet(there).getByRole('heading', { name: 'The bundle is taken' }).waitFor()
    await bravo.until('the mission', ({ missions }) => missions.some(({ id }) => id === mission))
    await sheet(there).getByText('4 changes came in.').waitFor()
    await looks(there, 'bundle-taken')
    receipt = await saved(there, () => sheet(there).getByRole('button', { name: 'Save receipt' }).click())
    expect(receipt.name).toMatch(/\.muster-receipt$/)
    await sheet(there).getByRole('button', { name: 'Close' }).click()

    await goTo(here, '/missions')
    await dropFiles(here, [receipt])
    await sheet(here).getByText('Nothing was taken yet.', { exact: false }).waitFor()
    expect(await accessibilityProblems(here)).toEqual([])
    await keepShot(here, 'bundle-receipt')
    await sheet(here).getByRole('button', { name: 'Take receipt' }).click()
    await sheet(here)
      .getByText(/^The bundle came to Palmanova 1\./)
      .waitFor()
    await sheet(here).getByRole('button', { name: 'Close' }).click()
    await goTo(here, '/activity')
    await here.getByText('A bundle was written: Karst Ridge Fire', { exact: false }).first().waitFor()
    await here.getByText('A receipt came: Palmanova 1 has the bundle').first().waitFor()
    expect(complaints).toEqual([])
  })

  it('of several missions is ordered from their list: all that its reader may have, or some of them', async () => {
    await alpha.call('POST', 'missions', { name: 'Kras: air operations' })
    const scope = { out: ['*'], in: ['*'], access: 'write' }
    await alpha.call('POST', `peers/${bravo.nodeId}/decision`, { level: 'trusted', scope })
    await goTo(here, '/missions')
    await here.getByRole('button', { name: 'Write bundle' }).click()
    await sheet(here).getByText('2 of 2').waitFor()
    await sheet(here).getByRole('checkbox', { name: 'Kras: air operations' }).press('Space')
    await sheet(here).getByText('1 of 2').waitFor()
    await sheet(here).getByRole('checkbox', { name: 'All that may go to them' }).press('Space')
    await sheet(here)
      .getByText(/^2 missions, at most \d/)
      .waitFor()
    await sheet(here).getByRole('checkbox', { name: 'Palmanova 1' }).press('Space')
    await looks(here, 'bundle-several')
    const both = await saved(here, () => sheet(here).getByRole('button', { name: 'Write bundle' }).click())
    expect(both.name).toMatch(/^(Kras: air operations|Kras_ air operations|Karst Ridge Fire) and 1 more.muster-bundle$/)
    await sheet(here).getByRole('button', { name: 'Close' }).click()
    await dropFiles(there, [both])
    await sheet(there).getByRole('heading', { name: 'A bundle from OSC Sežana' }).waitFor()
    await sheet(there).getByText('Kras: air operations').waitFor()
    await sheet(there).getByRole('button', { name: 'Not now' }).click()
  })

  it('that is cut off is refused, and says why', async () => {
    await goTo(there, '/missions')
    // Chromium says each answer that is no success; this one is meant.
    there.removeAllListeners('console')
    await dropFiles(there, [{ name: 'half.muster-bundle', content: bundle.content.slice(0, 300) }])
    await sheet(there).getByText('BUN-02').waitFor()
    await looks(there, 'bundle-refused')
  })

  it('is sent in slices that follow each other, to whoever has a token, under no name from outside', async () => {
    const send = async (method: string, path: string, body?: Uint8Array<ArrayBuffer>, token = bravo.token) => {
      const address = `http://127.0.0.1:${String(bravo.apiPort)}/api/v1/bundles/uploads${path}`
      const headers = { Authorization: `Bearer ${token}` }
      const response = await fetch(address, { method, headers, ...(body === undefined ? {} : { body }) })
      return { status: response.status, body: (await response.json()) as Readonly<Record<string, unknown>> }
    }
    const whole = Uint8Array.from(Buffer.from(bundle.content))
    expect((await send('POST', '', undefined, 'guessed')).status).toBe(401)
    const id = String((await send('POST', '')).body['id'])
    const put = (name: string, offset: number, body: Uint8Array<ArrayBuffer>) =>
      send('PUT', `/${id}/${encodeURIComponent(name)}?offset=${String(offset)}`, body)
    expect((await send('POST', `/${id}/preview`)).status).toBe(404)
    expect((await put('../../api-token', 0, whole)).body['code']).toBe('not-a-bundle')
    expect((await put('../../x.muster-bundle', 0, whole.slice(0, 100))).body).toEqual({ size: 100 })
    expect((await put('../../x.muster-bundle', 50, whole.slice(50))).body['code']).toBe('bad-request')
    expect((await put('other.muster-bundle', 0, whole)).body['code']).toBe('bad-request')
    expect((await put('../../x.muster-bundle', 100, new Uint8Array(8 * 1024 * 1024 + 1))).status).toBe(413)
    expect((await put('../../x.muster-bundle', 100, whole.slice(100))).body).toEqual({ size: whole.length })
    expect(await readdir(join(bravo.folder, 'transfers', id))).toEqual(['upload.muster-bundle'])
    expect((await send('POST', `/${id}/preview`)).body).toMatchObject({ missions: [{ newChanges: 0 }] })
    expect((await send('DELETE', `/${id}`)).status).toBe(200)
    expect(await readdir(join(bravo.folder, 'transfers'))).not.toContain(id)
  })

  const fire = `/missions/${missionIdOf(1)}`

  it('says who was taken back, and can be taken for that alone', async () => {
    const recorded = richField(Date.now())
    const refused = problem('outside-scope', 'Karst Ridge Fire')
    const mission = {
      id: missionIdOf(1),
      name: 'Karst Ridge Fire',
      isNew: false,
      changes: 412,
      newChanges: 37,
      refused
    }
    const preview = {
      ...{ id: '0f6c', at: Date.now(), sender: { nodeId: nodeIdOf(1), callsign: 'Palmanova 1', isKnown: true } },
      ...{ audience: [], isSealed: true, bytes: 48_211, warnings: [] },
      missions: [{ ...mission, files: 0, fileBytes: 0, newFiles: 0, leftOut: 0, hasGap: false }],
      revocations: { laptops: 3, shutOut: 2, lists: 1 }
    }
    await withRecorded(browser, recorded, async (page, engine) => {
      await page.route('**/api/v1/bundles/uploads**', (route) => route.fulfill({ status: 201, json: { id: 'one' } }))
      await page.route('**/api/v1/bundles/uploads/one/**', (route) => {
        const isPreview = route.request().url().endsWith('/preview')
        return route.fulfill({ json: isPreview ? preview : { size: 4 } })
      })
      await goTo(page, '/missions')
      await dropFiles(page, [{ name: 'word.muster-bundle', content: 'word' }])
      await sheet(page).getByText('2 laptops, shut out here from now on').waitFor()
      await sheet(page).getByText('1 laptop, shown as advice').waitFor()
      expect(await sheet(page).getByRole('button', { name: 'Take it' }).count()).toBe(1)
      await inEveryLook(page, 'bundle-revocations', byEngine(engine, recorded.overview))
    })
  })

  it('says how far it is, and can be cancelled', async () => {
    let isCancelled = false
    let answer: () => void = () => undefined
    const recorded = richField(Date.now())
    const work: Parameters<typeof withRecorded>[2] = async (page, engine) => {
      const cancelled = new Promise<void>((done) => (answer = done))
      await page.route('**/api/v1/bundles/download', async (route) => {
        await cancelled
        const failed = fail('bundle-cancelled')
        await route.fulfill({ status: 400, json: failed.ok ? {} : failed.problem })
      })
      // Chromium says each answer that is no success; this one is meant.
      page.removeAllListeners('console')
      await goTo(page, fire)
      await page.getByRole('button', { name: 'Write bundle' }).click()
      await sheet(page).getByRole('checkbox').first().press('Space')
      await sheet(page).getByRole('button', { name: 'Write bundle' }).click()
      await sheet(page).getByText('Reading it again from the drive: 13 MB of 48 MB, 26 %').waitFor()
      await inEveryLook(page, 'bundle-busy', byEngine(engine, recorded.overview))
      await page.keyboard.press('Escape')
      await sheet(page).getByRole('button', { name: 'Cancel' }).click()
      await sheet(page).getByText('Cancelled. No finished bundle was written.').waitFor()
      expect(await sheet(page).getByRole('alert').count()).toBe(0)
    }
    await withRecorded(browser, recorded, work, {
      bundleProgress: async () => ok({ kind: 'write', step: 'checking', done: 12_582_912, total: 48_211_000 }),
      cancelBundle: async () => {
        isCancelled = true
        answer()
        return ok(null)
      }
    })
    expect(isCancelled).toBe(true)
  })
})
