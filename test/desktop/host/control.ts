/**
 * How a test plays person and system towards the host: over Node's channel between parent and child. Started by hand
 * there is no channel; then dialogs answer themselves with what closing them means.
 */
import type { Params, Reply } from './chromium.js'

export interface WindowFacts {
  readonly isVisible: boolean
  readonly isMinimized: boolean
  readonly isMaximized: boolean
  readonly isFocused: boolean
  readonly bounds: Electron.Rectangle
  readonly options: Electron.BrowserWindowConstructorOptions
}

export interface MenuFacts {
  readonly label?: string
  readonly role?: string
  readonly enabled: boolean
  readonly items: readonly MenuFacts[]
}

/** What a test can ask the host to do, and what it gets. */
export interface Actions {
  /** A command of the DevTools protocol for the window's page. */
  cdp: { argument: { readonly method: string; readonly params: Params }; answer: Reply }
  /** As a person does with the window's frame. */
  closeWindow: { argument: null; answer: void }
  moveWindow: { argument: Electron.Rectangle; answer: void }
  maximizeWindow: { argument: null; answer: void }
  window: { argument: null; answer: WindowFacts | null }
  tray: { argument: null; answer: { readonly tip: string; readonly menu: readonly MenuFacts[] } | null }
  clickTray: { argument: string; answer: void }
  menu: { argument: null; answer: readonly MenuFacts[] }
  power: { argument: 'resume' | 'unlock-screen' | 'shutdown'; answer: void }
  openFile: { argument: string; answer: void }
  quit: { argument: null; answer: void }
  /** What the system was told: theme, model id, about panel. */
  told: { argument: null; answer: Readonly<Record<string, unknown>> }
}
export type ActionName = keyof Actions
export type Handlers = {
  readonly [Name in ActionName]: (
    argument: Actions[Name]['argument']
  ) => Actions[Name]['answer'] | Promise<Actions[Name]['answer']>
}

export interface DialogShown {
  readonly kind: 'message' | 'save' | 'open' | 'error'
  readonly title: string
  readonly message: string
  readonly detail: string
  readonly buttons: readonly string[]
  readonly defaultPath?: string
}

export type FromTest =
  | { readonly type: 'do'; readonly id: number; readonly name: ActionName; readonly argument: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }

export type FromHost =
  | { readonly type: 'done'; readonly id: number; readonly answer?: unknown; readonly error?: string }
  | { readonly type: 'dialog'; readonly id: number; readonly shown: DialogShown }
  | { readonly type: 'dialog-gone'; readonly id: number }
  | { readonly type: 'window'; readonly what: 'shown' | 'hidden' | 'minimised' | 'gone' }

const waiting = new Map<number, (answer: unknown) => void>()
let nextId = 1

export const hasTest = process.send !== undefined

export function tell(message: FromHost): void {
  process.send?.(message)
}

/** @param alone what is answered when nobody is there to ask, or the question is withdrawn. */
export function ask<Answer>(shown: DialogShown, alone: Answer, signal?: AbortSignal): Promise<Answer> {
  if (!hasTest) {
    console.log(`[${shown.kind}] ${shown.message}\n${shown.detail}`)
    return Promise.resolve(alone)
  }
  const id = nextId++
  tell({ type: 'dialog', id, shown })
  return new Promise((done) => {
    waiting.set(id, (answer) => done(answer as Answer))
    signal?.addEventListener('abort', () => {
      if (waiting.delete(id)) tell({ type: 'dialog-gone', id })
      done(alone)
    })
  })
}

/** Serves the test, if there is one; `onGone` when it ends first. */
export function serveTest(handlers: Handlers, onGone: () => void): void {
  process.on('message', (message: FromTest) => {
    if (message.type === 'answer') {
      waiting.get(message.id)?.(message.answer)
      waiting.delete(message.id)
      return
    }
    const { id, name, argument } = message
    const handler = handlers[name] as (argument: unknown) => unknown
    Promise.resolve()
      .then(() => handler(argument))
      .then((answer) => tell({ type: 'done', id, answer }))
      .catch((error: unknown) => tell({ type: 'done', id, error: String(error) }))
  })
  process.on('disconnect', onGone)
}
