/**
 * What crews do in a mission, by a person without a mouse: on a real engine, with nothing but keys. At every stop the
 * focus is seen, and it comes back to where it was when what took it closes.
 */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Download, Page } from 'playwright-core'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { chromiumPath, openBrowser } from './browser.js'
import { press, stepTo, untilFocused } from './keyboard.js'
import { openWindow } from './real-window.js'

const undos: (() => Promise<void>)[] = []
const complaints: string[] = []
let browser: Browser
let page: Page
let node: HeadlessNode
let mission = ''

async function write(...changes: readonly (readonly [entity: string, field: string, value: unknown, seen?: []])[]) {
  const asked = changes.map(([entity, field, value, seen]) => ({ entity, field, value, ...(seen ? { seen } : {}) }))
  expect((await node.call('POST', `missions/${mission}/changes`, asked)).status).toBe(200)
}

async function fieldsOf(type: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { body } = await node.call('GET', `missions/${mission}`)
  const entities = body.entities as { entity: string; deleted: boolean; fields: Record<string, { value: unknown }> }[]
  return entities
    .filter(({ entity, deleted }) => entity.startsWith(`${type}/`) && !deleted)
    .map(({ fields }) => Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value])))
}

const type = (text: string) => page.keyboard.type(text)

/** Steps to it, and presses it. */
async function act(name: RegExp, key: 'Enter' | 'Space' = 'Enter'): Promise<void> {
  await stepTo(page, name)
  await press(page, key)
}

/** Chosen in the system's dialog, which a key opens. */
async function hand(name: string, content: Uint8Array, open: () => Promise<void>): Promise<void> {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), open()])
  await chooser.setFiles([{ name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) }])
}

async function download(ask: () => Promise<void>): Promise<Download> {
  const [coming] = await Promise.all([page.waitForEvent('download'), ask()])
  return coming
}

describe.runIf(chromiumPath !== undefined)('with keys alone', () => {
  beforeAll(async () => {
    node = await HeadlessNode.start({
      name: 'OSC Sežana',
      folder: await temporaryFolder((undo) => undos.push(undo))
    })
    mission = (await node.call('POST', 'missions', { name: 'Karst Ridge Fire' })).body.id
    await write(['log/1', 'text', 'Wind 310°, 12 kn.'], ['task/1', 'title', 'Hold line B'], ['task/1', 'state', 'open'])
    browser = await openBrowser(['--disable-3d-apis'])
    page = await openWindow(browser, node, complaints, { colorScheme: 'light', reducedMotion: 'reduce' })
    // From now on every dialog of the system for files is ours.
    page.on('filechooser', () => undefined)
  })
  afterAll(async () => {
    await browser.close()
    await node.stop()
    for (const undo of undos) await undo()
  })

  it('opens a mission from the list', async () => {
    await press(page, 'Control+2')
    await page.getByRole('heading', { level: 1, name: 'Missions' }).waitFor()
    await act(/^Karst Ridge Fire/)
    await untilFocused(page, /^Karst Ridge Fire$/)
    await page.getByLabel('Write to the log').waitFor()
  })

  it('writes to the log, and can write on', async () => {
    await press(page, 'n')
    await untilFocused(page, /^Write to the log$/)
    await type('Road 617 closed at Opatje selo.')
    await press(page, 'Control+Enter')
    await page.getByText('Road 617 closed at Opatje selo.').first().waitFor()
    await untilFocused(page, /^Write to the log$/)
    await type('Second entry.')
    await act(/^Add entry$/)
    await expect.poll(async () => (await fieldsOf('log')).map(({ text }) => text)).toContain('Second entry.')
    await untilFocused(page, /^Add entry$/)
  })

  it('makes a task and ends it', async () => {
    await act(/^Add task$/)
    await untilFocused(page, /^New task$/)
    await type('Close road 617')
    await press(page, 'Enter')
    await page.getByRole('button', { name: /^Close road 617/ }).waitFor()
    await untilFocused(page, /^Add task$/)
    await act(/^Close road 617/)
    await act(/^Done$/)
    await expect
      .poll(async () => (await fieldsOf('task')).find(({ title }) => title === 'Close road 617')?.state)
      .toBe('done')
    await untilFocused(page, /^Close road 617/)
  })

  it('settles a conflict', async () => {
    await write(['task/1', 'state', 'work', []], ['task/1', 'assignee', 'Ana', []], ['task/1', 'assignee', 'Jörg', []])
    await page.getByRole('button', { name: 'Settle 2 conflicts' }).waitFor()
    await act(/^Settle 2 conflicts$/)
    await act(/has two assignees/)
    await page.getByRole('heading', { name: /has two assignees/ }).waitFor()
    await press(page, '1')
    await act(/^Keep OSC Sežana’s value$/)
    await page.getByRole('button', { name: /has two assignees/ }).waitFor({ state: 'detached' })
    await untilFocused(page, /./)
  })

  it('makes, moves and removes a folder, and is back where the menu was', async () => {
    await act(/^Overview$/)
    await act(/^More about this mission$/)
    await untilFocused(page, /^Folders$/)
    await press(page, 'Enter')
    await page.getByRole('dialog').waitFor()
    await untilFocused(page, /^Close$/)
    for (const name of ['Fire line', 'Water']) {
      await stepTo(page, /^New folder$/)
      await type(name)
      await press(page, 'Enter')
      await page.getByRole('dialog').getByRole('button', { name, exact: true }).waitFor()
      await untilFocused(page, /^New folder$/)
    }
    await act(/^Water$/)
    await act(/^Up$/)
    await expect
      .poll(async () => (await fieldsOf('layer')).find(({ name }) => name === 'Fire line')?.after)
      .toBeTruthy()
    await untilFocused(page, /^Water$/)
    await stepTo(page, /^In/)
    await type('F')
    await expect.poll(async () => (await fieldsOf('layer')).find(({ name }) => name === 'Water')?.parent).toBeTruthy()
    await untilFocused(page, /^In/)
    await act(/^Delete$/)
    await expect.poll(async () => (await fieldsOf('layer')).map(({ name }) => name)).toEqual(['Fire line'])
    await untilFocused(page, /./)
    await press(page, 'Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await untilFocused(page, /^More about this mission$/)
  })

  it('adds a file, reads it and saves a copy', async () => {
    await act(/^Files$/)
    await page.getByRole('heading', { name: 'Files' }).waitFor()
    await stepTo(page, /^Add files$/)
    await hand('roster.txt', Buffer.from('Ana, Jörg'), () => press(page, 'Enter'))
    await page
      .getByRole('button', { name: /^roster\.txt/ })
      .getByText('On this laptop')
      .waitFor()
    await act(/^roster\.txt/)
    await page.getByText('Ana, Jörg').waitFor()
    await stepTo(page, /^Save a copy$/)
    const copy = await download(() => press(page, 'Enter'))
    expect(await readFile(await copy.path(), 'utf8')).toBe('Ana, Jörg')
    await untilFocused(page, /^Save a copy$/)
    await press(page, 'Escape')
    await untilFocused(page, /^roster\.txt/)
  })

  it('draws a line by its coordinates, and shares the own position', async () => {
    await act(/^Map 0$/)
    await page.getByText('In this mission: 0').waitFor()
    await act(/^New line$/)
    for (const place of ['33T UL 92000 78000', '33T UL 93000 79000']) {
      await stepTo(page, /^Coordinates$/)
      await type(place)
      await press(page, 'Enter')
      await page.getByText(place).waitFor()
    }
    await stepTo(page, /^Name$/)
    await type('Line B')
    await press(page, 'Enter')
    await page.getByRole('heading', { name: 'Line B' }).waitFor()
    expect(await fieldsOf('item')).toMatchObject([{ title: 'Line B' }])
    await untilFocused(page, /./)
    await act(/^Close$/)
    await page.getByRole('button', { name: /^Line B/ }).waitFor()
    await untilFocused(page, /./)

    await act(/^Share my position$/)
    await untilFocused(page, /^Share my position$/)
    await stepTo(page, /^Coordinates$/)
    await type('33T UL 92000 78000')
    await press(page, 'Enter')
    await page.getByText('33T UL 92000 78000').waitFor()
    await stepTo(page, /^1 hour$/)
    await press(page, 'ArrowLeft')
    await act(/^Share it$/)
    await page.getByRole('button', { name: 'Change', exact: true }).waitFor()
    const shared = async () => (await node.call('GET', `missions/${mission}/presence`)).body.presence
    expect(await shared()).toMatchObject([{ value: { how: 'h-g-i-g-o' } }])
    await untilFocused(page, /./)
    await act(/^Change$/)
    await act(/^Stop sharing$/)
    await page.getByRole('button', { name: 'Share my position' }).waitFor()
    expect(await shared()).toEqual([])
    await untilFocused(page, /./)
    await act(/^Share my position$/)
    await untilFocused(page, /^Share my position$/)
    await press(page, 'Escape')
    await untilFocused(page, /^Share my position$/)
  })

  it('writes a bundle and reads it, and each sheet gives the focus back', async () => {
    await act(/^Overview$/)
    await act(/^Write bundle$/)
    await page.getByRole('dialog').waitFor()
    await stepTo(page, /^For anybody, not encrypted/)
    await press(page, 'Space')
    await stepTo(page, /^Write it, not encrypted$/)
    const bundle = await download(() => press(page, 'Enter'))
    await page.getByRole('heading', { name: 'Your browser saves the bundle' }).waitFor()
    await untilFocused(page, /./)
    await press(page, 'Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await untilFocused(page, /^Write bundle$/)

    await press(page, 'Control+2')
    await untilFocused(page, /^Missions$/)
    await stepTo(page, /^Open bundle$/)
    await hand('k.muster-bundle', await readFile(await bundle.path()), () => press(page, 'Enter'))
    await page.getByRole('heading', { name: /^A bundle from/ }).waitFor()
    await act(/^(Take it|Close|Not now)$/)
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await untilFocused(page, /^Open bundle$/)
    expect(complaints).toEqual([])
  })
})
