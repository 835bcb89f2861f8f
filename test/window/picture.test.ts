/**
 * The way of a picture, in real Chromium: what one window shows is photographed from the screen, in every theme, and read
 * by another; with real nodes (own processes, TLS on loopback) up to the request for a pairing.
 */
import encodeQR from 'qr'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import type { NodeId } from '@shared/model'
import { themes } from '@shared/settings'
import { writeHint } from '@/display/hint'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { openBrowser } from './browser'
import { byEngine, canLook, goTo, withRecorded } from './looks'
import { openWindow } from './real-window'
import { nodeIdOf, richField, type Recorded } from './recorded'

interface Place {
  readonly nodeId: NodeId
  readonly linkPort: number
}

/** A window whose laptop is at one address of loopback. */
function standingAt({ nodeId, linkPort }: Place): Recorded {
  const recorded = richField(Date.now())
  const { node } = recorded.overview
  const interfaces = [{ name: 'lo', address: '127.0.0.1' }]
  return { ...recorded, overview: { ...recorded.overview, node: { ...node, nodeId, linkPort, interfaces } } }
}

const sheet = (page: Page) => page.getByRole('dialog')
const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click()

/** The whole screen with the code on it, in every theme. */
async function photograph(browser: Browser, place: Place): Promise<readonly Buffer[]> {
  const recorded = standingAt(place)
  const shots: Buffer[] = []
  await withRecorded(browser, recorded, async (page, engine) => {
    await goTo(page, '/peers/add')
    await press(page, 'Show as picture')
    await sheet(page).getByText(`127.0.0.1:${place.linkPort}`).waitFor()
    for (const theme of themes) {
      await byEngine(engine, recorded.overview)(theme)
      await page.locator(`html.${theme}`).waitFor({ state: 'attached' })
      shots.push(await page.screenshot())
    }
  })
  return shots
}

async function openReader(page: Page): Promise<void> {
  await goTo(page, '/peers/add')
  await press(page, 'Read a picture')
  await sheet(page).waitFor()
}

const giveFile = (page: Page, buffer: Buffer) =>
  sheet(page).locator('input[type=file]').setInputFiles({ name: 'photo.png', mimeType: 'image/png', buffer })

const svgOf = (text: string) => Buffer.from(encodeQR(text, 'svg', { border: 4 }))

/** Let go over the open sheet. */
async function dropOnSheet(page: Page, buffer: Buffer): Promise<void> {
  const dataTransfer = await page.evaluateHandle((data) => {
    const made = new DataTransfer()
    made.items.add(
      new File([Uint8Array.from(atob(data), (char) => char.charCodeAt(0))], 'photo.png', { type: 'image/png' })
    )
    return made
  }, buffer.toString('base64'))
  await sheet(page).locator('.form').dispatchEvent('drop', { dataTransfer })
}

describe.runIf(canLook)('a picture of where a laptop is', () => {
  const undos: (() => Promise<void>)[] = []
  const complaints: string[] = []
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(async () => {
    await browser.close()
    for (const undo of undos) await undo()
  })

  it('is read off the screen in every theme, chosen or let go', async () => {
    const place = { nodeId: nodeIdOf(77), linkPort: 47_110 }
    const shots = await photograph(browser, place)
    expect(shots.length).toBe(4)
    await withRecorded(browser, richField(Date.now()), async (page) => {
      await openReader(page)
      for (const [index, shot] of shots.entries()) {
        await (index === 1 ? dropOnSheet : giveFile)(page, shot)
        await sheet(page).getByText(place.nodeId).waitFor()
        await sheet(page).getByText('127.0.0.1:47110').waitFor()
        await giveFile(page, Buffer.from('no picture'))
        await sheet(page).getByText('PAI-18').waitFor()
        expect(await sheet(page).getByText(place.nodeId).count()).toBe(0)
      }
    })
  })

  it('is refused in words when it is not one of ours, or our own', async () => {
    const own = richField(Date.now())
    const { nodeId } = own.overview.node
    await withRecorded(browser, own, async (page) => {
      await openReader(page)
      const give = (text: string) =>
        sheet(page)
          .locator('input[type=file]')
          .setInputFiles({ name: 'code.svg', mimeType: 'image/svg+xml', buffer: svgOf(text) })
      await give('https://example.org/muster:add')
      await sheet(page).getByText('PAI-19').waitFor()
      await give(writeHint(nodeId, [{ address: '127.0.0.1', port: 1 }]) ?? '')
      await sheet(page).getByText('TRU-08').waitFor()
      expect(await page.getByRole('button', { name: 'Look for it' }).count()).toBe(0)
      // Few bytes, which would take 400 MB when drawn.
      const huge = '<svg xmlns="http://www.w3.org/2000/svg" width="10000" height="10000"/>'
      await sheet(page)
        .locator('input[type=file]')
        .setInputFiles({ name: 'huge.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(huge) })
      await sheet(page).getByText('10000 × 10000', { exact: true }).waitFor()
    })
  })

  it('leads to the laptop in it and to the request for a pairing; to no other laptop', async () => {
    const start = async (name: string) =>
      HeadlessNode.start({ name, folder: await temporaryFolder((undo) => undos.push(undo)) })
    const [alpha, bravo] = await Promise.all([start('alpha'), start('bravo')])
    try {
      const page = await openWindow(browser, bravo, complaints)
      await openReader(page)
      // Names a laptop that is not there.
      const elsewhere = writeHint(nodeIdOf(77), [{ address: '127.0.0.1', port: alpha.linkPort }]) ?? ''
      await sheet(page)
        .locator('input[type=file]')
        .setInputFiles({ name: 'code.svg', mimeType: 'image/svg+xml', buffer: svgOf(elsewhere) })
      await press(page, 'Look for it')
      await sheet(page).getByText('Another laptop than the one in the picture').waitFor()
      expect(await sheet(page).getByRole('button', { name: 'Compare codes' }).count()).toBe(0)
      expect(alpha.overview.pairing.requests).toEqual([])

      const [photo] = await photograph(browser, alpha)
      if (photo === undefined) throw new Error('no photo')
      await giveFile(page, photo)
      await press(page, 'Look for it')
      await sheet(page).getByText('proved to be the laptop in the picture').waitFor()
      expect(alpha.overview.pairing.requests).toEqual([])
      await press(page, 'Compare codes')
      await page.getByRole('dialog', { name: /^Compare codes with/ }).waitFor()
      await alpha.until('the request of bravo', ({ pairing }) => pairing.requests[0]?.nodeId === bravo.nodeId)
      expect(complaints).toEqual([])
    } finally {
      await Promise.all([alpha.stop(), bravo.stop()])
    }
  }, 60_000)
})
