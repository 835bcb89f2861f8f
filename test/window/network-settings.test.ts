/**
 * The network and settings screens in real Chromium, on a recorded engine: every theme, at 1366x768 and at 200 % zoom,
 * without anything that axe objects to and without a line that runs out of the window.
 */
import { createRequire } from 'node:module'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import type { NetworkStatus } from '@shared/model'
import { themes } from '@shared/settings'
import { chromiumPath, keepShot, openBrowser } from './browser'
import { brokenField, emptyField, nodeIdOf, richField, type Recorded } from './recorded'
import { startRecordedEngine, type RecordedEngine } from './recorded-engine'

const folder = process.env['MUSTER_WINDOW'] ?? 'out/renderer'
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const sizes = [
  { width: 1366, height: 768 },
  { width: 683, height: 384 }
] as const

/** Ids of the rules that are broken on what is shown now, with the elements that break them. */
async function accessibilityProblems(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.evaluate', { expression: axeSource })
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, { resultTypes: ['violations'] }).then((found) => JSON.stringify(found.violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html.slice(0, 120)).join(' | '))))`,
    awaitPromise: true
  })
  await session.detach()
  return JSON.parse(String(result.value)) as string[]
}

function withNetwork(recorded: Recorded, change: (network: NetworkStatus) => Partial<NetworkStatus>): Recorded {
  const { network } = recorded.overview
  return { ...recorded, overview: { ...recorded.overview, network: { ...network, ...change(network) } } }
}

function crowded(now: number): Recorded {
  const at = { port: 47110, since: now - 20_000, lastHeard: now - 12_000 }
  return withNetwork(richField(now), () => ({
    nearby: [
      { ...at, instance: 'a', address: '10.20.4.31', state: 'greeting' },
      { ...at, instance: 'b', address: '10.20.4.32', state: 'failed', reason: 'refused' },
      { ...at, instance: 'c', address: '10.20.4.22', state: 'met', nodeId: nodeIdOf(1) }
    ]
  }))
}

const screens: readonly (readonly [name: string, path: string, field: (now: number) => Recorded])[] = [
  ['empty', '/peers', emptyField],
  ['nearby', '/peers', crowded],
  ['interfaces', '/peers/add', crowded],
  ['forget', `/peers/${nodeIdOf(1)}/forget`, richField],
  ['settings', '/settings', brokenField]
]

describe.runIf(chromiumPath !== undefined && existsSync(join(folder, 'index.html')))('network and settings', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())

  async function withPage(recorded: Recorded, work: (page: Page, engine: RecordedEngine) => Promise<void>) {
    const engine = await startRecordedEngine(recorded, folder)
    const context = await browser.newContext({ viewport: sizes[0], locale: 'en-GB', reducedMotion: 'reduce' })
    const page = await context.newPage()
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

  /** Words that are cut off, in places where they say a state. */
  async function cutWords(page: Page): Promise<readonly string[]> {
    return page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('.strip b, .fact b')]
        .filter((word) => word.scrollWidth > word.clientWidth)
        .map((word) => word.textContent ?? '')
    )
  }

  for (const [name, path, field] of screens) {
    it(`${name}: every theme and size`, async () => {
      await withPage(field(Date.now()), async (page, engine) => {
        await page.evaluate((to) => location.assign(`#${to}`), path)
        for (const theme of themes) {
          const { node } = field(Date.now()).overview
          engine.say({ slice: 'node', value: { ...node, settings: { ...node.settings, theme } } })
          await page.locator(`html.${theme}`).waitFor({ state: 'attached' })
          for (const size of sizes) {
            await page.setViewportSize(size)
            await keepShot(page, `network-${name}-${theme}-${size.width}`)
            expect(await accessibilityProblems(page), `${theme} ${size.width}`).toEqual([])
            expect(await page.evaluate(() => document.documentElement.scrollWidth), `${theme} ${size.width}`).toBe(
              size.width
            )
            expect(await cutWords(page), `${theme} ${size.width}`).toEqual([])
          }
        }
      })
    })
  }

  it('has room for longer languages', async () => {
    const recorded = emptyField(Date.now())
    await withPage(recorded, async (page, engine) => {
      const { node } = recorded.overview
      engine.say({ slice: 'node', value: { ...node, settings: { ...node.settings, language: 'pseudo' } } })
      await page.locator('html[lang=en-XA]').waitFor({ state: 'attached' })
      for (const path of ['/peers', '/settings']) {
        await page.evaluate((to) => location.assign(`#${to}`), path)
        for (const size of sizes) {
          await page.setViewportSize(size)
          await keepShot(page, `network-pseudo-${path.slice(1)}-${size.width}`)
          expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBe(size.width)
        }
      }
    })
  })

  it('switches an interface and looks for others with the keyboard alone', async () => {
    await withPage(
      withNetwork(emptyField(Date.now()), () => ({ isLooking: true })),
      async (page) => {
        await page.getByRole('button', { name: 'Show interface' }).focus()
        await page.keyboard.press('Enter')
        const vpn = page.getByRole('switch', { name: 'Look for others on wg-agency' })
        expect(await vpn.evaluate((element) => element === document.activeElement)).toBe(true)
        await page.keyboard.press('Space')
        await page.locator('[role=switch][data-interface=vpn][aria-checked=true]').waitFor()
      }
    )
  })

  it('goes through the themes with F9, and keeps the theme of the engine', async () => {
    await withPage(richField(Date.now()), async (page) => {
      const before = await page.evaluate(() => document.documentElement.className)
      await page.keyboard.press('F9')
      await page.waitForFunction((was) => document.documentElement.className !== was, before)
      await page.evaluate(() => location.assign('#/settings'))
      await page.getByRole('radio', { name: 'Dark', checked: true }).waitFor()
    })
  })
})
