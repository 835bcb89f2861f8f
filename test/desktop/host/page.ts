/** One page of Chromium with the preload in an isolated world, and what Electron's `webContents` says and asks about it. */
import { readFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import type { Params, Reply } from './chromium.js'
import { allow } from './network.js'
import { chromium, guards, schemes, toChromium, toElectron } from './state.js'
import { events, onOf, partial, preventable, type Events } from './strict.js'
import { createEndpoint, exposeInPage, runPreload } from './worlds.js'

const preloadWorld = 'preload'

interface Message {
  readonly invoke?: number
  readonly channel?: string
  readonly args?: readonly unknown[]
  readonly input?: Electron.InputEvent['type']
}

interface Context {
  readonly frameId: string
  readonly origin: string
}

interface Frame {
  readonly facts: { origin: string; url: string }
  readonly frame: Electron.WebFrameMain
}

let nextContentsId = 1

export class Page {
  readonly contents: Electron.WebContents
  readonly events: Events
  readonly #id = nextContentsId++
  readonly #preload: string
  readonly #background: string
  readonly #handlers = new Map<string, (event: Electron.IpcMainInvokeEvent, ...args: unknown[]) => unknown>()
  readonly #listeners = new Map<string, ((event: Electron.IpcMainEvent, ...args: unknown[]) => void)[]>()
  readonly #contexts = new Map<number, Context>()
  readonly #frames = new Map<string, Frame>()
  readonly #firstSight: () => void
  readonly #ready: Promise<void>
  #session = ''
  #target = ''
  #windowOpen: Parameters<Electron.WebContents['setWindowOpenHandler']>[0] | undefined
  #isDestroyed = false
  /** What the host itself is loading: not the page's doing, so nobody is asked. */
  #loading: { readonly url: string; done(): void; failed(error: Error): void } | undefined

  /** @param firstSight is called when the page has something to show. */
  constructor(preload: string, background: string, firstSight: () => void) {
    this.#preload = preload
    this.#background = background
    this.#firstSight = firstSight
    this.events = events(
      'webContents',
      ['input-event', 'will-navigate', 'will-frame-navigate', 'will-redirect', 'render-process-gone'],
      ['will-attach-webview']
    )
    this.contents = partial<Electron.WebContents>(
      {
        id: this.#id,
        ipc: partial<Electron.IpcMain>(
          {
            handle: (channel, listener) => {
              if (this.#handlers.has(channel)) throw new Error(`a second handler for ${channel}`)
              this.#handlers.set(channel, listener)
            },
            on: ((channel: string, listener: (event: Electron.IpcMainEvent, ...args: unknown[]) => void) => {
              this.#listeners.set(channel, [...(this.#listeners.get(channel) ?? []), listener])
            }) as Electron.IpcMain['on']
          },
          'ipc'
        ),
        on: onOf<Electron.WebContents['on']>(this.events),
        isDestroyed: () => this.#isDestroyed,
        setWindowOpenHandler: (handler) => (this.#windowOpen = handler),
        send: (channel, ...args: unknown[]) => this.#deliver(this.#mainContext(), { channel, args })
      },
      'webContents'
    )
    Object.defineProperty(this.contents, 'mainFrame', { get: () => this.#frameOf(this.#target) })
    this.#ready = this.#open()
  }

  get target(): string {
    return this.#target
  }

  async send(method: string, params: Params = {}): Promise<Reply> {
    await this.#ready
    return chromium().send(method, params, this.#session)
  }

  async load(url: string): Promise<void> {
    await this.#ready
    const loaded = new Promise<void>((done, failed) => {
      this.#loading = { url: toChromium(url), done, failed }
    })
    const { errorText } = await this.send('Page.navigate', { url: toChromium(url) })
    if (errorText !== undefined) this.#loading?.failed(new Error(`${String(errorText)} loading '${url}'`))
    await loaded
  }

  async close(): Promise<void> {
    this.#isDestroyed = true
    await this.#ready
    await chromium().send('Target.closeTarget', { targetId: this.#target })
  }

  /** A page that this one opened. @returns whether it may stay. */
  mayOpen(url: string): boolean {
    if (this.#windowOpen === undefined) return true
    const details = partial<Electron.HandlerDetails>({ url: toElectron(url) }, 'HandlerDetails')
    return this.#windowOpen(details).action === 'allow'
  }

  async #open(): Promise<void> {
    const { targetId } = await chromium().send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await chromium().send('Target.attachToTarget', { targetId, flatten: true })
    this.#target = String(targetId)
    this.#session = String(sessionId)
    chromium().onEvent((method, params, session) => {
      if (session === this.#session) this.#event(method, params)
    })
    const ask = (method: string, params: Params = {}) => chromium().send(method, params, this.#session)
    const [toPage, toPreload] = [randomUUID(), randomUUID()]
    const endpoint = (outgoing: string, incoming: string) =>
      `(${createEndpoint.toString()})(${JSON.stringify(outgoing)}, ${JSON.stringify(incoming)})`
    const source = readFileSync(this.#preload, 'utf8')
    await Promise.all([
      ask('Page.enable'),
      ask('Runtime.enable'),
      ask('Inspector.enable'),
      ask('Page.setLifecycleEventsEnabled', { enabled: true }),
      ask('Runtime.addBinding', { name: 'hostPost', executionContextName: preloadWorld }),
      ask('Page.addScriptToEvaluateOnNewDocument', {
        source: `if (window === top) (${exposeInPage.toString()})(${endpoint(toPreload, toPage)})`
      }),
      ask('Page.addScriptToEvaluateOnNewDocument', {
        worldName: preloadWorld,
        source: `if (window === top) (${runPreload.toString()})(${endpoint(toPage, toPreload)}, (require, module) => { const { exports } = module\n${source}\n})`
      }),
      ask('Emulation.setDefaultBackgroundColorOverride', { color: rgb(this.#background) }),
      ask('Fetch.enable', { patterns: [{ urlPattern: '*' }] }),
      ask('Runtime.runIfWaitingForDebugger')
    ])
  }

  #frameOf(frameId: string): Electron.WebFrameMain {
    const known = this.#frames.get(frameId)
    if (known !== undefined) return known.frame
    const facts = { origin: '', url: '' }
    const frame = partial<Electron.WebFrameMain>({}, 'WebFrameMain')
    for (const key of ['origin', 'url'] as const)
      Object.defineProperty(frame, key, { get: () => facts[key], configurable: true })
    this.#frames.set(frameId, { facts, frame })
    return frame
  }

  #mainContext(): number | undefined {
    return [...this.#contexts].findLast(([, { frameId }]) => frameId === this.#target)?.[0]
  }

  #deliver(contextId: number | undefined, message: object): void {
    if (contextId === undefined || this.#isDestroyed) return
    chromium()
      .send('Runtime.evaluate', { expression: `hostDeliver(${JSON.stringify(message)})`, contextId }, this.#session)
      .catch(() => undefined) // The page is gone, and with it who asked.
  }

  #event(method: string, params: Reply): void {
    switch (method) {
      case 'Runtime.executionContextCreated': {
        const { id, name, origin, auxData } = params.context
        if (name === preloadWorld)
          this.#contexts.set(Number(id), { frameId: String(auxData.frameId), origin: toElectron(String(origin)) })
        return
      }
      case 'Runtime.executionContextDestroyed':
        this.#contexts.delete(Number(params.executionContextId))
        return
      case 'Runtime.executionContextsCleared':
        this.#contexts.clear()
        return
      case 'Runtime.bindingCalled':
        return this.#called(Number(params.executionContextId), JSON.parse(String(params.payload)) as Message)
      case 'Fetch.requestPaused':
        void this.#paused(params)
        return
      case 'Page.lifecycleEvent':
        if (params.frameId === this.#target && params.name === 'firstContentfulPaint') this.#firstSight()
        return
      case 'Page.loadEventFired':
        this.#loading?.done()
        this.#loading = undefined
        return
      case 'Inspector.targetCrashed':
        this.#contexts.clear()
        this.events.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 133 })
    }
  }

  /** Who calls is what Chromium says about the context, whatever the message claims. */
  #called(contextId: number, { invoke, channel = '', args = [], input }: Message): void {
    const context = this.#contexts.get(contextId)
    if (context === undefined) return
    const frame = this.#frameOf(context.frameId)
    const facts = this.#frames.get(context.frameId)?.facts
    if (facts !== undefined) facts.origin = context.origin
    if (input !== undefined) {
      this.events.emit('input-event', {}, { type: input })
      return
    }
    if (invoke === undefined) {
      const event = partial<Electron.IpcMainEvent>({ senderFrame: frame, sender: this.contents }, 'IpcMainEvent')
      for (const listener of this.#listeners.get(channel) ?? []) listener(event, ...args)
      return
    }
    const event = partial<Electron.IpcMainInvokeEvent>(
      { senderFrame: frame, sender: this.contents },
      'IpcMainInvokeEvent'
    )
    const handler = this.#handlers.get(channel)
    Promise.resolve()
      .then(() => {
        if (handler === undefined) throw new Error(`No handler registered for '${channel}'`)
        return handler(event, ...args)
      })
      .then((value) => this.#deliver(contextId, { answer: invoke, value: structuredClone(value) }))
      .catch((error: unknown) => this.#deliver(contextId, { answer: invoke, error: String(error) }))
  }

  async #paused(params: Reply): Promise<void> {
    const { requestId } = params
    const url = String(params.request.url)
    const answer = (method: string, rest: Params = {}) =>
      chromium()
        .send(`Fetch.${method}`, { requestId, ...rest }, this.#session)
        .catch(() => undefined) // The page went on without it.
    if (params.resourceType === 'Document' && this.#isPrevented(params, url))
      return answer('failRequest', { errorReason: 'Aborted' })
    const details = partial<Electron.OnBeforeRequestListenerDetails>(
      { url: toElectron(url), method: String(params.request.method), webContentsId: this.#id },
      'OnBeforeRequestListenerDetails'
    )
    if (await guards.onBeforeRequest?.(details)) return answer('failRequest', { errorReason: 'BlockedByClient' })
    const request = new Request(toElectron(url), { method: String(params.request.method) })
    const handler = schemes.get(new URL(request.url).protocol.slice(0, -1))
    if (handler === undefined) {
      allow(url)
      return answer('continueRequest')
    }
    const response = await handler(request)
    return answer('fulfillRequest', {
      responseCode: response.status,
      responseHeaders: [...response.headers].map(([name, value]) => ({ name, value })),
      body: Buffer.from(await response.arrayBuffer()).toString('base64')
    })
  }

  /** Asks about a document that the page wants, in the order of Electron. */
  #isPrevented(params: Reply, url: string): boolean {
    const isMainFrame = params.frameId === this.#target
    if (isMainFrame && this.#loading?.url === url) return false
    const event = preventable({
      url: toElectron(url),
      isMainFrame,
      isSameDocument: false,
      frame: this.#frameOf(String(params.frameId)),
      initiator: null
    } satisfies Electron.WebContentsWillFrameNavigateEventParams)
    if (params.redirectedRequestId !== undefined) this.events.emit('will-redirect', event)
    else {
      this.events.emit('will-frame-navigate', event)
      if (isMainFrame) this.events.emit('will-navigate', event)
    }
    return event.defaultPrevented
  }
}

function rgb(color: string): { r: number; g: number; b: number; a: number } {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16))
  return { r, g, b, a: 1 }
}
