/**
 * What runs in the page's process: the two ends of `contextBridge`, one in the page's world and one in the isolated world
 * of the preload, and Electron's renderer modules for the preload. The functions are sent as text, so each stands alone.
 */

export interface Endpoint {
  /** Plain data, functions and promises as something that crosses between worlds. */
  encode(value: unknown): unknown
  decode(wire: unknown): unknown
  send(message: object): void
  onExpose(listener: (name: string, api: unknown) => void): void
}

/**
 * One end of the bridge. Worlds share the document but no objects: an event's `detail` is cloned from one to the other by
 * Chromium, which is what makes them two worlds. Dispatching is synchronous, so a call can return a value at once.
 */
export function createEndpoint(outgoing: string, incoming: string): Endpoint {
  type Tagged =
    | { readonly is: 'value'; readonly value: unknown }
    | { readonly is: 'list'; readonly items: readonly Tagged[] }
    | { readonly is: 'object'; readonly entries: readonly (readonly [string, Tagged])[] }
    | { readonly is: 'function' | 'promise'; readonly id: number }
    | { readonly is: 'error'; readonly message: string }
  // Kept now: the page could replace them later.
  const { CustomEvent, Promise, Error, TypeError, Map, Object, Array, document } = globalThis
  const dispatch = document.dispatchEvent.bind(document)
  const functions = new Map<number, (...args: unknown[]) => unknown>()
  const promises = new Map<number, { done(value: unknown): void; failed(error: unknown): void }>()
  const replies = new Map<number, Tagged>()
  let onExpose: (name: string, api: unknown) => void = () => undefined
  let nextId = 1

  function send(message: object): void {
    dispatch(new CustomEvent(outgoing, { detail: message }))
  }
  function encode(value: unknown): Tagged {
    if (typeof value === 'function') {
      const id = nextId++
      functions.set(id, value as (...args: unknown[]) => unknown)
      return { is: 'function', id }
    }
    if (typeof value === 'symbol') throw new TypeError('An object could not be cloned.')
    if (typeof value !== 'object' || value === null) return { is: 'value', value }
    if (value instanceof Error) return { is: 'error', message: value.message }
    if (value instanceof Promise) {
      const id = nextId++
      value.then(
        (settled: unknown) => send({ settle: id, value: encode(settled) }),
        (error: unknown) => send({ settle: id, error: encode(error) })
      )
      return { is: 'promise', id }
    }
    if (Array.isArray(value)) return { is: 'list', items: value.map(encode) }
    const kind: unknown = Object.getPrototypeOf(value)
    if (kind !== Object.prototype && kind !== null) throw new TypeError('An object could not be cloned.')
    return { is: 'object', entries: Object.entries(value).map(([key, item]) => [key, encode(item)] as const) }
  }
  function decode(wire: unknown): unknown {
    const tagged = wire as Tagged
    switch (tagged.is) {
      case 'value':
        return tagged.value
      case 'list':
        return tagged.items.map(decode)
      case 'object':
        return Object.fromEntries(tagged.entries.map(([key, item]) => [key, decode(item)]))
      case 'error':
        return new Error(tagged.message)
      case 'promise':
        return new Promise((done, failed) => promises.set(tagged.id, { done, failed }))
      case 'function':
        return (...args: unknown[]) => {
          const call = nextId++
          send({ call, id: tagged.id, args: encode(args) })
          const reply = replies.get(call)
          replies.delete(call)
          if (reply === undefined) throw new Error('the other world did not answer')
          if (reply.is === 'error') throw decode(reply)
          return decode(reply)
        }
    }
  }
  document.addEventListener(incoming, (event) => {
    const { detail } = event as CustomEvent<{
      readonly expose?: string
      readonly api?: unknown
      readonly call?: number
      readonly id?: number
      readonly args?: unknown
      readonly reply?: number
      readonly value?: unknown
      readonly settle?: number
      readonly error?: unknown
    }>
    if (detail.expose !== undefined) onExpose(detail.expose, decode(detail.api))
    else if (detail.call !== undefined) {
      let value: Tagged
      try {
        value = encode(functions.get(detail.id ?? 0)?.(...(decode(detail.args) as unknown[])))
      } catch (error) {
        value = { is: 'error', message: error instanceof Error ? error.message : 'failed' }
      }
      send({ reply: detail.call, value })
    } else if (detail.reply !== undefined) replies.set(detail.reply, detail.value as Tagged)
    else if (detail.settle !== undefined) {
      const waiting = promises.get(detail.settle)
      promises.delete(detail.settle)
      if (detail.error === undefined) waiting?.done(decode(detail.value))
      else waiting?.failed(decode(detail.error))
    }
  })
  return { encode, decode, send, onExpose: (listener) => (onExpose = listener) }
}

/** The page's end: puts what is exposed on `window`, frozen and for good, as Electron does. */
export function exposeInPage(endpoint: Endpoint): void {
  const { Object } = globalThis
  const freeze = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const item of Object.values(value)) freeze(item)
    Object.freeze(value)
  }
  endpoint.onExpose((name, api) => {
    freeze(api)
    Object.defineProperty(globalThis, name, { value: api, enumerable: true, writable: false, configurable: false })
  })
}

/** The isolated world: `require('electron')` of a sandboxed preload, and the input that a script cannot make. */
export function runPreload(endpoint: Endpoint, preload: (require: unknown, module: unknown) => void): void {
  const post = (message: object) =>
    (globalThis as unknown as { hostPost(text: string): void }).hostPost(JSON.stringify(message))
  const answers = new Map<number, { done(value: unknown): void; failed(error: Error): void }>()
  const listeners = new Map<string, Set<(...args: unknown[]) => void>>()
  let nextId = 1

  /** Structured clone, and then only what JSON carries: more is not needed here, and must not be lost in silence. */
  function plain(args: readonly unknown[]): readonly unknown[] {
    const cloned = structuredClone(args)
    const check = (value: unknown): void => {
      if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value)))
        throw new Error('the Chromium host carries JSON only')
      if (typeof value !== 'object' || value === null) return
      const kind: unknown = Object.getPrototypeOf(value)
      if (kind !== Object.prototype && kind !== Array.prototype && kind !== null)
        throw new Error('the Chromium host carries JSON only')
      Object.values(value).forEach(check)
    }
    check(cloned)
    return cloned
  }
  Object.defineProperty(globalThis, 'hostDeliver', {
    value(message: { answer?: number; value?: unknown; error?: string; channel?: string; args?: unknown[] }) {
      if (message.answer !== undefined) {
        const waiting = answers.get(message.answer)
        answers.delete(message.answer)
        if (message.error === undefined) waiting?.done(message.value)
        else waiting?.failed(new Error(message.error))
      }
      for (const listener of listeners.get(message.channel ?? '') ?? []) listener({}, ...(message.args ?? []))
    }
  })
  const electron = {
    ipcRenderer: {
      invoke(channel: string, ...args: unknown[]) {
        const id = nextId++
        const message = { invoke: id, channel, args: plain(args) }
        return new Promise((done, failed) => {
          answers.set(id, { done, failed })
          post(message)
        })
      },
      send: (channel: string, ...args: unknown[]) => post({ channel, args: plain(args) }),
      on(channel: string, listener: (...args: unknown[]) => void) {
        listeners.set(channel, (listeners.get(channel) ?? new Set()).add(listener))
      },
      off: (channel: string, listener: (...args: unknown[]) => void) => listeners.get(channel)?.delete(listener)
    },
    // A file that a script made has no place, and this host has no others.
    webUtils: { getPathForFile: () => '' },
    contextBridge: {
      exposeInMainWorld: (name: string, api: unknown) => endpoint.send({ expose: name, api: endpoint.encode(api) })
    }
  }
  const inputs = {
    mousemove: 'mouseMove',
    // The page may keep the mouse events from coming, by preventing this one's default.
    pointerdown: 'pointerDown',
    mousedown: 'mouseDown',
    mouseup: 'mouseUp',
    keydown: 'rawKeyDown',
    keyup: 'keyUp',
    touchstart: 'touchStart',
    touchend: 'touchEnd'
  }
  for (const [name, input] of Object.entries(inputs))
    addEventListener(name, (event) => event.isTrusted && post({ input }), true)
  const module = { exports: {} }
  preload((name: string) => {
    if (name === 'electron') return electron
    throw new Error(`a sandboxed preload cannot require ${name}`)
  }, module)
}
