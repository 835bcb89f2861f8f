// The headless host as it is built: what it takes while nothing happens but one link to an idle peer.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { newFolder, watch } from './process.mjs'
import { muster } from './systems.mjs'
import { now, sleep } from './time.mjs'

/** Memory in MB, CPU in percent of a core; undefined where the system has no /proc. */
export async function measureHeadless(quietMs, measureMs) {
  const folder = newFolder()
  const program = fileURLToPath(new URL('../out/main/headless.js', import.meta.url))
  const options = [
    '--data',
    folder,
    '--name',
    'headless',
    '--link-host',
    '127.0.0.1',
    '--link-port',
    '0',
    '--discovery',
    'off'
  ]
  const child = spawn(process.execPath, [program, ...options], { stdio: ['ignore', 'pipe', 'ignore'] })
  watch(child)
  const [line] = await once(createInterface({ input: child.stdout }), 'line', { signal: AbortSignal.timeout(20_000) })
  const { nodeId, apiPort, linkPort } = JSON.parse(line)
  const peer = await muster.start('peer')
  await peer.call('link', { port: linkPort })
  await peer.call('trust', { nodeId })
  await decide(folder, apiPort, peer.nodeId)
  await peer.call('linked', { nodeId })

  await sleep(quietMs)
  const memory = readMemory(child.pid)
  const [startedAt, before] = [now(), readCpu(child.pid)]
  await sleep(measureMs)
  const cpu = before === undefined ? undefined : ((readCpu(child.pid) - before) / (now() - startedAt)) * 100

  await peer.stop()
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
  return { memory, cpu }
}

async function decide(folder, apiPort, nodeId) {
  const token = readFileSync(join(folder, 'api-token'), 'utf8')
  const answer = await fetch(`http://127.0.0.1:${apiPort}/api/v1/peers/${nodeId}/decision`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ level: 'trusted' })
  })
  if (!answer.ok) throw new Error(`headless: ${await answer.text()}`)
}

function readMemory(pid) {
  if (process.platform !== 'linux') return undefined
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1000
}

/** Milliseconds of CPU so far. */
function readCpu(pid) {
  if (process.platform !== 'linux') return undefined
  // The name in parentheses may hold blanks; user and system time are the 12th and 13th fields after it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')
  const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return ((Number(fields[11]) + Number(fields[12])) / ticksPerSecond) * 1000
}
