/** What every screen owes in every look: nothing that axe objects to, no line out of the window, and red alone at night. */
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { expect } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import type { CommandHandlers } from '@shared/contract'
import type { Overview } from '@shared/model'
import { themes, type Theme } from '@shared/settings'
import { chromiumPath, keepShot } from './browser'
import type { Recorded } from './recorded'
import { startRecordedEngine, type RecordedEngine } from './recorded-engine'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What another theme can break; the other rules look at the structure. */
const colourRules = ['color-contrast', 'link-in-text-block']

/** The built window; another build of it can be named. */
export const windowFolder = process.env['MUSTER_WINDOW'] ?? 'out/renderer'
export const canLook = chromiumPath !== undefined && existsSync(join(windowFolder, 'index.html'))

/** A usual laptop, and the same at 200 % zoom. */
export const sizes = [
  { width: 1366, height: 768 },
  { width: 683, height: 384 }
] as const

/**
 * Rules of axe that are broken on what is shown now, with the elements that break them. Its script runs outside the page's
 * own rules on scripts, and stays in the page once it is there.
 * @param which `colours`: only what another theme can break.
 */
export async function accessibilityProblems(page: Page, which: 'all' | 'colours' = 'all'): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page)
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', { expression, awaitPromise: true })
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description)
    return result.value
  }
  if ((await evaluate('typeof axe')) === 'undefined') await evaluate(axeSource)
  const options = { resultTypes: ['violations'], ...(which === 'all' ? {} : { runOnly: colourRules }) }
  const found = await evaluate(
    `axe.run(document, ${JSON.stringify(options)}).then((found) => JSON.stringify(found.violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | '))))`
  )
  await session.detach()
  return JSON.parse(String(found)) as string[]
}

/**
 * Whether no pixel of a PNG (8 bits, not interlaced) has any green or blue. Nothing is decoded: a filter takes each byte
 * from bytes of the same channel (PNG 9.2), so a channel is 0 everywhere exactly if its filtered bytes are.
 */
export function isRedOnly(png: Buffer): boolean {
  if (png.toString('latin1', 1, 4) !== 'PNG') throw new Error('not a PNG')
  const { depth, colour, interlace } = { depth: png[24], colour: png[25], interlace: png[28] }
  const pixelBytes = colour === 2 ? 3 : 4
  if (depth !== 8 || interlace !== 0 || (colour !== 2 && colour !== 6)) throw new Error('another kind of PNG')
  const rowBytes = 1 + png.readUInt32BE(16) * pixelBytes
  const parts: Buffer[] = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  const rows = inflateSync(Buffer.concat(parts))
  if (rows.length !== rowBytes * png.readUInt32BE(20)) throw new Error('a PNG of another length')
  for (let row = 0; row < rows.length; row += rowBytes)
    for (let at = row + 1; at < row + rowBytes; at += pixelBytes)
      if (rows[at + 1] !== 0 || rows[at + 2] !== 0) return false
  return true
}

/** How a theme is chosen on what is shown now. */
export type TurnTo = (theme: Theme) => Promise<void> | void

export function byEngine(engine: RecordedEngine, { node }: Overview): TurnTo {
  return (theme) => engine.say({ slice: 'node', value: { ...node, settings: { ...node.settings, theme } } })
}

/** These change colours, and sunlight the weight of letters: one size shows it. With MUSTER_LONG=1 in every size all the same. */
const oneSizeThemes: ReadonlySet<Theme> = new Set(
  process.env['MUSTER_LONG'] === '1' ? [] : ['dark', 'night', 'sunlight']
)

/** Shows what is on screen in every theme and size, keeps pictures, and judges each. */
export async function inEveryLook(page: Page, name: string, turnTo: TurnTo): Promise<void> {
  for (const theme of themes) {
    await turnTo(theme)
    await page.locator(`html.${theme}`).waitFor({ state: 'attached' })
    for (const size of oneSizeThemes.has(theme) ? sizes.slice(0, 1) : sizes) {
      const look = `${name}-${theme}-${size.width}`
      await page.setViewportSize(size)
      // Below the fold of a small window stands what a person works in.
      await page.evaluate(() => document.activeElement?.closest('.pane')?.scrollIntoView())
      const shot = await keepShot(page, look)
      if (theme === 'night') expect(isRedOnly(shot), `${look}: red alone`).toBe(true)
      // A theme changes colours, and those are the same at every size.
      if (theme === themes[0]) expect(await accessibilityProblems(page), look).toEqual([])
      else if (size === sizes[0]) expect(await accessibilityProblems(page, 'colours'), look).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth), look).toBe(size.width)
      expect(await cutWords(page), look).toEqual([])
    }
  }
}

/** One of many states that are drawn from the same parts: in both sizes, and with MUSTER_LONG=1 in every theme. */
export async function inFewLooks(page: Page, name: string, turnTo: TurnTo): Promise<void> {
  if (process.env['MUSTER_LONG'] === '1') return inEveryLook(page, name, turnTo)
  for (const size of sizes) {
    await page.setViewportSize(size)
    await keepShot(page, `${name}-${size.width}`)
    expect(await accessibilityProblems(page), name).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBe(size.width)
  }
}

/** A window on a recorded engine, closed afterwards; whatever its console complains about fails. */
export async function withRecorded(
  browser: Browser,
  recorded: Recorded,
  work: (page: Page, engine: RecordedEngine) => Promise<void>,
  own: Partial<CommandHandlers> = {}
): Promise<void> {
  const engine = await startRecordedEngine(recorded, windowFolder, own)
  const context = await browser.newContext({ viewport: sizes[0], locale: 'en-GB', reducedMotion: 'reduce' })
  const page = await context.newPage()
  page.setDefaultTimeout(8_000)
  const complaints: string[] = []
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  try {
    await page.goto(engine.url)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await work(page, engine)
    expect(complaints).toEqual([])
  } finally {
    await context.close()
    await engine.close()
  }
}

/** Goes to a screen by its address. */
export async function goTo(page: Page, path: string): Promise<void> {
  await page.evaluate((to) => location.assign(`#${to}`), path)
  // A sheet hides what is behind it from everybody who does not see the screen.
  await page.locator('h1').first().waitFor()
}

/** Words that are cut off, in places where they say a state. */
async function cutWords(page: Page): Promise<readonly string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.strip b, .fact b')]
      .filter((word) => word.scrollWidth > word.clientWidth)
      .map((word) => word.textContent ?? '')
  )
}
