/**
 * The window on a large mission, in real Chromium on the headless host: how soon it is open, how soon something is
 * found, and whether scrolling and editing ever hold its main thread for 50 ms, as the browser itself reports it.
 */
/* global document, location, requestAnimationFrame -- what is given to page.evaluate runs in the page */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { findChromium } from '../scripts/machine.mjs'
import { writeCrewMission } from './crew-mission.mjs'
import { watch } from './process.mjs'
import { text } from './report.mjs'
import { median } from './statistics.mjs'

const missing = findChromium() === undefined ? 'no Chromium found' : undefined

export async function measureWindow({ items, entries, searches, scrolls }) {
  const size = `${text(items)} items, ${text(entries)} log entries`
  const row = (what, unit, ours, atMost) => ({
    ...{ workload: `window, ${what}`, unit, ours, missing },
    ...(atMost === undefined ? {} : { must: { atMost } })
  })
  if (missing !== undefined) return [row(size, 'ms')]
  const { folder, missionId } = await writeCrewMission({ items, entries })
  const host = await startHost(folder)
  const { chromium } = await import('playwright-core')
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const browser = await chromium.launch({ executablePath: findChromium(), args: [...asRoot, '--disable-gpu'] })
  try {
    const context = await browser.newContext({ viewport: { width: 1366, height: 768 }, locale: 'en-GB' })
    const page = await context.newPage()
    await page.addInitScript(() => {
      globalThis.longTasks = []
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) globalThis.longTasks.push(duration)
      }).observe({ type: 'longtask' })
    })
    await host.door()
    await page.goto(`file://${join(folder, 'open.html')}`)
    await page.getByRole('heading', { level: 1 }).waitFor()

    const open = await timed(page, `#/missions/${missionId}/log`, 'article')
    const longest = async (work) => {
      await page.evaluate(() => void (globalThis.longTasks.length = 0))
      await work()
      // The observer tells of a task after it is over.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100))))
      return page.evaluate(() => Math.max(0, ...globalThis.longTasks))
    }
    const scrolling = await longest(() => scroll(page, scrolls))
    const editing = await longest(() => edit(page))
    const historyAt = await timed(page, `#/missions/${missionId}/history`, '[role=feed] article')
    const conflictsAt = await timed(page, `#/missions/${missionId}/conflicts`, '[role=radiogroup]')

    await page.keyboard.press('Control+k')
    const reading = await find(page, 'kovacevic 77')
    const found = []
    const typing = await longest(async () => {
      for (const words of searches) found.push(await find(page, words))
    })
    return [
      row(`${size}: open the log`, 'ms', open, 1_000),
      row('longest task while scrolling the log', 'ms', scrolling, 50),
      row('longest task while writing and editing', 'ms', editing, 50),
      row('open the history', 'ms', historyAt, 1_000),
      row('open the conflicts', 'ms', conflictsAt, 1_000),
      row('first search, which reads all texts', 'ms', reading),
      row(`search, median of ${searches.length}`, 'ms', median(found), 100),
      row(`search, slowest of ${searches.length}`, 'ms', Math.max(...found), 100),
      row('longest task while searching', 'ms', typing, 50),
      row('memory of the node then', 'MB', host.memory())
    ]
  } finally {
    await browser.close()
    await host.stop()
  }
}

async function startHost(folder) {
  const program = fileURLToPath(new URL('../out/main/headless.js', import.meta.url))
  const options = [
    '--data',
    folder,
    '--name',
    'OSC Sežana',
    '--link-host',
    '127.0.0.1',
    '--link-port',
    '0',
    '--discovery',
    'off'
  ]
  const child = spawn(process.execPath, [program, ...options], { stdio: ['ignore', 'pipe', 'ignore'] })
  watch(child)
  const [line] = await once(createInterface({ input: child.stdout }), 'line', { signal: AbortSignal.timeout(60_000) })
  const { apiPort } = JSON.parse(line)
  return {
    async door() {
      const token = readFileSync(join(folder, 'api-token'), 'utf8')
      const headers = { Authorization: `Bearer ${token}` }
      const answer = await fetch(`http://127.0.0.1:${apiPort}/api/v1/door`, { method: 'POST', headers })
      if (!answer.ok) throw new Error(await answer.text())
    },
    /** Undefined where the system has no /proc. */
    memory() {
      if (process.platform !== 'linux') return undefined
      return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1000
    },
    async stop() {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    }
  }
}

/** From the press until what was asked for is painted. */
function timed(page, hash, selector) {
  return page.evaluate(
    async ([to, wanted]) => {
      const from = performance.now()
      location.hash = to
      while (document.querySelector(wanted) === null) await new Promise((done) => requestAnimationFrame(done))
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
      return performance.now() - from
    },
    [hash, selector]
  )
}

async function scroll(page, times) {
  await page.getByRole('feed').hover()
  for (let count = 0; count < times; count++) {
    await page.mouse.wheel(0, count % 3 === 2 ? -400 : 900)
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(done)))
  }
  // Across the whole of it, as somebody does who pulls the bar.
  for (const share of [0.5, 0.9, 0.1, 1, 0]) {
    await page.getByRole('feed').evaluate((feed, to) => (feed.scrollTop = feed.scrollHeight * to), share)
    await page.locator('article').first().waitFor()
  }
}

async function edit(page) {
  const field = page.getByLabel('Write to the log')
  await field.fill('Line B holds.')
  await field.press('Control+Enter')
  const entry = page.getByRole('article').filter({ hasText: 'Line B holds.' })
  await entry.getByRole('button', { name: /^Edit/ }).click()
  await page.getByLabel('Text of this entry').fill('Line B holds since 14:00.')
  await page.getByLabel('Text of this entry').press('Control+Enter')
  await page.getByText('Line B holds since 14:00.').waitFor()
}

/** From the last key until the result of exactly these words is painted. */
function find(page, words) {
  return page.evaluate(async (typed) => {
    const field = document.querySelector('[role=combobox]')
    const status = field.parentElement.querySelector('[role=status]')
    const frame = () => new Promise((done) => requestAnimationFrame(done))
    field.value = ''
    field.dispatchEvent(new Event('input', { bubbles: true }))
    while (status.textContent.trim() !== '') await frame()
    const from = performance.now()
    field.value = typed
    field.dispatchEvent(new Event('input', { bubbles: true }))
    while (!/found\./.test(status.textContent)) await frame()
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
    return performance.now() - from
  }, words)
}
