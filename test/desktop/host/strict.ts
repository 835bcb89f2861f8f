/** Objects of Electron of which only a part is here: what is given is checked against Electron's types, the rest throws. */

/** Asked by the language itself, by test tools and by promises; never part of Electron's API. */
const harmless: ReadonlySet<PropertyKey> = new Set(['then', 'toJSON', 'constructor', 'prototype', 'asymmetricMatch'])

export function partial<Whole extends object>(given: Partial<Whole>, name: string): Whole {
  return new Proxy(given as Whole, {
    get(target, key, receiver) {
      if (key in target || typeof key === 'symbol' || harmless.has(key)) return Reflect.get(target, key, receiver)
      throw new Error(`the Chromium host has no ${name}.${key}`)
    },
    set(target, key, value) {
      if (!(key in target)) throw new Error(`the Chromium host has no ${name}.${String(key)}`)
      return Reflect.set(target, key, value)
    }
  })
}

type Listener = (...args: never[]) => void

export interface Events {
  /** As Electron's `on`; a name that is never emitted here throws. */
  readonly on: (event: string, listener: Listener) => void
  readonly once: (event: string, listener: Listener) => void
  emit(event: string, ...args: readonly unknown[]): void
}

/** @param silent names that may be listened to but are never emitted, because Chromium alone has no such thing. */
export function events(name: string, emitted: readonly string[], silent: readonly string[] = []): Events {
  const listeners = new Map<string, { readonly call: Listener; readonly once: boolean }[]>()
  const add = (event: string, call: Listener, once: boolean): void => {
    if (!emitted.includes(event) && !silent.includes(event))
      throw new Error(`the Chromium host has no event ${event} of ${name}`)
    listeners.set(event, [...(listeners.get(event) ?? []), { call, once }])
  }
  return {
    on: (event, listener) => add(event, listener, false),
    once: (event, listener) => add(event, listener, true),
    emit(event, ...args) {
      if (!emitted.includes(event)) throw new Error(`${event} of ${name} is not declared`)
      const called = listeners.get(event) ?? []
      listeners.set(
        event,
        called.filter(({ once }) => !once)
      )
      for (const { call } of called) (call as (...args: readonly unknown[]) => void)(...args)
    }
  }
}

/** Electron's `on` has an overload per event: their listeners are checked where they are written, against Electron's type. */
export function onOf<On>({ on }: Events): On {
  return on as unknown as On
}

/** An event that can be prevented. */
export function preventable<Params extends object>(params: Params): Electron.Event<Params> & Params {
  const event = {
    ...params,
    defaultPrevented: false,
    preventDefault() {
      event.defaultPrevented = true
    }
  }
  return event
}
