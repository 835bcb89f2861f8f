/** A person without a mouse: goes on with Tab until the wanted thing has the focus. */
import type { Page } from 'playwright-core'

const mostPresses = 120

/** What has the focus, in the words that are said for it first. */
export async function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement
    if (element === null || element === document.body) return ''
    const label =
      element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement ? element.labels?.[0] : null
    const words = element.getAttribute('aria-label') ?? label?.textContent ?? element.textContent
    return words.replace(/\s+/g, ' ').trim()
  })
}

export async function tabTo(page: Page, wanted: RegExp): Promise<void> {
  const seen: string[] = []
  for (let presses = 0; presses < mostPresses; presses++) {
    const words = await focused(page)
    if (wanted.test(words)) return
    seen.push(words.slice(0, 40))
    await page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not reach ${String(wanted)}, but:\n${[...new Set(seen)].join('\n')}`)
}

export async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key)
}
