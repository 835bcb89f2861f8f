/**
 * Trust, import, first run and activity in real Chromium on a recorded engine: every theme, at 1366x768 and at 200 % zoom,
 * without anything that axe objects to and without a line that runs out of the window.
 */
import { createRequire } from 'node:module'
import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { themes } from '@shared/settings'
import { chromiumPath, keepShot, openBrowser } from './browser'
import { nodeIdOf, type Recorded } from './recorded'
import { startRecordedEngine, type RecordedEngine } from './recorded-engine'
import { certificateHandlers, firstRunField, longAudit, trustField } from './recorded-trust'

const folder = process.env['MUSTER_WINDOW'] ?? 'out/renderer'
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const sizes = [
  { width: 1366, height: 768 },
  { width: 683, height: 384 }
] as const

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

/** What a person does with the mouse: files over the window, then let go. */
async function drag(page: Page, kind: 'dragover' | 'drop', name: string, content: string): Promise<void> {
  const transfer = await page.evaluateHandle(
    ([fileName, text]) => {
      const made = new DataTransfer()
      made.items.add(new File([text], fileName))
      return made
    },
    [name, content] as const
  )
  await page.dispatchEvent('body', kind, { dataTransfer: transfer })
}

const drop = (name: string, content: string) => async (page: Page) => drag(page, 'drop', name, content)
const press =
  (...names: readonly string[]) =>
  async (page: Page): Promise<void> => {
    for (const name of names) await page.getByRole('button', { name, exact: true }).click()
  }

type Way = (page: Page) => Promise<void>
const screens: readonly (readonly [name: string, path: string, field: (now: number) => Recorded, way?: Way])[] = [
  ['trust', '/trust', trustField],
  ['import-choose', '/trust/import', trustField],
  ['import-anchor', '/trust', trustField, drop('lfv-feld-ca-2026.pem', 'anchor')],
  [
    'import-chosen',
    '/trust',
    trustField,
    async (page) => {
      await drag(page, 'drop', 'lfv-feld-ca-2026.pem', 'anchor')
      await page.getByText('Chosen missions').click()
      await page.getByText('A date').click()
    }
  ],
  ['anchor', `/trust/anchor/${trustField(0).overview.anchors[0]?.id ?? ''}`, trustField],
  ['remove', `/trust/anchor/${trustField(0).overview.anchors[0]?.id ?? ''}`, trustField, press('Remove')],
  ['pin', `/trust/pin/${trustField(0).overview.pins[0]?.id ?? ''}`, trustField],
  ['import-peer', '/trust', trustField, drop('fuekw-1.cer', 'peer')],
  ['import-own', '/trust', trustField, drop('fuekw-1.p12', 'identity')],
  ['import-locked', '/trust', trustField, drop('gz-sezana.p12', 'locked identity')],
  ['import-refused', '/trust', trustField, drop('holiday.jpg', 'a picture')],
  ['drop', '/peers', trustField, (page) => drag(page, 'dragover', 'lfv.pem', 'anchor')],
  ['export', '/trust', trustField, press('Save own certificate')],
  ['renew', '/trust', trustField, press('Go back to a certificate made here')],
  ['activity', '/activity', trustField],
  ['activity-entry', '/activity/14', trustField],
  ['activity-long', '/activity', (now) => longAudit(now, 1204)],
  ['first-name', '/peers', firstRunField],
  ['first-words', '/peers', firstRunField, press('Continue')],
  ['first-begin', '/peers', firstRunField, press('Continue', 'Continue')]
]

describe.runIf(chromiumPath !== undefined && existsSync(join(folder, 'index.html')))('trust and first run', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())

  async function withPage(recorded: Recorded, work: (page: Page, engine: RecordedEngine) => Promise<void>) {
    const engine = await startRecordedEngine(recorded, folder, certificateHandlers(Date.now()))
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

  for (const [name, path, field, way] of screens) {
    it(`${name}: every theme and size`, async () => {
      const recorded = field(Date.now())
      await withPage(recorded, async (page, engine) => {
        await page.evaluate((to) => location.assign(`#${to}`), path)
        await page.getByRole('heading', { level: 1 }).first().waitFor()
        await way?.(page)
        for (const theme of themes) {
          const { node } = recorded.overview
          engine.say({ slice: 'node', value: { ...node, settings: { ...node.settings, theme } } })
          await page.locator(`html.${theme}`).waitFor({ state: 'attached' })
          for (const size of sizes) {
            await page.setViewportSize(size)
            await keepShot(page, `trust-${name}-${theme}-${size.width}`)
            expect(await accessibilityProblems(page), `${theme} ${size.width}`).toEqual([])
            const width = await page.evaluate(() => document.documentElement.scrollWidth)
            expect(width, `${theme} ${size.width}`).toBe(size.width)
          }
        }
      })
    })
  }

  it('has room for longer languages', async () => {
    for (const [field, paths] of [
      [trustField, ['/trust', '/trust/import', '/activity']],
      [firstRunField, ['/peers']]
    ] as const) {
      const recorded = field(Date.now())
      await withPage(recorded, async (page, engine) => {
        const { node } = recorded.overview
        engine.say({ slice: 'node', value: { ...node, settings: { ...node.settings, language: 'pseudo' } } })
        await page.locator('html[lang=en-XA]').waitFor({ state: 'attached' })
        for (const path of paths) {
          await page.evaluate((to) => location.assign(`#${to}`), path)
          for (const size of sizes) {
            await page.setViewportSize(size)
            await keepShot(page, `trust-pseudo-${node.isFirstRun ? 'first' : path.split('/').at(-1)}-${size.width}`)
            expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBe(size.width)
          }
        }
      })
    }
  })

  it('goes through the first steps with the keyboard alone', async () => {
    await withPage(firstRunField(Date.now()), async (page) => {
      const focused = (text: string) =>
        page.waitForFunction((wanted) => document.activeElement?.textContent?.includes(wanted), text)
      await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT')
      await page.keyboard.press('Control+A')
      await page.keyboard.type('OSC Sežana')
      await page.keyboard.press('Enter')
      await focused('These four words')
      await page.keyboard.press('Tab')
      await focused('Back')
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await focused('How do you want to begin?')
      await page.keyboard.press('Tab')
      await focused('Link a laptop near me')
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Import a certificate' }).waitFor()
      await page.getByText('OSC Sežana').first().waitFor()
    })
  })

  it('opens a locked file, asks again after a wrong password, and grants only by a press of the grant', async () => {
    await withPage(trustField(Date.now()), async (page) => {
      await page.evaluate(() => location.assign('#/peers'))
      await drag(page, 'drop', 'fuekw-1.p12', 'locked identity')
      const field = page.getByLabel('Password of the file')
      await field.waitFor()
      await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT')
      await page.keyboard.type('wrong')
      await page.keyboard.press('Enter')
      await page.getByText('CRT-02').waitFor()
      await keepShot(page, 'trust-import-wrong-password')
      await page.waitForFunction(() => document.activeElement?.tagName === 'INPUT')
      await page.keyboard.type('atakatak')
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Use this certificate for this laptop?' }).waitFor()
      await page.waitForFunction(() => document.activeElement?.textContent?.trim() === 'Don’t import')
      await page.getByRole('button', { name: 'Use for this laptop' }).focus()
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Use for this laptop' }).click()
      await page.getByText('This laptop shows the certificate of fuekw-1.lfv.example').waitFor()
    })
  })

  it('hands the certificate and the record to the downloads', async () => {
    await withPage(trustField(Date.now()), async (page) => {
      await page.evaluate(() => location.assign('#/trust'))
      await page.getByRole('button', { name: 'Save own certificate' }).click()
      const [certificate] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Save', exact: true }).click()
      ])
      expect(certificate.suggestedFilename()).toBe('muster.pem')
      expect(await readFile(await certificate.path(), 'utf8')).toBe('certificate')
      await page.evaluate(() => location.assign('#/activity'))
      const [record] = await Promise.all([
        page.waitForEvent('download'),
        page.getByRole('button', { name: 'Save for the record' }).click()
      ])
      const saved = JSON.parse(await readFile(await record.path(), 'utf8')) as { node: string; entries: object[] }
      expect(saved.node).toBe(nodeIdOf(0))
      expect(saved.entries[0]).toMatchObject({ kind: 'identity-certificate', sentence: expect.any(String) as string })
    })
  })

  it('draws a part of a long list only, and reads older entries when asked', async () => {
    await withPage(longAudit(Date.now(), 1204), async (page) => {
      await page.evaluate(() => location.assign('#/activity'))
      await page.getByText('Engine 1').first().waitFor()
      expect(await page.locator('[data-row]').count()).toBeLessThan(60)
      await page.locator('.list').evaluate((list) => list.scrollTo({ top: list.scrollHeight }))
      await page.getByRole('button', { name: 'Show 200 older entries' }).click()
      await page.getByText('Counted among the newest 400 entries.').waitFor({ state: 'attached' })
    })
  })
})
