/**
 * The headless host: the engine under plain Node, with the local API and the window on loopback. Prints one line of JSON
 * when it serves, logs on standard error, ends cleanly on SIGTERM and SIGINT.
 */
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { problem, type Problem } from '@shared/result.js'
import { startApi } from './api/server.js'
import { createEngine, listSnapshots, type Log } from './engine/index.js'
import { runBundle } from './headless-bundle.js'
import { parseHeadlessOptions, usage, type HeadlessOptions, type PassphraseSource } from './headless-options.js'

const stopWithinMs = 5_000
/** For an answer on loopback to leave before the socket that carries it ends. */
const answerWithinMs = 200

const log: Log = (level, event, facts) => {
  if (level === 'debug' && process.env['MUSTER_LOG'] !== 'debug') return
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), level, event, ...facts })}\n`)
}

async function main(): Promise<void> {
  const options = parseHeadlessOptions(process.argv.slice(2), process.env)
  if (!options.ok) {
    stopWith(options.problem, 2)
    process.stderr.write(`${usage}\n`)
    return
  }
  if ('listSnapshotsOf' in options.value) {
    const snapshots = await listSnapshots(options.value.listSnapshotsOf, log)
    if (snapshots.ok) process.stdout.write(`${JSON.stringify({ snapshots: snapshots.value })}\n`)
    else stopWith(snapshots.problem, 1)
    return
  }
  if ('action' in options.value) {
    const answered = await runBundle(options.value, log)
    if (answered.ok) process.stdout.write(`${JSON.stringify(answered.value)}\n`)
    else stopWith(answered.problem, 1)
    return
  }
  const { passphrase: source, ...given } = options.value
  const passphrase = source === undefined ? undefined : readPassphrase(source)
  if (passphrase === '') {
    stopWith(problem('bad-request', 'the passphrase could not be read'), 2)
    return
  }
  let next: Served | undefined = { ...given, ...(passphrase === undefined ? {} : { passphrase }) }
  while (next !== undefined) next = await serve(next)
}

type Served = Omit<HeadlessOptions, 'passphrase'> & { readonly passphrase?: string }

/** The first line, without its end; empty when there is none. */
function readPassphrase(source: PassphraseSource): string {
  try {
    const text = readFileSync('file' in source ? source.file : source.descriptor, 'utf8')
    return text.split(/\r?\n/, 1)[0] ?? ''
  } catch (error) {
    log('error', 'passphrase-not-read', { error: String(error) })
    return ''
  }
}

/** Runs a node until it is told to stop; gives what to go on with where a person wished another start. */
async function serve(options: Served): Promise<Served | undefined> {
  const { data, name, apiPort, ...rest } = options
  let end: (how: 'stop' | 'restart') => void = () => undefined
  const ending = new Promise<'stop' | 'restart'>((done) => (end = done))
  const created = await createEngine({
    ...rest,
    dataFolder: data,
    callsign: name,
    // Whoever asked for it gets an answer first.
    onRestartWanted: () => setTimeout(() => end('restart'), answerWithinMs),
    log
  })
  if (!created.ok) {
    stopWith(created.problem, 1)
    return undefined
  }
  const engine = created.value
  const { linkPort, listenProblem, readOnly, isLocked } = engine.reach()
  if (listenProblem !== undefined) {
    // In a window a person sees this and can go on; a gateway that nobody reaches should not look well.
    await engine.stop()
    stopWith(listenProblem, 1)
    return undefined
  }
  const windowFolder = fileURLToPath(new URL('../renderer', import.meta.url))
  // What lets programs and the browser in lies with the data, unless nothing may be written there.
  const accessFolder = readOnly === undefined ? data : await mkdtemp(join(tmpdir(), 'muster-access-'))
  const started = await startApi({ engine, dataFolder: accessFolder, port: apiPort, windowFolder, log })
  if (!started.ok) {
    await engine.stop()
    stopWith(started.problem, 1)
    return undefined
  }
  const api = started.value
  await engine.publish({ apiPort: api.port })
  const onSignal = () => end('stop')
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
  const looking = readOnly === undefined ? {} : { readOnly, accessFolder }
  const waiting = isLocked === undefined ? {} : { locked: isLocked }
  process.stdout.write(
    `${JSON.stringify({ ready: true, nodeId: engine.nodeId, apiPort: api.port, linkPort: linkPort ?? null, ...looking, ...waiting })}\n`
  )

  const how = await ending
  const tooSlow = setTimeout(() => {
    log('error', 'stop-too-slow')
    process.exit(1)
  }, stopWithinMs)
  await api.close()
  await engine.stop()
  if (accessFolder !== data) await rm(accessFolder, { recursive: true, force: true })
  if (how === 'stop') process.exit(0)
  clearTimeout(tooSlow)
  process.off('SIGTERM', onSignal)
  process.off('SIGINT', onSignal)
  process.stdout.write(`${JSON.stringify({ restarting: true })}\n`)
  // The next start finds what was prepared. Where others and the browser look for it stays.
  const { restore: _, ...again } = options
  return { ...again, apiPort: api.port, ...(linkPort === undefined ? {} : { linkPort }) }
}

/** What happened, what to do, and the code: on standard error, for whoever started it. */
function stopWith({ code, ref, message, advice, detail }: Problem, exitCode: number): void {
  process.stderr.write(`${message} ${advice}${detail === undefined ? '' : `\n  ${detail}`}\n  ${ref} ${code}\n`)
  process.exitCode = exitCode
}

await main()
