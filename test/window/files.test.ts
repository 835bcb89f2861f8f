/** The files of a mission: every state in every look on a recorded engine, and the whole way on two real nodes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { deflateSync, crc32 } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import type { CommandHandlers } from '@shared/contract'
import type { ContentView, Json } from '@shared/model'
import { fail, ok } from '@shared/result'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { openBrowser } from './browser'
import { byEngine, canLook, goTo, inEveryLook, withRecorded } from './looks'
import { busyField, missionIdOf, nodeIdOf, richField } from './recorded'
import { chooseFiles, dropFiles, openWindow } from './real-window'

const path = `/missions/${missionIdOf(1)}/files`

/** A picture of one colour that Chromium decodes. */
function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
    length.writeUInt32BE(data.length)
    sum.writeUInt32BE(crc32(body))
    return Buffer.concat([length, body, sum])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head.set([8, 2, 0, 0, 0], 8)
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(3 * width).fill('\x20\x90\x60', 'latin1')])
  const pixels = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))
  const parts = [chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...parts])
}

function fileOf(index: number, name: string, more: Partial<ContentView>, now: number): ContentView {
  const file = index.toString(16).padStart(64, '0')
  const author = { author: nodeIdOf(1), authorName: 'OSC Sežana', at: now - index * 60_000 }
  const field = (of: string, value: Json) => ({ field: of, values: [{ name: `x.${of}` as never, value, ...author }] })
  const size = more.size ?? 2_400_000
  return {
    entity: {
      ...{
        entity: `content/${file}`,
        createdAt: author.at,
        createdBy: author.author,
        createdByName: author.authorName
      },
      ...{ deleted: false, fields: [field('name', name), field('size', size)] }
    },
    ...{ file, state: 'here', size, bytes: 0, sources: 0, isWanted: false, holders: [], ...more }
  }
}

function inEveryState(now: number): readonly ContentView[] {
  const holders = [
    { nodeId: nodeIdOf(1), callsign: 'OSC Sežana', linked: true },
    { nodeId: nodeIdOf(2), callsign: 'HEL-1', linked: false }
  ]
  const coming = { state: 'coming', bytes: 700_000_000, size: 1_000_000_000, sources: 2, holders } as const
  return [
    fileOf(1, 'Line B from the ridge.png', { holders }, now),
    fileOf(2, 'Orthophoto Karst 2026.tif', { ...coming, bytesPerSecond: 4_200_000 }, now),
    fileOf(3, 'Drone east, second flight.mp4', { ...coming, bytes: 0 }, now),
    fileOf(4, 'Roster.pdf', { state: 'waiting', holders }, now),
    fileOf(5, 'Terrain model.gpkg', { state: 'large', size: 8_000_000_000, holders }, now),
    fileOf(6, 'Old map.pdf', { state: 'nobody' }, now),
    fileOf(7, 'Radio plan.pdf', { state: 'nobody', isWanted: true, bytes: 900_000, holders: holders.slice(1) }, now),
    fileOf(8, 'Forecast.grib', { state: 'stuck', problem: 'content-full', holders }, now),
    fileOf(9, 'invoice\u202Egpj.exe', {}, now),
    fileOf(10, `../../${'a long name '.repeat(25)}.txt`, {}, now),
    fileOf(11, '', {}, now)
  ]
}

function handlers(views: readonly ContentView[]): Partial<CommandHandlers> {
  return {
    listContents: async ({ offset, limit }) =>
      ok({ version: 1, total: views.length, offset, items: views.slice(offset, offset + limit) }),
    previewContent: async ({ file }) =>
      file.endsWith('1')
        ? ok({ kind: 'picture', mime: 'image/png', data: png(640, 400).toString('base64') })
        : ok({ kind: 'text', text: '<script>alert(1)</script>\n'.repeat(400), isWhole: false })
  }
}

const choose = (page: Page, name: RegExp | string) => page.getByRole('button', { name }).first().click()

describe.runIf(canLook)('the files of a mission', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())

  const now = Date.now()
  const many = Array.from({ length: 20_000 }, (_, index) => fileOf(index + 1, `Picture ${String(index)}.jpg`, {}, now))
  const screens = [
    { name: 'empty', own: handlers([]), on: richField },
    { name: 'picture', own: handlers(inEveryState(now)), way: (page: Page) => choose(page, /Line B/) },
    { name: 'stuck', own: handlers(inEveryState(now)), way: (page: Page) => choose(page, /Forecast/) },
    { name: 'busy', own: handlers(many), on: busyField },
    { name: 'broken', own: { listContents: async () => fail<never>('disk-failed', 'EIO: i/o error, read') } }
  ]
  for (const { name, own, way, on = richField } of screens) {
    it(`${name}: every theme and size`, async () => {
      const recorded = on(Date.now())
      await withRecorded(
        browser,
        recorded,
        async (page, engine) => {
          await goTo(page, path)
          await way?.(page)
          if (name === 'picture') await page.getByRole('img', { name: /Line B/ }).waitFor()
          await inEveryLook(page, `files-${name}`, byEngine(engine, recorded.overview))
        },
        own
      )
    })
  }
})

describe.runIf(canLook)('files on two real nodes', () => {
  const undos: (() => Promise<void>)[] = []
  const complaints: string[] = []
  let browser: Browser
  let nodes: readonly [HeadlessNode, HeadlessNode]
  let pages: readonly [Page, Page]
  let mission = ''
  beforeAll(async () => {
    const start = async (name: string) =>
      HeadlessNode.start({ name, folder: await temporaryFolder((undo) => undos.push(undo)) })
    nodes = [await start('OSC Sežana'), await start('Palmanova 1')]
    await nodes[0].trust(nodes[1])
    mission = (await nodes[0].call('POST', 'missions', { name: 'Karst Ridge Fire' })).body.id as string
    await nodes[0].untilInStep(nodes[1], mission)
    browser = await openBrowser()
    pages = [await openWindow(browser, nodes[0], complaints), await openWindow(browser, nodes[1], complaints)]
    for (const page of pages) await goTo(page, `/missions/${mission}/files`)
  })
  afterAll(async () => {
    await browser.close()
    for (const node of nodes) await node.stop()
    for (const undo of undos) await undo()
  })

  const row = (page: Page, name: string) => page.getByRole('button', { name: new RegExp(name) })

  it('a picture is added by a button, comes to the other laptop, and is shown there', async () => {
    const [mine, theirs] = pages
    await chooseFiles(mine, 'Add files', [{ name: 'Line B.png', content: png(32, 20) }])
    await row(mine, 'Line B.png').getByText('On this laptop').waitFor()
    await row(theirs, 'Line B.png').getByText('On this laptop').waitFor()
    await row(theirs, 'Line B.png').click()
    const picture = theirs.getByRole('img', { name: 'Picture Line B.png' })
    await picture.waitFor()
    expect(await picture.evaluate((image) => (image as HTMLImageElement).naturalWidth)).toBe(32)
  })

  it('a copy is saved whole', async () => {
    const [, theirs] = pages
    const [download] = await Promise.all([
      theirs.waitForEvent('download'),
      theirs.getByRole('button', { name: 'Save a copy' }).click()
    ])
    expect(download.suggestedFilename()).toBe('Line B.png')
    expect(readFileSync(await download.path()).equals(png(32, 20))).toBe(true)
  })

  it('what is let go over the page is added, under a name that shows what it is, and is no page', async () => {
    const [mine, theirs] = pages
    const content = '<svg xmlns="http://www.w3.org/2000/svg"><script>document.title = "owned"</script></svg>'
    await dropFiles(mine, [{ name: 'gra\u202Egvs.png', content }])
    await row(theirs, 'gra\u2423gvs.png').click()
    await theirs.getByText('document.title = "owned"').waitFor()
    expect(await theirs.title()).not.toBe('owned')
    expect(await theirs.locator('svg script').count()).toBe(0)
  })

  it('what is deleted goes from the list of everybody, and can be brought back', async () => {
    const [mine, theirs] = pages
    await row(mine, 'Line B.png').click()
    await mine.getByRole('button', { name: 'Delete' }).click()
    await row(theirs, 'Line B.png').waitFor({ state: 'detached' })
    await mine.getByRole('button', { name: 'Bring it back' }).click()
    await row(theirs, 'Line B.png').waitFor()
    expect(complaints).toEqual([])
  })
})
