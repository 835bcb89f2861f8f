/** A person without a mouse: goes on with Tab until the wanted thing has the focus. */
import { expect } from 'vitest'
import type { Page } from 'playwright-core'

const mostPresses = 120

/** What has the focus, in the words that are said for it first. */
export async function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement
    if (element === null || element === document.body) return ''
    const label =
      element instanceof HTMLInputElement ||
      element instanceof HTMLTextAreaElement ||
      element instanceof HTMLSelectElement
        ? element.labels?.[0]
        : null
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

/** As `tabTo`; and at every stop on the way the focus is in sight, with a mark around it. */
export async function stepTo(page: Page, wanted: RegExp): Promise<void> {
  const seen: string[] = []
  for (let presses = 0; presses < mostPresses; presses++) {
    const words = await focused(page)
    if (wanted.test(words)) return
    seen.push(words.slice(0, 40))
    await page.keyboard.press('Tab')
    const hidden = await hiddenFocus(page)
    if (hidden !== undefined) throw new Error(`after ${seen.join(', ')}: ${hidden}`)
  }
  throw new Error(`Tab does not reach ${String(wanted)}, but:\n${[...new Set(seen)].join('\n')}`)
}

/** Why nobody sees where the focus is, also some frames later. Not said of the page itself, where the focus goes round. */
async function hiddenFocus(page: Page): Promise<string | undefined> {
  return page.evaluate(async () => {
    const hasMark = (one: Element, pseudo?: string) => {
      const { outlineStyle, outlineWidth } = getComputedStyle(one, pseudo)
      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2
    }
    function look(): string | undefined {
      const element = document.activeElement
      if (element === null || element === document.body) return undefined
      const said = element.outerHTML.slice(0, 160)
      // A hidden field of a choice is drawn by its label or what follows it, a link that fills its row by the row.
      const { parentElement, nextElementSibling } = element
      const isRow = element instanceof HTMLElement && hasMark(element, '::after')
      const drawn = [element, parentElement, nextElementSibling, element.closest('label')]
      const marked = isRow ? element.offsetParent : drawn.find((one) => one !== null && hasMark(one))
      if (marked === undefined || marked === null) return `no mark around ${said}`
      const { left, top, right, bottom, width, height } = marked.getBoundingClientRect()
      if (width === 0 || height === 0) return `nothing is drawn of ${said}`
      if (right <= 0 || bottom <= 0 || left >= innerWidth || top >= innerHeight) return `out of sight: ${said}`
      const middle = (least: number, most: number, end: number) => (Math.max(0, least) + Math.min(end, most)) / 2
      const above = document.elementFromPoint(middle(left, right, innerWidth), middle(top, bottom, innerHeight))
      const isCovered = above !== null && !marked.contains(above) && !above.contains(marked)
      return isCovered ? `${above.outerHTML.slice(0, 80)} covers ${said}` : undefined
    }
    for (let frames = 0; frames < 30 && look() !== undefined; frames++)
      await new Promise((done) => requestAnimationFrame(done))
    return look()
  })
}

/** Until the focus is on it, by itself. */
export async function untilFocused(page: Page, wanted: RegExp): Promise<void> {
  await expect.poll(() => focused(page)).toMatch(wanted)
}

export async function press(page: Page, ...keys: readonly string[]): Promise<void> {
  for (const key of keys) await page.keyboard.press(key)
}
