/** The same entry on real Electron, where its binary is: a smoke test of what the Chromium host cannot show. */
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { _electron } from 'playwright-core'
import { temporaryFolder } from '../support/headless.js'
import { prepareFolder } from './desktop-app.js'

const { findElectron } = (await import(pathToFileURL(resolve('scripts/machine.mjs')).href)) as {
  findElectron(): string | undefined
}
const executablePath = findElectron()
const hasScreen = process.platform !== 'linux' || process.env['DISPLAY'] !== undefined
const missing =
  executablePath === undefined ? "Electron's binary is not here" : hasScreen ? undefined : 'there is no screen'
const undos: (() => Promise<void>)[] = []

describe('the desktop app on Electron', () => {
  afterAll(async () => {
    for (const undo of undos) await undo()
  })

  it.skipIf(missing !== undefined)(
    `starts, isolates its window and ends in order${missing === undefined ? '' : ` (skipped: ${missing})`}`,
    async () => {
      const dataFolder = join(await temporaryFolder((undo) => undos.push(undo)), 'data')
      await prepareFolder(dataFolder)
      const app = await _electron.launch({
        ...(executablePath === undefined ? {} : { executablePath }),
        // Chromium's own sandbox refuses to run as root, as in most CI machines.
        args: ['.', '--data', dataFolder, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])]
      })
      const ended = new Promise<void>((done) => app.once('close', () => done()))
      const page = await app.firstWindow()
      await page.getByRole('heading', { level: 1 }).waitFor()
      expect(page.url()).toMatch(/^app:\/\/muster\//)
      expect(
        await page.evaluate(() => ['process', 'require', 'ipcRenderer'].filter((name) => name in globalThis))
      ).toEqual([])
      expect(await page.evaluate(() => Object.isFrozen((globalThis as { muster?: unknown }).muster))).toBe(true)
      expect(await page.evaluate(() => open('https://127.0.0.1:1/') === null)).toBe(true)
      expect(app.windows()).toHaveLength(1)
      const quit = (electron: { readonly app: { quit(): void } }) => electron.app.quit()
      await app.evaluate(quit as Parameters<typeof app.evaluate>[0])
      await ended
    }
  )
})
