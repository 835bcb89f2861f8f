/**
 * A thousand strangers who all ask for trust, each with keys and an address of its own, while a person looks at the list:
 * what the node keeps of them, and whether the window stays usable. A minute: with MUSTER_LONG=1 only.
 */
import { once } from 'node:events'
import { afterAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { chromiumPath, openBrowser } from '../window/browser.js'
import { openWindow } from '../window/real-window.js'
import { HostileLink, makeIdentity } from './hostile-peer.js'

const strangers = 1_000
/** The node takes 20 connections a second of all addresses together. */
const perSecond = 18
/** And 12 of strangers at once. */
const lanes = 4
const undos: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const undo of undos.reverse()) await undo()
})

/**
 * What the process holds when all garbage is gone, in MB: its memory without the room that V8 keeps for objects to come.
 * Asked over the inspector that it was started with.
 */
async function heldMb(node: HeadlessNode): Promise<number> {
  const url = node.logLines.map((line) => /ws:\/\/\S+/.exec(line)?.[0]).find((found) => found !== undefined)
  if (url === undefined) throw new Error('no inspector')
  const socket = new WebSocket(url)
  await once(socket, 'open')
  let count = 0
  const ask = async (method: string, params: object = {}): Promise<{ result: { result: { value: string } } }> => {
    socket.send(JSON.stringify({ id: ++count, method, params }))
    const [data] = (await once(socket, 'message')) as [Buffer]
    return JSON.parse(data.toString())
  }
  for (let round = 0; round < 3; round++) await ask('HeapProfiler.collectGarbage')
  const { result } = await ask('Runtime.evaluate', { expression: 'JSON.stringify(process.memoryUsage())' })
  socket.close()
  const { rss, heapTotal, heapUsed } = JSON.parse(result.result.value) as NodeJS.MemoryUsage
  return (rss - (heapTotal - heapUsed)) / 1e6
}

it.runIf(process.env['MUSTER_LONG'] === '1' && chromiumPath !== undefined)(
  'keep little memory, and leave the window usable',
  async () => {
    const folder = await temporaryFolder((undo) => undos.push(undo))
    process.env['NODE_OPTIONS'] = '--inspect=127.0.0.1:0'
    const node = await HeadlessNode.start({ name: 'alpha', folder })
    delete process.env['NODE_OPTIONS']
    undos.push(async () => void (await node.stop()))
    const browser = await openBrowser()
    undos.push(() => browser.close())
    const complaints: string[] = []
    const page = await openWindow(browser, node, complaints, { colorScheme: 'light' })
    await page.evaluate(() => {
      const tasks: number[] = []
      Object.assign(globalThis, { tasks })
      new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
        type: 'longtask'
      })
    })
    const longest = () =>
      page.evaluate(() => Math.max(0, ...(globalThis as unknown as { tasks: number[] }).tasks.splice(0)))

    const meet = async (count: number) => {
      let met = 0
      const lane = async () => {
        while (met++ < count) {
          const until = performance.now() + (lanes / perSecond) * 1_000
          const link = await HostileLink.connect({ port: node.linkPort, identity: await makeIdentity() })
          await link.hello({ callsign: `Engine ${String(met)}` })
          await link.until('their answer', (message) => message.t === 'answer')
          link.end()
          await new Promise((next) => setTimeout(next, Math.max(0, until - performance.now())))
        }
      }
      await Promise.all(Array.from({ length: lanes }, lane))
    }
    await meet(20)
    const before = await heldMb(node)
    await longest()
    await meet(strangers)
    const whileTheyCame = await longest()
    const more = (await heldMb(node)) - before
    const kept = node.overview.peers.length
    // 200 of those who are gone, and who is still there.
    expect(kept).toBeLessThanOrEqual(200 + lanes)
    expect(node.overview.peers.filter(({ level }) => level === 'pending').length).toBeLessThanOrEqual(20)

    // By its first letters, as somebody looks for a name, and over the whole list.
    await page.locator('[data-row]').first().focus()
    for (const key of ['End', 'Home', ...'engine 99']) await page.keyboard.press(key)
    await page.mouse.move(500, 400)
    for (let turn = 0; turn < 20; turn++) await page.mouse.wheel(0, turn % 2 === 0 ? 4_000 : -4_000)
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100))))
    const whileUsed = await longest()
    process.stdout.write(
      `${String(strangers)} strangers: ${String(kept)} kept, ${more.toFixed(1)} MB more; longest task of the window ` +
        `${whileTheyCame.toFixed(0)} ms while they came, ${whileUsed.toFixed(0)} ms while it was used\n`
    )
    expect(more).toBeLessThan(20)
    expect(complaints).toEqual([])
  },
  300_000
)
