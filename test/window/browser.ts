/** Real Chromium for tests, where the machine has one. */
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { chromium, type Browser, type Page } from 'playwright-core'

const candidates = [
  process.env['MUSTER_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome'
]

export const chromiumPath = candidates.find((path) => path !== undefined && existsSync(path))

const quiet = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

/** WebGL without a graphics card: Chromium's software renderer. */
export const withSwiftShader = ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader']

/** @param more switches of Chromium; `--disable-gpu` is left out where they ask for a renderer. */
export async function openBrowser(more: readonly string[] = []): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error('no Chromium')
  // Chromium's own sandbox refuses to run as root, as in most CI machines.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({
    executablePath: chromiumPath,
    args: [...asRoot, ...quiet.filter((one) => more.length === 0 || one !== '--disable-gpu'), ...more]
  })
}

/** Kept in artifacts/, to be looked at beside the pictures of the design. */
export async function keepShot(page: Page, name: string): Promise<Buffer> {
  await mkdir('artifacts', { recursive: true })
  return page.screenshot({ path: `artifacts/${name}.png` })
}
