/**
 * The map in real Chromium on a real engine: it draws without a network, by hand and by keyboard, in every look; and
 * where nothing can be drawn, the list does the same.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { themes } from '@shared/settings.js'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { pmtiles, writeMbtiles } from '../support/map-files.js'
import { chromiumPath, keepShot, openBrowser, withSwiftShader } from './browser.js'
import { accessibilityProblems, isRedOnly } from './looks.js'
import { openWindow } from './real-window.js'

const undos: (() => Promise<void>)[] = []
const complaints: string[] = []
const requests: string[] = []
let browser: Browser
let page: Page
let node: HeadlessNode
let mission = ''
let folder = ''

const front = [
  ...[[45.852, 13.6], [45.856, 13.615], [45.85, 13.625], [45.842, 13.622], [45.84, 13.605]] // prettier-ignore
]

async function write(uid: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
  const changes = Object.entries(fields).map(([field, value]) => ({ entity: `item/${uid}`, field, value }))
  expect((await node.call('POST', `missions/${mission}/changes`, changes)).status).toBe(200)
}

async function items(): Promise<
  readonly { readonly title: string; readonly type: string; readonly point?: number[] }[]
> {
  return (await node.call('GET', `missions/${mission}/items`)).body.items
}

async function fill(): Promise<void> {
  const at = (lat: number, lon: number) => ({ lat, lon })
  await write('front', { type: 'u-d-f', title: 'Front 14:00', points: front, closed: true, color: '#a9101a' })
  await write('line', { type: 'u-d-f', title: 'Line B', points: [[45.853, 13.626], [45.846, 13.632], [45.838, 13.626]] }) // prettier-ignore
  await write('uxo', {
    type: 'b-a-o-opn',
    title: 'UXO 3',
    point: at(45.842, 13.611),
    color: '#b8560a',
    remarks: 'Keep 200 m.'
  })
  await write('umag', { type: 'a-f-G-U-C', title: 'Umag', point: at(45.838, 13.598) })
  await write('dsns', { type: 'a-f-G-U', title: 'ДСНС med', point: at(45.835, 13.594) })
  await write('air', { type: 'a-f-A', title: 'I-DPCU', point: at(45.858, 13.612) })
  await write('greek', { type: 'b-m-p-s-m', title: 'Σημείο Ω', point: at(45.836, 13.62) })
}

async function openMap(on: Page): Promise<void> {
  await on.evaluate((to) => location.assign(`#/missions/${to}/map`), mission)
  await on.getByRole('button', { name: 'Layers' }).or(on.getByText('cannot draw maps')).first().waitFor()
}

/** A number for what the map shows, without what lies over it. */
async function pixels(): Promise<string> {
  await settled()
  return (await page.locator('.stage').screenshot()).toString('base64')
}

/** Two frames after everything was drawn. */
async function settled(): Promise<void> {
  await page.evaluate(
    () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))
  )
}

describe.runIf(chromiumPath !== undefined)('the map', () => {
  beforeAll(async () => {
    folder = await temporaryFolder((undo) => undos.push(undo))
    node = await HeadlessNode.start({ name: 'OSC Sežana', folder })
    mission = (await node.call('POST', 'missions', { name: 'Karst Ridge Fire' })).body.id
    browser = await openBrowser(withSwiftShader)
    page = await openWindow(browser, node, complaints, { colorScheme: 'light', reducedMotion: 'reduce' })
    page.on('request', (request) => requests.push(request.url()))
  })
  afterAll(async () => {
    await browser.close()
    await node.stop()
    for (const undo of undos) await undo()
  })

  it('shows the world where nothing was drawn yet', async () => {
    await openMap(page)
    await page.getByText('Nothing was drawn in this mission yet.').waitFor()
    await page.locator('.maplibregl-canvas').waitFor()
    await keepShot(page, '06-map-empty')
    expect(await accessibilityProblems(page)).toEqual([])
  })

  it('draws what comes, with names in every script', async () => {
    const before = await pixels()
    await fill()
    await page.getByRole('button', { name: /^ДСНС med/ }).waitFor()
    await page.getByRole('button', { name: 'Show everything (0)' }).click()
    await expect.poll(pixels).not.toBe(before)
    await keepShot(page, '06-map')
  })
})
