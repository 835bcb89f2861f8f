/* global document, location, requestAnimationFrame, window */
// What a map of many items costs: the engine's first answer and the next, and the main thread of the built window in
// Chromium while somebody drags the map. node bench/map.mjs [ITEMS IN VIEW] [ITEMS IN THE MISSION]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromium } from 'playwright-core'
import { findChromium } from '../scripts/machine.mjs'
import { buildIfNeeded } from '../scripts/run.mjs'

const inView = Number(process.argv[2] ?? 5_000)
const inMission = Math.max(inView, Number(process.argv[3] ?? inView))
const executablePath = findChromium()
if (!executablePath) {
  console.log('map: left out, no Chromium here')
  process.exit(0)
}
if (!process.env.MUSTER_OUT) buildIfNeeded()
const folder = mkdtempSync(join(tmpdir(), 'muster-map-'))
const options = [
  '--data',
  folder,
  '--name',
  'map',
  '--link-host',
  '127.0.0.1',
  '--link-port',
  '0',
  '--discovery',
  'off'
]
const out = process.env.MUSTER_OUT ?? 'out'
const node = spawn(process.execPath, [join(out, 'main/headless.js'), ...options], {
  stdio: ['ignore', 'pipe', 'ignore']
})
try {
  const [line] = await once(createInterface({ input: node.stdout }), 'line', { signal: AbortSignal.timeout(20_000) })
  const { apiPort } = JSON.parse(line)
  const call = caller(apiPort, readFileSync(join(folder, 'api-token'), 'utf8'))
  const { id } = await call('POST', 'missions', { name: 'Map' })
  await fill(call, id)
  await askEngine(call, id)
  await drag(call, id)
} finally {
  node.kill('SIGTERM')
  await once(node, 'exit')
  rmSync(folder, { recursive: true, force: true })
}

function caller(port, token) {
  return async (method, path, body) => {
    const headers = { Authorization: `Bearer ${token}` }
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) }
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`, init)
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`)
    return answer.json()
  }
}

/** The first lie around Sežana, the others far away; the same each time. */
async function fill(call, id) {
  const types = ['a-f-G-U-C', 'a-n-G', 'a-u-G', 'b-m-p-s-m', 'a-f-A']
  let changes = []
  for (let item = 0; item < inMission; item++) {
    const [x, y] = [(item * 0.618034) % 1, (item * 0.754878) % 1]
    const point = item < inView ? { lat: 45.6 + x * 0.4, lon: 13.5 + y * 0.6 } : { lat: 48 + x, lon: 16 + y }
    const fields = { type: types[item % types.length], title: `Item ${item}`, point, color: '#0b5580' }
    for (const [field, value] of Object.entries(fields))
      changes.push({ entity: `item/i${item}`, field, value, seen: [] })
    if (changes.length < 9_000 && item < inMission - 1) continue
    await call('POST', `missions/${id}/changes`, changes)
    changes = []
  }
}

async function askEngine(call, id) {
  const box = 'box=13.4,45.5,14.2,46.1'
  const began = performance.now()
  let page
  do page = await call('GET', `missions/${id}/items?${box}`)
  while (page.left > 0)
  const first = performance.now() - began
  const times = []
  for (let turn = 0; turn < 10; turn++) {
    const at = performance.now()
    await call('GET', `missions/${id}/items?${box}`)
    times.push(performance.now() - at)
  }
  await call('POST', `missions/${id}/changes`, { entity: 'item/i1', field: 'title', value: 'Anew' })
  const at = performance.now()
  const next = await call('GET', `missions/${id}/items?${box}&since=${page.cursor}`)
  const after = performance.now() - at
  console.log(
    `engine, ${page.total} items, ${page.found} in the box: first answer ${first.toFixed(0)} ms, whole again ${median(times).toFixed(0)} ms, after one change ${after.toFixed(1)} ms (${next.items.length} item)`
  )
}

async function drag(call, id) {
  const { path } = await call('POST', 'door')
  const swiftShader = ['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader']
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const browser = await chromium.launch({ executablePath, args: [...asRoot, ...swiftShader] })
  try {
    const page = await browser.newPage({ viewport: { width: 1366, height: 768 } })
    page.setDefaultTimeout(60_000)
    await page.goto(`file://${path}`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.evaluate((to) => location.assign(`#/missions/${to}/map`), id)
    await page.locator('.stage[aria-busy="false"]').waitFor()
    const renderer = await page.evaluate(() => {
      const gl = document.createElement('canvas').getContext('webgl2')
      return gl.getParameter(gl.getExtension('WEBGL_debug_renderer_info').UNMASKED_RENDERER_WEBGL)
    })
    const session = await page.context().newCDPSession(page)
    await session.send('Performance.enable')
    const busy = async () => {
      const { metrics } = await session.send('Performance.getMetrics')
      return metrics.find(({ name }) => name === 'TaskDuration').value * 1000
    }
    for (const zoom of ['clusters', 'single items']) {
      if (zoom === 'single items') {
        for (let step = 0; step < 4; step++) await page.getByRole('button', { name: 'Zoom in (+)' }).click()
        await page.locator('.stage[aria-busy="false"]').waitFor()
      }
      await page.evaluate(() => {
        const seen = { frames: 0, long: 0, isOn: true }
        window.seen = seen
        const count = () => {
          seen.frames++
          if (seen.isOn) requestAnimationFrame(count)
        }
        requestAnimationFrame(count)
        new PerformanceObserver((list) => {
          for (const { duration } of list.getEntries()) seen.long = Math.max(seen.long, duration)
        }).observe({ type: 'longtask' })
      })
      const before = await busy()
      await page.mouse.move(600, 450)
      await page.mouse.down()
      for (let step = 0; step < 120; step++)
        await page.mouse.move(600 + 150 * Math.sin(step / 12), 450 + 100 * Math.cos(step / 9))
      await page.mouse.up()
      const after = await busy()
      const { frames, long } = await page.evaluate(() => ({ ...window.seen, done: (window.seen.isOn = false) }))
      console.log(
        `window, ${inView} items as ${zoom}: ${((after - before) / frames).toFixed(1)} ms of the main thread a frame while dragging, ${frames} frames, longest task ${long.toFixed(0)} ms; ${renderer}`
      )
    }
  } finally {
    await browser.close()
  }
}

function median(times) {
  return [...times].sort((a, b) => a - b)[times.length >> 1]
}
