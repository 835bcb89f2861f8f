// The parent's side: a node in a process of its own, and the folder that holds everybody's data.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { now } from './time.mjs'

/** After which an answer will not come any more. */
export const patienceMs = 120_000
const running = new Set()
const root = mkdtempSync(join(tmpdir(), 'muster-bench-'))
let folders = 0

process.once('exit', () => {
  endAll()
  rmSync(root, { recursive: true, force: true, maxRetries: 5 })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

/** Ends what a workload that failed left running. */
export function endAll() {
  for (const child of running) child.kill('SIGKILL')
}

/** A process that must not outlive this one. */
export function watch(child) {
  running.add(child)
  child.once('exit', () => running.delete(child))
}

/** Removed at the end. */
export function newFolder() {
  const folder = join(root, String(++folders))
  mkdirSync(folder)
  return folder
}

/**
 * A process with one node for each of `list`, whose entries go to the node's `start`; a `folder` in them may hold an
 * earlier node's data. `ask` is for calls about the process, `call` of a node for its own.
 */
export async function startProcess(file, list, { execArgv = [], env = {} } = {}) {
  const spawnedAt = now()
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    serialization: 'advanced',
    execArgv,
    env: { ...process.env, ...env }
  })
  watch(child)
  const open = new Map()
  let number = 0
  child.on('message', ({ id, answer, error }) => {
    const { resolve, reject, timer } = open.get(id)
    open.delete(id)
    clearTimeout(timer)
    if (error === undefined) resolve(answer)
    else reject(new Error(`${file}: ${error}`))
  })
  child.on('exit', (code) => {
    for (const { reject } of open.values()) reject(new Error(`${file} ended with ${code}`))
  })

  const send = (node, call, argument) => {
    const id = ++number
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${file}: no answer to ${call} in time`)), patienceMs)
      open.set(id, { resolve, reject, timer })
      child.send({ id, node, call, argument }, (error) => error && reject(error))
    })
  }
  const ask = (call, argument) => send(undefined, call, argument)

  const before = now()
  const theirs = await ask('time')
  if (theirs < before || theirs > now())
    throw new Error('processes of this machine share no clock: cannot measure here')
  const nodes = await Promise.all(
    list.map(async (options, index) => {
      const call = (name, argument) => send(index, name, argument)
      return { ...(await call('start', options)), call, ask, stop }
    })
  )
  /** Ends the process with all its nodes. */
  async function stop() {
    await Promise.all(nodes.map(({ call }) => call('stop')))
    const ended = once(child, 'exit')
    child.disconnect()
    await ended
  }
  return { nodes, ask, stop, spawnedAt }
}

/** One node in a process of its own. */
export async function startNode(file, options, more) {
  const { nodes, spawnedAt } = await startProcess(file, [options], more)
  return { ...nodes[0], spawnedAt }
}
