/** What every screen owes in every look: nothing that axe objects to, no line out of the window, and red alone at night. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { inflateSync } from 'node:zlib'
import { expect } from 'vitest'
import type { Page } from 'playwright-core'
import type { NodeStatus } from '@shared/model'
import { themes } from '@shared/settings'
import { keepShot } from './browser'
import type { RecordedEngine } from './recorded-engine'

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** A usual laptop, and the same at 200 % zoom. */
export const sizes = [
  { width: 1366, height: 768 },
  { width: 683, height: 384 }
] as const

/**
 * Rules of axe that are broken on what is shown now, with the elements that break them. Its script runs outside the page's
 * own rules on scripts, and stays in the page once it is there.
 */
export async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page)
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result, exceptionDetails } = await session.send('Runtime.evaluate', { expression, awaitPromise: true })
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description)
    return result.value
  }
  if ((await evaluate('typeof axe')) === 'undefined') await evaluate(axeSource)
  const found = await evaluate(
    `axe.run(document, { resultTypes: ['violations'] }).then((found) => JSON.stringify(found.violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | '))))`
  )
  await session.detach()
  return JSON.parse(String(found)) as string[]
}

/**
 * Pixels of a PNG (8 bits, not interlaced) with any green or blue. Nothing is decoded: a filter takes each byte from bytes
 * of the same channel (PNG 9.2), so a channel is 0 everywhere exactly if its filtered bytes are.
 */
export function notRedPixels(png: Buffer): number {
  const signature = '89504e470d0a1a0a'
  if (png.subarray(0, 8).toString('hex') !== signature) throw new Error('not a PNG')
  const [width, height, depth, colour, interlace] = [png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25], png[28]]
  const bytesPerPixel = colour === 2 ? 3 : colour === 6 ? 4 : 0
  if (depth !== 8 || bytesPerPixel === 0 || interlace !== 0) throw new Error(`PNG with depth ${depth}, colour ${colour}`)
  const parts: Buffer[] = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)))
  const rows = inflateSync(Buffer.concat(parts))
  const rowBytes = 1 + width * bytesPerPixel
  if (rows.length !== rowBytes * height) throw new Error('PNG of another length')
  let count = 0
  for (let row = 0; row < rows.length; row += rowBytes)
    for (let at = row + 1; at < row + rowBytes; at += bytesPerPixel)
      if (rows[at + 1] !== 0 || rows[at + 2] !== 0) count += 1
  return count
}

/** Shows what is on screen in every theme and size, keeps pictures, and judges each. */
export async function inEveryLook(page: Page, engine: RecordedEngine, node: NodeStatus, name: string): Promise<void> {
  for (const theme of themes) {
    engine.say({ slice: 'node', value: { ...node, settings: { ...node.settings, theme } } })
    await page.locator(`html.${theme}`).waitFor({ state: 'attached' })
    for (const size of sizes) {
      const look = `${name}-${theme}-${size.width}`
      await page.setViewportSize(size)
      const shot = await keepShot(page, look)
      if (theme === 'night') expect(notRedPixels(shot), `${look}: pixels that are not red`).toBe(0)
      expect(await accessibilityProblems(page), look).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth), look).toBe(size.width)
      expect(await cutWords(page), look).toEqual([])
    }
  }
  await page.setViewportSize(sizes[0])
}

/** Words that are cut off, in places where they say a state. */
async function cutWords(page: Page): Promise<readonly string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.strip b, .fact b')]
      .filter((word) => word.scrollWidth > word.clientWidth)
      .map((word) => word.textContent ?? '')
  )
}
