/**
 * `bundle export | preview | import | receipt` on the command line: through the local API where a node runs on the folder,
 * else on the folder itself, without a network.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { ArgumentOf } from '@shared/contract.js'
import { isProblemCode } from '@shared/problems.js'
import { fail, ok, type Result } from '@shared/result.js'
import { callCommand, createEngine, publishedFacts, type Log } from './engine/index.js'

const actions = ['export', 'preview', 'import', 'receipt'] as const
type Action = (typeof actions)[number]

export interface BundleOptions {
  readonly action: Action
  readonly data: string
  /** From the root of the disk. */
  readonly file: string
  readonly missions: readonly string[]
  readonly to: readonly string[]
  readonly onlyLacking: boolean
  readonly inTheOpen: boolean
  readonly pieceBytes?: number
  /** Where `import` saves what the sender is told. */
  readonly receipt?: string
}

export const bundleUsage = `       node out/main/headless.js bundle export --data DIR --mission NAME|ID … (--to CALLSIGN|ID … [--lacking] | --in-the-open) [--piece-bytes N] FILE
       node out/main/headless.js bundle preview|import --data DIR [--receipt FILE] FILE
       node out/main/headless.js bundle receipt --data DIR FILE`

export function parseBundleOptions(args: readonly string[]): Result<BundleOptions> {
  let parsed
  try {
    parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        data: { type: 'string' },
        mission: { type: 'string', multiple: true, default: [] },
        to: { type: 'string', multiple: true, default: [] },
        lacking: { type: 'boolean', default: false },
        'in-the-open': { type: 'boolean', default: false },
        'piece-bytes': { type: 'string' },
        receipt: { type: 'string' }
      }
    })
  } catch (error) {
    return fail('bad-request', error instanceof Error ? error.message : String(error))
  }
  const { values, positionals } = parsed
  const [named, file, ...rest] = positionals
  const action = actions.find((one) => one === named)
  if (action === undefined) return fail('bad-request', `bundle ${actions.join(' | ')}`)
  if (values.data === undefined || values.data === '') return fail('bad-request', '--data is missing')
  if (file === undefined || rest.length > 0) return fail('bad-request', 'one file')
  const { 'piece-bytes': pieces } = values
  if (pieces !== undefined && !/^\d{1,15}$/.test(pieces)) return fail('bad-request', '--piece-bytes: a number')
  return ok({
    action,
    data: values.data,
    file: resolve(file),
    missions: values.mission,
    to: values.to,
    onlyLacking: values.lacking,
    inTheOpen: values['in-the-open'],
    ...(pieces === undefined ? {} : { pieceBytes: Number(pieces) }),
    ...(values.receipt === undefined ? {} : { receipt: resolve(values.receipt) })
  })
}

/** A node, wherever it runs. */
interface Node {
  missions(): Promise<Result<readonly Named[]>>
  peers(): Promise<Result<readonly Named[]>>
  call(action: Action, argument: unknown): Promise<Result<unknown>>
  stop(): Promise<void>
}

interface Named {
  readonly id: string
  readonly name: string
}

const commandOf = {
  export: 'writeBundle',
  preview: 'previewBundle',
  import: 'takeBundle',
  receipt: 'takeReceipt'
} as const

/** What is printed: the answer of the call. */
export async function runBundle(options: BundleOptions, log: Log): Promise<Result<unknown>> {
  const opened = await openNode(options.data, log)
  if (!opened.ok) return opened
  const node = opened.value
  try {
    const argument = await argumentOf(options, node)
    if (!argument.ok) return argument
    const answered = await node.call(options.action, argument.value)
    if (answered.ok && options.action === 'import' && options.receipt !== undefined)
      await saveReceipt(options.receipt, answered.value)
    return answered
  } catch (error) {
    // What the system says of a file that was named here.
    if (error instanceof Error && 'code' in error) return fail('not-found', error.message)
    throw error
  } finally {
    await node.stop()
  }
}

async function argumentOf(options: BundleOptions, node: Node): Promise<Result<unknown>> {
  const { action, file: path, onlyLacking, inTheOpen, pieceBytes } = options
  if (action === 'receipt') return ok({ data: (await readFile(path)).toString('base64') })
  if (action !== 'export') return ok({ path })
  const missions = named(options.missions, await node.missions())
  if (!missions.ok) return missions
  const to = named(options.to, await node.peers())
  if (!to.ok) return to
  return ok({
    path,
    missions: missions.value,
    to: to.value,
    onlyLacking,
    inTheOpen,
    ...(pieceBytes === undefined ? {} : { pieceBytes })
  })
}

/** IDs of what was named by ID or by name; a name that two have names none. */
function named(wanted: readonly string[], listed: Result<readonly Named[]>): Result<readonly string[]> {
  if (!listed.ok) return listed
  const found: string[] = []
  for (const text of wanted) {
    const fitting = listed.value.filter(({ id, name }) => id === text || name === text)
    const [only] = fitting
    if (only === undefined || fitting.length > 1)
      return fail('not-found', `${String(fitting.length)} are called ${text}`)
    found.push(only.id)
  }
  return ok(found)
}

async function saveReceipt(path: string, answer: unknown): Promise<void> {
  const { receipt } = answer as { readonly receipt: { readonly data: string } }
  await writeFile(path, Buffer.from(receipt.data, 'base64'), { flush: true })
}

async function openNode(data: string, log: Log): Promise<Result<Node>> {
  const facts = await publishedFacts(data)
  if (facts !== undefined) return runningNode(data, facts['apiPort'])
  // A folder without a node in it is not made one by asking for a bundle.
  const isThere = await readFile(join(data, 'identity.json')).then(
    () => true,
    () => false
  )
  if (!isThere) return fail('not-found', `no node in ${data}`)
  // Name and the like stay as they were set.
  const created = await createEngine({
    dataFolder: data,
    callsign: 'laptop',
    wantsFirstRun: true,
    isOffline: true,
    log
  })
  if (!created.ok) return created
  const engine = created.value
  if (engine.reach().isLocked === true) {
    await engine.stop()
    return fail('node-locked', 'start the node and unlock it, then ask for the bundle')
  }
  return ok({
    missions: () => Promise.resolve(ok(engine.overview().missions)),
    peers: () =>
      Promise.resolve(ok(engine.overview().peers.map(({ nodeId, callsign }) => ({ id: nodeId, name: callsign })))),
    call: (action, argument) =>
      callCommand(engine.commands, commandOf[action], argument as ArgumentOf<(typeof commandOf)[Action]>),
    stop: () => engine.stop()
  })
}

async function runningNode(data: string, port: unknown): Promise<Result<Node>> {
  if (typeof port !== 'number')
    return fail('folder-in-use', 'the node that runs on it does not serve the local API: switch it on in its Settings')
  const token = (await readFile(join(data, 'api-token'), 'utf8')).trim()
  const ask = async (method: string, path: string, body?: unknown): Promise<Result<unknown>> => {
    const response = await fetch(`http://127.0.0.1:${String(port)}/api/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    const answer = (await response.json()) as Readonly<Record<string, unknown>>
    if (response.ok) return ok(answer)
    const { code, detail } = answer
    return fail(isProblemCode(code) ? code : 'internal', typeof detail === 'string' ? detail : undefined)
  }
  const list = async (path: string, id: string, name: string): Promise<Result<readonly Named[]>> => {
    const listed = await ask('GET', path)
    if (!listed.ok) return listed
    const all = (listed.value as Readonly<Record<string, readonly Readonly<Record<string, string>>[]>>)[path] ?? []
    return ok(all.map((one) => ({ id: one[id] ?? '', name: one[name] ?? '' })))
  }
  return ok({
    missions: () => list('missions', 'id', 'name'),
    peers: () => list('peers', 'nodeId', 'callsign'),
    call: (action, argument) => ask('POST', `bundles/${action}`, argument),
    stop: () => Promise.resolve()
  })
}
