/** The window of a real headless node in real Chromium, opened as a person opens it. */
import { join } from 'node:path'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import type { HeadlessNode } from '../support/headless.js'

/** @param complaints takes what the console of the page complains about. */
export async function openWindow(
  browser: Browser,
  node: HeadlessNode,
  complaints: string[],
  options: BrowserContextOptions = {}
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: 'en-GB', ...options })
  const opened = await context.newPage()
  opened.setDefaultTimeout(8_000)
  opened.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  opened.on('pageerror', (error) => complaints.push(error.message))
  await node.call('POST', 'door')
  // The same file that a person opens: nothing about the window is arranged for the test.
  await opened.goto(`file://${join(node.folder, 'open.html')}`)
  await opened.getByRole('heading', { level: 1 }).waitFor()
  return opened
}

export interface NamedFile {
  readonly name: string
  readonly content: string | Uint8Array
}

/** Files from the desktop, let go over the window. */
export async function dropFiles(
  page: Page,
  files: readonly NamedFile[],
  kind: 'dragover' | 'drop' = 'drop'
): Promise<void> {
  const sent = files.map(({ name, content }) => ({ name, data: Buffer.from(content).toString('base64') }))
  const dataTransfer = await page.evaluateHandle((list) => {
    const made = new DataTransfer()
    for (const { name, data } of list)
      made.items.add(new File([Uint8Array.from(atob(data), (char) => char.charCodeAt(0))], name))
    return made
  }, sent)
  await page.dispatchEvent('body', kind, { dataTransfer })
}

/** Files chosen in the system's dialog, which this button opens. */
export async function chooseFiles(page: Page, button: string, files: readonly NamedFile[]): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent('filechooser'),
    page.getByRole('button', { name: button, exact: true }).click()
  ])
  await chooser.setFiles(
    files.map(({ name, content }) => ({ name, mimeType: 'application/octet-stream', buffer: Buffer.from(content) }))
  )
}
