/**
 * The network and settings screens in real Chromium, on a recorded engine: every theme, at 1366x768 and at 200 % zoom,
 * without anything that axe objects to and without a line that runs out of the window.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import type { NetworkStatus } from '@shared/model'
import { problem } from '@shared/result'
import { keepShot, openBrowser } from './browser'
import { byEngine, canLook, goTo, inEveryLook, sizes, withRecorded } from './looks'
import { brokenField, emptyField, nodeIdOf, richField, type Recorded } from './recorded'
import type { RecordedEngine } from './recorded-engine'

function withNetwork(recorded: Recorded, change: (network: NetworkStatus) => Partial<NetworkStatus>): Recorded {
  const { network } = recorded.overview
  return { ...recorded, overview: { ...recorded.overview, network: { ...network, ...change(network) } } }
}

function crowded(now: number): Recorded {
  const at = { port: 47110, since: now - 20_000, lastHeard: now - 12_000, sources: ['mdns'] as const }
  return withNetwork(richField(now), () => ({
    nearby: [
      { ...at, instance: 'a', address: '10.20.4.31', state: 'greeting' },
      { ...at, instance: 'b', address: '10.20.4.32', state: 'failed', reason: 'refused' },
      { ...at, instance: 'c', address: '10.20.4.22', state: 'met', nodeId: nodeIdOf(1) },
      { ...at, instance: 'list', address: 'base.example', state: 'waiting', sources: ['list'] },
      { ...at, instance: 'd', address: '10.20.4.33', state: 'failed', reason: 'no-answer', sources: ['mdns', 'list'] }
    ]
  }))
}

const screens: readonly (readonly [name: string, path: string, field: (now: number) => Recorded])[] = [
  ['empty', '/peers', emptyField],
  ['nearby', '/peers', crowded],
  ['interfaces', '/peers/add', crowded],
  ['forget', `/peers/${nodeIdOf(1)}/forget`, richField],
  ['settings', '/settings', brokenField],
  ['only-read', '/missions', onlyRead]
]

/** A folder that a newer version wrote. */
function onlyRead(now: number): Recorded {
  const recorded = richField(now)
  const node = { ...recorded.overview.node, readOnly: 'newer-data' as const }
  const health = { problems: [{ ...problem('newer-data', 'version 3, this one knows 2'), since: now - 60_000 }] }
  return { ...recorded, overview: { ...recorded.overview, node, health } }
}

describe.runIf(canLook)('network and settings', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())

  const withPage = (recorded: Recorded, work: (page: Page, engine: RecordedEngine) => Promise<void>) =>
    withRecorded(browser, recorded, work)

  for (const [name, path, field] of screens) {
    it(`${name}: every theme and size`, async () => {
      const recorded = field(Date.now())
      await withPage(recorded, async (page, engine) => {
        await goTo(page, path)
        await inEveryLook(page, `network-${name}`, byEngine(engine, recorded.overview))
      })
    })
  }

  it('snapshots: the list and the sheet, every theme and size', async () => {
    const recorded = richField(Date.now())
    await withPage(recorded, async (page, engine) => {
      await goTo(page, '/settings')
      const row = page.locator('tbody tr').nth(1)
      await row.scrollIntoViewIfNeeded()
      await keepShot(page, 'snapshots-list')
      await row.getByRole('button').click()
      await page.getByRole('alertdialog').waitFor()
      await inEveryLook(page, 'snapshots-sheet', byEngine(engine, recorded.overview))
    })
  })

  it('offers no new mission in a folder that is only looked at', async () => {
    await withPage(onlyRead(Date.now()), async (page) => {
      await goTo(page, '/missions')
      await page.getByRole('heading', { name: 'Missions', level: 1 }).waitFor()
      await page.keyboard.press('n')
      expect(await page.getByRole('button', { name: 'New mission' }).count()).toBe(0)
      expect(await page.getByRole('dialog').count()).toBe(0)
    })
  })

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

  it('keeps a DNS server, and says how it goes: every theme and size', async () => {
    const recorded = richField(Date.now())
    await withPage(recorded, async (page, engine) => {
      await goTo(page, '/settings')
      const server = page.getByLabel('DNS server to ask for laptops')
      await server.fill('dns.example')
      await server.blur()
      await page.getByText('An IP address, such as 10.20.0.53 or 10.20.0.53:5353.').waitFor()
      await server.fill('10.20.0.53')
      await server.blur()
      await page.getByText(/^Saved /).waitFor()
      const { network } = recorded.overview
      const failed = {
        source: 'dns-sd' as const,
        since: Date.now(),
        found: 0,
        problem: problem('dns-failed', 'no answer')
      }
      engine.say({ slice: 'network', value: { ...network, sources: [...network.sources, failed] } })
      await page.getByText('NET-14').waitFor()
      await page.getByText('NET-14').scrollIntoViewIfNeeded()
      await inEveryLook(page, 'network-dns', byEngine(engine, recorded.overview))
    })
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
