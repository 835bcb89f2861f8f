/**
 * The contract over IPC. The window is not trusted: who asks, with what, how much and for how long is checked here, and
 * so is what goes back. Errors cross as codes, never as stacks.
 */
import { isAbsolute } from 'node:path'
import type { BrowserWindow, IpcMainEvent, IpcMainInvokeEvent } from 'electron'
import * as v from 'valibot'
import { isBundleName, isReceiptName } from '@shared/bundle-names.js'
import { ipcChannels, type CommandName, type OpenedFiles } from '@shared/contract.js'
import type { MapFileSummary, MissionId } from '@shared/model.js'
import { isProblemCode } from '@shared/problems.js'
import { fail, type Result } from '@shared/result.js'
import { callCommand, isCommandName, type Engine, type Log } from '../engine/index.js'
import type { BundleFiles } from './bundle-files.js'
import { isForHost, isHandEvent, isHandHere, needsPerson } from './confirm.js'
import { isOwnFrame } from './origin.js'
import { plainSize } from './plain-size.js'

/** As the local API takes in one request. */
const bytesMost = 8 * 1024 * 1024
const answerWithinMs = 60_000

export interface HostCalls {
  saveFile(fileName: string, data: string): Promise<Result<{ readonly path: string } | null>>
  openMap(): Promise<Result<MapFileSummary | null>>
  /** Main's own dialogs: a script cannot answer them. */
  pickFiles(missionId: MissionId): Promise<Result<{ readonly added: number } | null>>
  addFiles(missionId: MissionId, paths: readonly string[]): Promise<Result<{ readonly added: number } | null>>
  saveContent(missionId: MissionId, file: string): Promise<Result<{ readonly path: string } | null>>
  showDataFolder(): Promise<Result<null>>
  /** Main's own question, where a hand cannot be seen. */
  askPerson(name: CommandName): Promise<boolean>
  /** Who takes opened files from now on; `undefined`: nobody. */
  onWantFiles(give: ((opened: OpenedFiles) => void) | undefined): void
  readonly bundles: BundleFiles
  /** Who takes paths of opened bundles and receipts from now on; `undefined`: nobody. */
  onWantBundles(give: ((path: string) => void) | undefined): void
}

export interface Bridge {
  /** From now on every call is answered with `stopping`. */
  stop(): void
}

const ResultSchema = v.variant('ok', [
  v.strictObject({ ok: v.literal(true), value: v.unknown() }),
  v.strictObject({
    ok: v.literal(false),
    problem: v.strictObject({
      code: v.custom<string>(isProblemCode),
      ref: v.string(),
      message: v.string(),
      advice: v.string(),
      detail: v.optional(v.string())
    })
  })
])
const SaveSchema = v.strictTuple([
  v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
  v.pipe(v.string(), v.regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'base64'))
])
const Ids = v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(10_000))
/** Its shape only: what it means is the engine's to judge. */
const OrderSchema = v.strictTuple([
  v.strictObject({
    fileName: v.pipe(v.string(), v.minLength(1), v.maxLength(255)),
    missions: Ids,
    to: Ids,
    onlyLacking: v.optional(v.boolean()),
    inTheOpen: v.optional(v.boolean())
  })
])
const DroppedSchema = v.strictTuple([
  v.pipe(
    v.string(),
    v.maxLength(4096),
    v.check(
      (path) => isAbsolute(path) && !path.includes('\0') && (isBundleName(path) || isReceiptName(path)),
      'a bundle'
    )
  )
])
const IdSchema = v.strictTuple([v.pipe(v.string(), v.maxLength(64))])

const Hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits'))
const Id = v.custom<MissionId>((value) => v.is(Hash, value), 'a mission ID')
const AddSchema = v.strictTuple([
  Id,
  v.pipe(v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(4096))), v.minLength(1), v.maxLength(100))
])
const ContentSchema = v.strictTuple([Id, Hash])

export function connectWindow(window: BrowserWindow, engine: Engine, host: HostCalls, log: Log): Bridge {
  const contents = window.webContents
  let unsubscribe: (() => void) | undefined
  let lastHandAt: number | undefined
  let isAsking = false
  let isStopping = false

  // Seen by main itself, on its way to the window: a script cannot make these.
  contents.on('input-event', (_event, { type }) => {
    if (isHandEvent(type)) lastHandAt = performance.now()
  })

  /** Refuses before anything is looked at; what the handler answers or throws becomes a result. */
  function answer(
    channel: string,
    handler: (args: readonly unknown[]) => Promise<Result<unknown>>,
    withinMs: number | undefined
  ): void {
    contents.ipc.handle(channel, async (event, ...args: unknown[]): Promise<Result<unknown>> => {
      if (!isOwn(event)) return refuse('unauthorized', 'not the page of this window')
      if (isStopping) return fail('stopping')
      const size = plainSize(args, bytesMost)
      if (size === undefined) return refuse('bad-request', 'plain data only')
      if (size > bytesMost) return refuse('too-large', `a call is at most ${String(bytesMost)} bytes`)
      try {
        const handled = handler(args)
        const result = withinMs === undefined ? await handled : await within(withinMs, handled)
        if (v.is(ResultSchema, result)) return result
        log('error', 'not-a-result', { channel })
        return fail('internal', 'the answer is not as the contract wants it')
      } catch (error) {
        log('error', 'call-failed', { channel, error: String(error) })
        return fail('internal')
      }
    })
  }
  function isOwn(event: IpcMainEvent | IpcMainInvokeEvent): boolean {
    return isOwnFrame(event.senderFrame, contents.mainFrame)
  }
  function refuse(code: 'unauthorized' | 'no-hand' | 'bad-request' | 'too-large', detail: string): Result<never> {
    log('warn', 'call-refused', { code, detail })
    return fail(code, detail)
  }
  function noHand(name: CommandName): Result<never> {
    return refuse('no-hand', `${name} wants a person at the window`)
  }
  async function isPersonHere(name: CommandName): Promise<boolean> {
    return isHandHere(lastHandAt, performance.now()) || (await host.askPerson(name))
  }

  answer(
    ipcChannels.call,
    async ([name, argument, ...rest]) => {
      if (!isCommandName(name) || rest.length > 0) return refuse('bad-request', 'unknown command')
      if (isForHost(name)) return refuse('no-hand', `${name} names a file: a page cannot`)
      const isAllowed = !needsPerson(name, argument) || (await isPersonHere(name))
      if (!isAllowed) return noHand(name)
      return callCommand(engine.commands, name, argument)
    },
    answerWithinMs
  )
  /** No limit of time: a person looks for a place, and a drive is slow. */
  function answerParsed<Args extends unknown[]>(
    channel: string,
    schema: v.GenericSchema<unknown, Args>,
    handler: (...args: Args) => Promise<Result<unknown>>
  ): void {
    answer(
      channel,
      async (args) => {
        const parsed = v.safeParse(schema, args)
        if (!parsed.success) return refuse('bad-request', v.summarize(parsed.issues).slice(0, 200))
        return handler(...parsed.output)
      },
      undefined
    )
  }
  /** One dialog at a time. */
  function answerByDialog<Args extends unknown[]>(
    channel: string,
    schema: v.GenericSchema<unknown, Args>,
    ask: (...args: Args) => Promise<Result<unknown>>
  ): void {
    answerParsed(channel, schema, async (...args) => {
      if (isAsking) return refuse('bad-request', 'one file at a time')
      isAsking = true
      try {
        return await ask(...args)
      } finally {
        isAsking = false
      }
    })
  }
  answerByDialog(ipcChannels.saveFile, SaveSchema, (...args) => host.saveFile(...args))
  answerByDialog(ipcChannels.pickFiles, v.strictTuple([Id]), (...args) => host.pickFiles(...args))
  answerByDialog(ipcChannels.addFiles, AddSchema, (...args) => host.addFiles(...args))
  answerByDialog(ipcChannels.saveContent, ContentSchema, (...args) => host.saveContent(...args))
  answerByDialog(ipcChannels.openMap, v.strictTuple([]), () => host.openMap())
  answer(
    ipcChannels.showDataFolder,
    async (args) => (args.length === 0 ? host.showDataFolder() : refuse('bad-request', 'no argument')),
    undefined
  )
  answerByDialog(ipcChannels.writeBundle, OrderSchema, async (order) =>
    (await isPersonHere('writeBundle')) ? host.bundles.write(order) : noHand('writeBundle')
  )
  answerByDialog(ipcChannels.chooseBundle, v.strictTuple([]), () => host.bundles.choose())
  answerParsed(ipcChannels.dropBundle, DroppedSchema, (path) => host.bundles.look(path))
  answerParsed(ipcChannels.previewBundle, IdSchema, (id) => host.bundles.preview(id))
  answerParsed(ipcChannels.takeBundle, IdSchema, async (id) =>
    (await isPersonHere('takeBundle')) ? host.bundles.take(id) : noHand('takeBundle')
  )
  contents.ipc.on(ipcChannels.wantBundles, (event, wanted: unknown) => {
    if (!isOwn(event)) return
    host.onWantBundles(wanted === true ? (path) => void showBundle(path) : undefined)
  })
  async function showBundle(path: string): Promise<void> {
    const looked = await host.bundles.look(path)
    if (!looked.ok) return log('warn', 'bundle-not-opened', { code: looked.problem.code })
    if (!contents.isDestroyed()) contents.send(ipcChannels.openedBundle, looked.value)
  }
  contents.ipc.on(ipcChannels.subscribe, (event) => {
    if (!isOwn(event) || isStopping) return
    unsubscribe?.()
    unsubscribe = engine.subscribe((message) => {
      if (!contents.isDestroyed()) contents.send(ipcChannels.feed, message)
    })
  })
  contents.ipc.on(ipcChannels.wantFiles, (event, wanted: unknown) => {
    if (!isOwn(event)) return
    host.onWantFiles(wanted === true ? (opened) => contents.send(ipcChannels.openedFiles, opened) : undefined)
  })

  function disconnect(): void {
    unsubscribe?.()
    unsubscribe = undefined
    host.onWantFiles(undefined)
    host.onWantBundles(undefined)
  }
  // A page that is gone or loads anew asks again for what it wants.
  contents.on('render-process-gone', disconnect)
  window.on('closed', disconnect)
  return {
    stop() {
      isStopping = true
      disconnect()
    }
  }
}

/** What was begun goes on after the limit: the answer says so. */
async function within(limitMs: number, handled: Promise<Result<unknown>>): Promise<Result<unknown>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Result<unknown>>((done) => {
    timer = setTimeout(() => done(fail('internal', 'no answer in time; it may still be done')), limitMs)
  })
  try {
    return await Promise.race([handled, late])
  } finally {
    clearTimeout(timer)
  }
}
