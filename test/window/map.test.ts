/**
 * The map in real Chromium on a real engine: it draws without a network, by hand and by keyboard, in every look; and
 * where nothing can be drawn, the list does the same.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { themes } from '@shared/settings.js'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { pmtiles, writeMbtiles } from '../support/map-files.js'
import { chromiumPath, keepShot, openBrowser, withSwiftShader } from './browser.js'
import { accessibilityProblems, isRedOnly, sizes } from './looks.js'
import { tabTo, untilFocused } from './keyboard.js'
import { openWindow } from './real-window.js'

/** What is said for the map itself. */
const stage = /^Map\. /
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

/** The map as it is drawn now. */
async function shot(): Promise<string> {
  await settled()
  return (await page.locator('.stage').screenshot()).toString('base64')
}

/** A PNG of one colour, as large as a tile. */
async function picture(color: string): Promise<Buffer> {
  const data = await page.evaluate((fill) => {
    const canvas = document.createElement('canvas')
    canvas.width = canvas.height = 256
    const context = canvas.getContext('2d')
    if (context === null) throw new Error('no canvas')
    context.fillStyle = fill
    context.fillRect(0, 0, 256, 256)
    return canvas.toDataURL().split(',')[1] ?? ''
  }, color)
  return Buffer.from(data, 'base64')
}

/** How many colours an element has; counted by the page itself, from a picture of it. */
async function coloursIn(selector: string): Promise<number> {
  const picture = (await page.locator(selector).screenshot()).toString('base64')
  return page.evaluate(async (data) => {
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0))
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }))
    const canvas = new OffscreenCanvas(image.width, image.height)
    const context = canvas.getContext('2d')
    if (context === null) throw new Error('no canvas')
    context.drawImage(image, 0, 0)
    const found = new Map<number, number>()
    for (const word of new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer))
      found.set(word, (found.get(word) ?? 0) + 1)
    // Areas of one colour, not the edges of letters.
    return [...found.values()].filter((count) => count > 300).length
  }, picture)
}

/** Two frames after everything was drawn. */
async function settled(): Promise<void> {
  await page.evaluate(
    () => new Promise<void>((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))
  )
  await page.locator('.stage[aria-busy="false"]').waitFor()
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
    await page.locator('.stage').waitFor()
    await expect.poll(() => coloursIn('.stage'), { timeout: 10_000 }).toBeGreaterThan(3)
    await keepShot(page, '06-map-empty')
    expect(await accessibilityProblems(page)).toEqual([])
  })

  it('draws what comes, with names in every script', async () => {
    const before = await shot()
    await fill()
    await page.getByRole('button', { name: /^ДСНС med/ }).waitFor()
    await page.getByRole('button', { name: 'Show everything (0)' }).click()
    await expect.poll(shot, { timeout: 10_000 }).not.toBe(before)
    await page.getByText('In this view: 7').waitFor()
  })

  it('takes a point by hand, with one write', async () => {
    await page.getByRole('button', { name: 'New point' }).click()
    await page.locator('.stage').click({ position: { x: 400, y: 300 } })
    const save = page.getByRole('button', { name: 'Save' })
    expect(await save.isDisabled()).toBe(true)
    await page.getByLabel('Name').fill('Water at the wall')
    const before = (await node.call('GET', `missions/${mission}/heads`)).body.heads[0].seq as number
    await save.click()
    await page.getByRole('heading', { name: 'Water at the wall' }).waitFor()
    expect(await items()).toContainEqual(expect.objectContaining({ title: 'Water at the wall', type: 'b-m-p-s-m' }))
    expect((await node.call('GET', `missions/${mission}/heads`)).body.heads[0].seq).toBe(before + 5)
  })

  it('says what is written of an item, and changes it', async () => {
    await page.getByText('Hazard', { exact: true }).click()
    await expect
      .poll(async () => (await items()).find(({ title }) => title === 'Water at the wall')?.type)
      .toBe('b-a-o-opn')
    await page.getByRole('button', { name: 'Move', exact: true }).click()
    await page.getByLabel('Coordinates').fill('33T UL 92000 78000')
    await page.getByRole('button', { name: 'Move there' }).click()
    await page.getByText('33T UL 92000 78000').first().waitFor()
    await keepShot(page, '06-map-item')
    expect(await accessibilityProblems(page)).toEqual([])
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByRole('button', { name: 'Delete Water at the wall' }).click()
    await expect.poll(async () => (await items()).length).toBe(7)
  })

  it('draws a line and measures by keyboard alone', async () => {
    await tabTo(page, /^New line$/)
    await page.keyboard.press('Enter')
    await tabTo(page, stage)
    for (const key of ['Enter', 'ArrowRight', 'ArrowDown', 'Enter', 'ArrowLeft', 'Enter', 'Backspace'])
      await page.keyboard.press(key)
    await tabTo(page, /^Name$/)
    await page.keyboard.type('By keys')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'By keys' }).waitFor()
    expect((await items()).find(({ title }) => title === 'By keys')).toMatchObject({
      points: [[], []].map(() => [expect.any(Number), expect.any(Number)])
    })
    await tabTo(page, stage)
    await page.keyboard.press('m')
    await tabTo(page, /^Coordinates$/)
    await page.keyboard.type('45.85, 13.6')
    await page.keyboard.press('Enter')
    await page.keyboard.type('45.86, 13.6')
    await page.keyboard.press('Enter')
    await page.getByText('1.1 km in all').waitFor()
    await tabTo(page, stage)
    await page.keyboard.press('Escape')
    await page.keyboard.press('g')
    await untilFocused(page, /^Go to a place/)
    await page.keyboard.type('nowhere at all')
    await page.keyboard.press('Enter')
    await page.getByText('No such place.').waitFor()
    await page.keyboard.press('Control+A')
    await page.keyboard.type('33T UL 91924 78430')
    await page.keyboard.press('Enter')
    await page.getByText('33T UL 91924 78430').waitFor()
  })

  it('finds items anywhere in the mission', async () => {
    await page.getByPlaceholder('Find in 8 items').fill('дснс')
    await page.getByText('Found: 1').waitFor()
    await page.getByRole('button', { name: /^ДСНС med/ }).click()
    await page.getByRole('heading', { name: 'ДСНС med' }).waitFor()
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByPlaceholder('Find in 8 items').fill('')
  })

  it('puts items into folders, and hides those of a folder, also after the window was opened anew', async () => {
    const layer = (uid: string, name: string) => ({ entity: `layer/${uid}`, field: 'name', value: name })
    await node.call('POST', `missions/${mission}/changes`, [layer('l1', 'Fire line'), layer('l2', 'Water')])
    await page.getByRole('button', { name: 'Show everything (0)' }).click()
    await page.getByRole('button', { name: /^UXO 3/ }).click()
    await page.getByLabel('Folder').selectOption({ label: 'Fire line' })
    await expect.poll(async () => (await items()).find(({ title }) => title === 'UXO 3')).toMatchObject({ layer: 'l1' })
    await keepShot(page, '06-map-folder')
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('button', { name: 'Layers' }).click()
    await page.getByRole('switch', { name: 'Fire line' }).click()
    await keepShot(page, '06-map-folders')
    expect(await accessibilityProblems(page)).toEqual([])
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByText('1 item here is in a hidden folder.').waitFor()
    expect(await page.getByRole('button', { name: /^UXO 3/ }).count()).toBe(0)
    // Still found by its text.
    await page.getByPlaceholder('Find in 8 items').fill('uxo')
    await page.getByRole('button', { name: /^UXO 3/ }).waitFor()
    await page.getByPlaceholder('Find in 8 items').fill('')
    await page.evaluate((to) => location.assign(`#/missions/${to}`), mission)
    await page.getByRole('link', { name: 'Map 8' }).click()
    await page.getByText('1 item here is in a hidden folder.').waitFor()
    await page.getByRole('button', { name: 'Choose folders' }).click()
    await page.getByRole('switch', { name: 'Fire line' }).click()
    await page.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('button', { name: /^UXO 3/ }).waitFor()
  })

  it('shows positions of members', async () => {
    const value = { lat: 45.846, lon: 13.6 }
    expect(
      (await node.call('POST', `missions/${mission}/presence`, { key: 'position', value, ttlMs: 60_000 })).status
    ).toBe(200)
    await page.getByText(/^heard \d+\ss ago, 33T UL/).waitFor()
  })

  it('shares the own position by hand, after it said who sees it, and stops', async () => {
    const shared = async () => (await node.call('GET', `missions/${mission}/presence`)).body
    await page.getByText(/^Your position is shared until \d\d:\d\d/).waitFor()
    await page.getByRole('button', { name: 'Change', exact: true }).click()
    await page.getByText('Nobody is linked now.').waitFor()
    await page.getByLabel('Coordinates').fill('33T UL 92000 78000')
    await page.getByRole('button', { name: 'Set', exact: true }).click()
    await page.getByText('33T UL 92000 78000').waitFor()
    await page.getByText('15 minutes', { exact: true }).click()
    await keepShot(page, '06-map-share')
    expect(await accessibilityProblems(page)).toEqual([])
    expect((await shared()).presence[0].value, 'nothing before the press').toEqual({ lat: 45.846, lon: 13.6 })
    const before = Date.now()
    await page.getByRole('button', { name: 'Share it anew' }).click()
    await page.getByText(/^set by hand at \d\d:\d\d, \d+\ss ago, 33T UL 92000 78000/).waitFor()
    const [one] = (await shared()).presence
    expect(one.value).toEqual({ lat: 45.8471033, lon: 13.6090623, how: 'h-g-i-g-o', setAt: expect.any(Number) })
    expect(one.value.setAt).toBeGreaterThanOrEqual(before)
    expect(one.remainingMs).toBeLessThanOrEqual(900_000)
    expect(one.remainingMs).toBeGreaterThan(800_000)
    await keepShot(page, '06-map-shared')

    await page.getByRole('button', { name: 'Change', exact: true }).click()
    await page.getByText(/^Position set by hand at/).waitFor()
    await page.getByRole('button', { name: 'Stop sharing' }).click()
    await page.getByText('Your position is not shared', { exact: true }).waitFor()
    expect(await page.getByText(/33T UL 92000 78000/).count()).toBe(0)
    expect((await shared()).takenBack).toEqual([{ source: one.source, key: 'position' }])
    expect((await shared()).presence).toEqual([])
    // By hand on the map, and without a word to anybody when the pane is closed.
    await page.getByRole('button', { name: 'Share my position' }).click()
    await page.locator('.stage').click({ position: { x: 380, y: 280 } })
    expect(await page.getByRole('button', { name: 'Share it', exact: true }).isEnabled()).toBe(true)
    await page.getByRole('button', { name: 'Close' }).click()
    expect((await shared()).presence).toEqual([])
  })

  it('shows map files, and says when one cannot be read', async () => {
    const [mb, pm] = [join(folder, 'kras.mbtiles'), join(folder, 'kras.pmtiles')]
    const tile = async (color: string) => ({ z: 0, x: 0, y: 0, bytes: await picture(color) })
    writeMbtiles(mb, [await tile('rgb(190 205 170)')], { name: 'Kras 1:25 000', format: 'png', maxzoom: '0' })
    await writeFile(pm, pmtiles([await tile('rgb(210 190 170)')], { maxZoom: 0, metadata: { name: 'Second map' } }))
    for (const [path, name] of [
      [mb, 'Kras 1:25 000'],
      [pm, 'Second map']
    ] as const) {
      // prettier-ignore
      const before = await shot()
      await page.getByRole('button', { name: 'Layers' }).click()
      await page.getByLabel('Map file').fill(join(folder, 'missing'))
      await page.getByRole('button', { name: 'Open a map file' }).click()
      await page.getByText('MAP-01').waitFor()
      await page.getByLabel('Map file').fill(path)
      await page.getByRole('button', { name: 'Open a map file' }).click()
      await page.getByRole('radio', { name }).and(page.locator(':checked')).waitFor()
      if (path === mb) expect(await accessibilityProblems(page)).toEqual([])
      await page.getByRole('button', { name: 'Close' }).click()
      await page.getByText(`${name}, from file`).waitFor()
      await expect.poll(shot, { timeout: 10_000 }).not.toBe(before)
    }
  })

  it('keeps its looks', async () => {
    await page.getByRole('button', { name: 'Show everything (0)' }).click()
    await page.getByRole('button', { name: /^UXO 3/ }).click()
    for (const theme of themes) {
      while (!(await page.evaluate((name) => document.documentElement.classList.contains(name), theme)))
        await page.keyboard.press('F9')
      // Colours are the same at every size; what breaks at 200 % does so in every theme.
      for (const size of theme === 'light' ? sizes : sizes.slice(0, 1)) {
        await page.setViewportSize(size)
        await settled()
        const seen = await keepShot(page, `06-map-${theme}-${String(size.width)}`)
        if (theme === 'night') expect(isRedOnly(seen), 'red alone').toBe(true)
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(size.width)
        if (size === sizes[0]) expect(await accessibilityProblems(page, 'colours'), theme).toEqual([])
      }
    }
    await page.setViewportSize(sizes[0])
  })

  it('asked nobody but the engine for anything', () => {
    const own = `http://127.0.0.1:${String(node.apiPort)}/`
    expect(requests.length).toBeGreaterThan(3)
    expect(requests.filter((url) => !url.startsWith(own) && !url.startsWith('blob:'))).toEqual([])
    expect(complaints).toEqual([])
  })

  it('does the same by list where nothing can be drawn', async () => {
    const plain = await openBrowser(['--disable-3d-apis'])
    try {
      const without = await openWindow(plain, node, complaints, { colorScheme: 'light' })
      await openMap(without)
      await without.getByText('In this mission: 8').waitFor()
      await without.getByRole('button', { name: 'New point' }).click()
      await without.getByLabel('Coordinates').fill('33T UL 93000 79000')
      await without.getByRole('button', { name: 'Add', exact: true }).click()
      await without.getByLabel('Name').fill('By coordinates')
      await without.getByRole('button', { name: 'Save' }).click()
      await without.getByRole('heading', { name: 'By coordinates' }).waitFor()
      await keepShot(without, '06-map-list')
      expect(await accessibilityProblems(without)).toEqual([])
    } finally {
      await plain.close()
    }
  })
})
