/**
 * Pairing in real Chromium: every state in every theme and size on a recorded engine, and two fresh installs on real nodes
 * (own processes, TLS, mDNS on loopback) that come to verified trust, with every click of both persons counted.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import type { PairingStatus } from '@shared/model'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { chromiumPath, keepShot, openBrowser } from './browser'
import { press, tabTo } from './keyboard'
import { accessibilityProblems, byEngine, canLook, goTo, inEveryLook, inFewLooks, sizes, withRecorded } from './looks'
import { openWindow } from './real-window'
import { nodeIdOf, richField, type Recorded } from './recorded'
import { asking, endedPairing, pairingIn } from './recorded-pairing'

const minuteMs = 60_000
const asker = nodeIdOf(8)

type Screen = readonly [name: string, pairing: (now: number) => PairingStatus]
const screens: readonly Screen[] = [
  ['asked', (now) => asking([asker, nodeIdOf(3), nodeIdOf(2)], now)],
  ['reaching', (now) => pairingIn(asker, 'reaching', now)],
  ['calling', (now) => pairingIn(asker, 'calling', now)],
  ['answered', (now) => pairingIn(asker, 'answered', now)],
  ['comparing', (now) => pairingIn(asker, 'comparing', now)],
  ['they-agreed', (now) => pairingIn(asker, 'they-agreed', now)],
  ['agreed', (now) => pairingIn(asker, 'agreed', now)],
  ['done', (now) => pairingIn(asker, 'done', now)],
  ['differ', () => endedPairing(asker, 'pairing-differ', 1)],
  ['expired', () => endedPairing(asker, 'pairing-expired', 2)],
  ['lost', () => endedPairing(asker, 'pairing-lost')],
  ['declined', () => endedPairing(asker, 'pairing-declined')],
  ['old-version', () => endedPairing(asker, 'pairing-old-version')],
  ['paused', (now) => ({ ...endedPairing(asker, 'pairing-broken'), pausedUntil: now + 10 * minuteMs })]
]

const colourful: ReadonlySet<string> = new Set(['asked', 'comparing', 'differ'])

function withPairing(pairing: PairingStatus): Recorded {
  const recorded = richField(Date.now())
  return { ...recorded, overview: { ...recorded.overview, pairing } }
}

describe.runIf(canLook)('every state of a pairing', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())

  it('in both sizes, and those with most colours in every theme', async () => {
    const recorded = withPairing({ requests: [], tries: 0 })
    await withRecorded(browser, recorded, async (page, engine) => {
      for (const [name, pairing] of screens) {
        await goTo(page, `/peers/${asker}`)
        await byEngine(engine, recorded.overview)('light')
        await page.locator('html.light').waitFor({ state: 'attached' })
        engine.say({ slice: 'pairing', value: pairing(Date.now()) })
        await (name === 'asked' ? page.getByText('asks to compare codes.').first() : page.getByRole('dialog')).waitFor()
        const look = colourful.has(name) ? inEveryLook : inFewLooks
        await look(page, `pairing-${name}`, byEngine(engine, recorded.overview))
        engine.say({ slice: 'pairing', value: { requests: [], tries: 0 } })
        await page.getByRole('dialog').waitFor({ state: 'detached' })
      }
    })
  }, 120_000)

  it('has room for longer languages', async () => {
    const recorded = withPairing({ requests: [], tries: 0 })
    await withRecorded(browser, recorded, async (page, engine) => {
      const { node } = recorded.overview
      engine.say({ slice: 'node', value: { ...node, settings: { ...node.settings, language: 'pseudo' } } })
      await page.locator('html[lang=en-XA]').waitFor({ state: 'attached' })
      for (const [name, pairing] of screens.filter(([one]) => ['asked', 'comparing', 'paused'].includes(one)))
        for (const size of sizes) {
          await page.setViewportSize(size)
          engine.say({ slice: 'pairing', value: pairing(Date.now()) })
          await keepShot(page, `pairing-${name}-longer-${size.width}`)
          expect(await page.evaluate(() => document.documentElement.scrollWidth), name).toBe(size.width)
        }
    })
  })

  it('goes from the request to the result with the keyboard alone, and Enter lets nobody in', async () => {
    const recorded = withPairing(asking([asker], Date.now()))
    await withRecorded(browser, recorded, async (page, engine) => {
      await tabTo(page, /^Compare codes$/)
      await press(page, 'Enter')
      expect(await page.getByRole('dialog').count()).toBe(0)
      await press(page, 'Space')
      await page.getByRole('dialog', { name: 'Trust Polizia Locale Trieste 4?' }).waitFor()
      await page.waitForFunction(() => document.activeElement?.textContent?.trim() === 'Cancel')
      await press(page, 'Escape')
      await page.getByText('goes on.').waitFor()
      await tabTo(page, /^Show it$/)
      await press(page, 'Enter')
      engine.say({ slice: 'pairing', value: pairingIn(asker, 'they-agreed', Date.now()) })
      await page.getByText('Now it is up to you.').waitFor()
      await tabTo(page, /^Codes are equal, trust$/)
      await press(page, 'Enter')
      expect(await page.getByRole('dialog', { name: 'is verified' }).count()).toBe(0)
      await press(page, 'Space')
      await page.getByRole('dialog', { name: 'Polizia Locale Trieste 4 is verified' }).waitFor()
      await press(page, 'Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    })
  })
})

describe.runIf(chromiumPath !== undefined)('two fresh installs', () => {
  const undos: (() => Promise<void>)[] = []
  const complaints: string[] = []
  let browser: Browser
  let nodes: readonly [HeadlessNode, HeadlessNode]
  let pages: readonly [Page, Page]

  beforeAll(async () => {
    const start = async (name: string) => {
      const folder = await temporaryFolder((undo) => undos.push(undo))
      const args = ['--first-run', '--discovery', 'mdns', '--discovery-address', '127.0.0.1']
      return HeadlessNode.start({ name, folder, args })
    }
    browser = await openBrowser()
    nodes = await Promise.all([start('toughbook-1'), start('toughbook-2')])
    pages = await Promise.all([openWindow(browser, nodes[0], complaints), openWindow(browser, nodes[1], complaints)])
    for (const page of pages)
      await page.evaluate(() => {
        addEventListener(
          'click',
          ({ isTrusted }) => {
            if (isTrusted) document.documentElement.dataset['clicks'] = String(clicksOf() + 1)
          },
          true
        )
        function clicksOf(): number {
          return Number(document.documentElement.dataset['clicks'] ?? 0)
        }
      })
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await Promise.all(nodes.map((node) => node.stop()))
    for (const undo of undos) await undo()
  })

  const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true }).click()
  const clicks = (page: Page) => page.evaluate(() => Number(document.documentElement.dataset['clicks'] ?? 0))

  it('come to verified trust in at most five clicks on each side, the first steps among them', async () => {
    const [one, other] = pages
    const [alpha, bravo] = nodes
    for (const page of pages) {
      await press(page, 'Continue')
      await page.getByText('These four words are this laptop').waitFor()
      await press(page, 'Continue')
      await press(page, /^Link a laptop near me/)
      await page.getByRole('heading', { level: 1, name: 'Peers' }).waitFor()
    }
    await press(one, 'Compare codes')
    await press(other, 'Compare codes')
    const codes = await Promise.all(
      pages.map(async (page) => {
        await page.getByRole('dialog', { name: /^Trust/ }).waitFor()
        return page.getByRole('group', { name: 'Code to compare' }).innerText()
      })
    )
    expect(codes[0]).toMatch(/^\d{3} \d{3}\n/)
    expect(codes[0]).toBe(codes[1])
    await keepShot(one, 'pairing-real-comparing')
    expect(await accessibilityProblems(one)).toEqual([])
    for (const page of pages) await press(page, 'Codes are equal, trust')
    for (const page of pages) await page.getByRole('dialog', { name: /is verified$/ }).waitFor()
    await Promise.all([alpha.untilLinked(bravo), bravo.untilLinked(alpha)])
    for (const [node, peer] of [
      [alpha, bravo],
      [bravo, alpha]
    ] as const)
      expect(node.peer(peer)?.decision).toMatchObject({ level: 'trusted', ground: 'code' })
    const counted = await Promise.all(pages.map(clicks))
    process.stdout.write(`clicks from a fresh install to verified trust: ${counted.join(' and ')}\n`)
    for (const count of counted) expect(count).toBeLessThanOrEqual(5)
    await one.getByText('Verified', { exact: true }).first().waitFor()
    await keepShot(other, 'pairing-real-done')
    expect(complaints).toEqual([])
  }, 60_000)
})
