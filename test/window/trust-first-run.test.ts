/**
 * Trust, import, first run and activity in real Chromium on a recorded engine: every theme, at 1366x768 and at 200 % zoom,
 * without anything that axe objects to and without a line that runs out of the window.
 */
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { keepShot, openBrowser } from './browser'
import { byEngine, canLook, goTo, inEveryLook, sizes, withRecorded } from './looks'
import { chooseFiles, dropFiles } from './real-window'
import { nodeIdOf, type Recorded } from './recorded'
import type { RecordedEngine } from './recorded-engine'
import { certificateHandlers, firstRunField, longAudit, trustField } from './recorded-trust'

const drag = (page: Page, kind: 'dragover' | 'drop', name: string, content: string): Promise<void> =>
  dropFiles(page, [{ name, content }], kind)
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
  ['anchor-lists', `/trust/anchor/${trustField(0).overview.anchors[1]?.id ?? ''}`, trustField],
  ['remove', `/trust/anchor/${trustField(0).overview.anchors[0]?.id ?? ''}`, trustField, press('Remove')],
  ['pin', `/trust/pin/${trustField(0).overview.pins[0]?.id ?? ''}`, trustField],
  ['import-peer', '/trust', trustField, drop('fuekw-1.cer', 'peer')],
  ['import-own', '/trust', trustField, drop('fuekw-1.p12', 'identity')],
  ['import-locked', '/trust', trustField, drop('gz-sezana.p12', 'locked identity')],
  ['import-package', '/trust', trustField, drop('gz-sezana.zip', 'package')],
  [
    'import-package-locked',
    '/trust',
    trustField,
    async (page) => {
      await drag(page, 'drop', 'gz-sezana.zip', 'package')
      await page.getByText('cert/fuekw-2.p12').click()
      await page.getByText('has a password of its own').waitFor()
    }
  ],
  ['import-list', '/trust', trustField, drop('hvz.crl', 'list')],
  ['authority', '/trust/authority', trustField],
  ['authority-issue', '/trust/authority', trustField, press('Issue a certificate', 'Issue and save')],
  [
    'authority-phone',
    '/trust/authority',
    trustField,
    async (page) => {
      await press('Issue a certificate')(page)
      await page.getByText('A phone', { exact: true }).click()
    }
  ],
  ['authority-key', '/trust/authority', trustField, press('Save the authority with its key', 'Save')],
  ['authority-take-back', '/trust/authority', trustField, press('Take back the certificate of DVD Umag')],
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

describe.runIf(canLook)('trust and first run', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())

  const withPage = (
    recorded: Recorded,
    work: (page: Page, engine: RecordedEngine) => Promise<void>,
    hasAuthority = true
  ) => withRecorded(browser, recorded, work, certificateHandlers(Date.now(), hasAuthority))

  for (const [name, path, field, way] of screens) {
    it(`${name}: every theme and size`, async () => {
      const recorded = field(Date.now())
      await withPage(recorded, async (page, engine) => {
        await goTo(page, path)
        await way?.(page)
        await inEveryLook(page, `trust-${name}`, byEngine(engine, recorded.overview))
      })
    })
  }

  it('authority-make: every theme and size', async () => {
    const recorded = trustField(Date.now())
    const look = async (page: Page, engine: RecordedEngine) => {
      await goTo(page, '/trust/authority')
      await press('Make the authority')(page)
      await inEveryLook(page, 'trust-authority-make', byEngine(engine, recorded.overview))
    }
    await withPage(recorded, look, false)
  })

  it('authority-over: every theme and size', async () => {
    const recorded = trustField(Date.now())
    const look = async (page: Page, engine: RecordedEngine) => {
      await goTo(page, '/trust/authority')
      await press('Take one over from its file')(page)
      await chooseFiles(page, 'Choose the files', [{ name: 'gz.p12', content: 'locked authority' }])
      await page.getByLabel('Password of the file').fill('atakatak')
      await press('Open the file', 'Issue from this laptop')(page)
      await page.getByText('CRT-42').waitFor()
      await inEveryLook(page, 'trust-authority-over', byEngine(engine, recorded.overview))
    }
    await withPage(recorded, look, false)
  })

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
