/**
 * The built desktop app on the Chromium host, in a process of its own: the test is the person at the mouse, the keyboard
 * and the system's dialogs. Results from here are the Chromium host's, not Electron's.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { build } from 'vite'
import type { CommandName, ArgumentOf, AnswerOf } from '@shared/contract.js'
import type { Overview } from '@shared/model.js'
import type { Result } from '@shared/result.js'
import type { Settings } from '@shared/settings.js'
import type * as EngineFace from '../../src/main/engine/index.js'
import type { ActionName, Actions, DialogShown, FromHost, FromTest } from './host/control.js'
import type { Reply } from './host/chromium.js'

/** Where the build is; another one than the usual can be tested. */
export const outFolder = resolve(process.env['MUSTER_OUT'] ?? 'out')
const patienceMs = 20_000

export async function bundleHost(folder: string): Promise<string> {
  await build({
    configFile: false,
    logLevel: 'error',
    build: { ssr: resolve('test/desktop/host/electron.ts'), outDir: folder, minify: false, target: 'node20' }
  })
  return join(folder, 'electron.js')
}

/**
 * A data folder of a node that was here before, as this engine writes it: no multicast, and any free port, so that tests
 * stay on this machine and beside each other.
 */
export async function prepareFolder(dataFolder: string, settings: Partial<Settings> = {}): Promise<void> {
  const { createEngine } = (await import(pathToFileURL(join(outFolder, 'main/engine.js')).href)) as typeof EngineFace
  const created = await createEngine({
    dataFolder,
    callsign: 'OSC Sežana',
    linkHost: '127.0.0.1',
    linkPort: 0,
    wantsFirstRun: true
  })
  if (!created.ok) throw new Error(created.problem.message)
  const changed = await created.value.commands.changeSettings({
    callsign: 'OSC Sežana',
    isDiscoverable: false,
    linkPort: 0,
    isSetUp: true,
    ...settings
  })
  if (!changed.ok) throw new Error(changed.problem.message)
  await created.value.stop()
}

export interface StartOptions {
  readonly host: string
  readonly dataFolder: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

interface Dialog {
  readonly id: number
  readonly shown: DialogShown
}

export class DesktopApp {
  readonly process: ChildProcess
  readonly logLines: string[] = []
  readonly startedAt = Date.now()
  readonly ended: Promise<number | null>
  readonly #pending = new Map<number, { done(answer: unknown): void; failed(error: Error): void }>()
  readonly #dialogs: Dialog[] = []
  readonly #withdrawn = new Set<number>()
  readonly #watchers = new Set<() => void>()
  #nextId = 1
  #pictures = 0

  private constructor({ host, dataFolder, args = [], env = {} }: StartOptions) {
    const start = resolve('test/desktop/host/start.mjs')
    const command = [start, host, join(outFolder, 'main/index.js'), '--data', dataFolder, ...args]
    this.process = spawn(process.execPath, command, {
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
      env: { ...process.env, MUSTER_HOST_HOME: dataFolder, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent', ...env }
    })
    if (this.process.stderr !== null)
      createInterface({ input: this.process.stderr }).on('line', (line) => {
        this.logLines.push(line)
        this.#news()
      })
    this.ended = once(this.process, 'exit').then(([code]) => {
      for (const { failed } of this.#pending.values()) failed(new Error('the app ended'))
      this.#news()
      return code as number | null
    })
    this.process.on('message', (message: FromHost) => this.#receive(message))
  }

  /** Starts and returns at once; `untilShown` waits for the first screen. */
  static launch(options: StartOptions): DesktopApp {
    return new DesktopApp(options)
  }

  static async start(options: StartOptions): Promise<DesktopApp> {
    const app = DesktopApp.launch(options)
    try {
      await app.untilShown()
    } catch (error) {
      app.kill()
      throw error
    }
    return app
  }

  /** The window is on the screen, with a heading in it. */
  async untilShown(): Promise<void> {
    await this.until('the window', async () => (await this.do('window', null))?.isVisible)
    await this.untilPage('document.querySelector("h1") !== null')
  }

  do<Name extends ActionName>(name: Name, argument: Actions[Name]['argument']): Promise<Actions[Name]['answer']> {
    const id = this.#nextId++
    return new Promise((done, failed) => {
      this.#pending.set(id, { done: done as (answer: unknown) => void, failed })
      this.#send({ type: 'do', id, name, argument })
    })
  }

  cdp(method: string, params: Readonly<Record<string, unknown>> = {}): Promise<Reply> {
    return this.do('cdp', { method, params })
  }

  /** Runs in the page's own world, as a script of the page; with what Chromium takes for a gesture, so that it may try. */
  async evaluate<T>(expression: string, contextId?: number): Promise<T> {
    const { result, exceptionDetails } = await this.cdp('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
      ...(contextId === undefined ? {} : { contextId })
    })
    if (exceptionDetails !== undefined)
      throw new Error(String(exceptionDetails.exception?.description ?? exceptionDetails.text))
    return result.value as T
  }

  /** Waits in the page until a condition holds; the page says when, nothing is polled from here. */
  untilPage(condition: string): Promise<number> {
    return this.evaluate<number>(
      `new Promise((done, failed) => {
        const check = () => { if (${condition}) { watcher.disconnect(); done(Date.now()) } }
        const watcher = new MutationObserver(check)
        watcher.observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
        setTimeout(() => failed(new Error(${JSON.stringify(condition)} + ' never held:\\n' + document.body.innerText)), ${patienceMs})
        check()
      })`
    )
  }

  call<Name extends CommandName>(name: Name, argument: ArgumentOf<Name>): Promise<Result<AnswerOf<Name>>> {
    return this.evaluate(`window.muster.call(${JSON.stringify(name)}, ${JSON.stringify(argument)})`)
  }

  /** The overview as a page gets it: from the feed's snapshot. */
  overview(): Promise<Overview> {
    return this.evaluate(
      `new Promise((done) => { const undo = window.muster.subscribe((message) => {
        if (message.type === 'snapshot') { done(message.overview); queueMicrotask(() => undo()) } }) })`
    )
  }

  /** A real press of a mouse button, in the middle of what a selector finds. */
  async click(selector: string): Promise<void> {
    const { x, y } = await this.evaluate<{ x: number; y: number }>(
      `(() => { const found = document.querySelector(${JSON.stringify(selector)})
        if (found === null) throw new Error('nothing to click: ' + ${JSON.stringify(selector)})
        found.scrollIntoView({ block: 'center' })
        const box = found.getBoundingClientRect()
        return { x: box.x + box.width / 2, y: box.y + box.height / 2 } })()`
    )
    for (const type of ['mouseMoved', 'mousePressed', 'mouseReleased'])
      await this.cdp('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 })
  }

  /** A press somewhere that does nothing: a person is there. */
  async touch(): Promise<void> {
    for (const type of ['mousePressed', 'mouseReleased'])
      await this.cdp('Input.dispatchMouseEvent', { type, x: 2, y: 2, button: 'left', clickCount: 1 })
  }

  /** Waits for a dialog of the system, and answers it. */
  async answerDialog(choose: (shown: DialogShown) => unknown): Promise<DialogShown> {
    const dialog = await this.until('a dialog', () => this.#dialogs.shift())
    this.#send({ type: 'answer', id: dialog.id, answer: choose(dialog.shown) })
    return dialog.shown
  }

  get dialogsOpen(): number {
    return this.#dialogs.filter(({ id }) => !this.#withdrawn.has(id)).length
  }

  /** Checks now and after everything that the app says. */
  async until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
    const deadline = performance.now() + patienceMs
    for (;;) {
      const found = await look()
      if (found !== undefined && found !== null && found !== false) return found
      if (this.process.exitCode !== null) throw new Error(`${what}: the app ended\n${this.logLines.join('\n')}`)
      if (performance.now() > deadline) throw new Error(`${what} did not happen\n${this.logLines.join('\n')}`)
      await new Promise<void>((done) => {
        const end = () => {
          clearTimeout(timer)
          this.#watchers.delete(end)
          done()
        }
        // At the latest, so that the deadline is judged.
        const timer = setTimeout(end, 1_000)
        this.#watchers.add(end)
      })
    }
  }

  untilLogged(event: string): Promise<string> {
    return this.until(`a log line ${event}`, () => this.logLines.find((line) => line.includes(`"event":"${event}"`)))
  }

  /** For people to look at; returns the path. */
  async picture(name: string): Promise<string> {
    const { data } = await this.cdp('Page.captureScreenshot', { format: 'png' })
    await mkdir('artifacts', { recursive: true })
    const path = `artifacts/desktop-${String(++this.#pictures)}-${name}.png`
    writeFileSync(path, Buffer.from(String(data), 'base64'))
    return path
  }

  async quit(): Promise<number | null> {
    this.do('quit', null).catch(() => undefined) // It ends before it can answer.
    return this.ended
  }

  /** Ends it at once, Chromium with it. What was saved must be there afterwards, as after a crash. */
  kill(): void {
    if (this.process.connected) this.process.disconnect()
  }

  #send(message: FromTest): void {
    this.process.send(message)
  }

  #news(): void {
    for (const watcher of [...this.#watchers]) watcher()
  }

  #receive(message: FromHost): void {
    if (message.type === 'done') {
      const waiting = this.#pending.get(message.id)
      this.#pending.delete(message.id)
      if (message.error === undefined) waiting?.done(message.answer)
      else waiting?.failed(new Error(message.error))
    } else if (message.type === 'dialog') this.#dialogs.push(message)
    else if (message.type === 'dialog-gone') this.#withdrawn.add(message.id)
    this.#news()
  }
}
