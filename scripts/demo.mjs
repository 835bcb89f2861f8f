// The main job on real nodes: three headless processes find each other by mDNS (on loopback). Alpha and bravo are trusted by
// decisions; charlie brings a certificate of an organisation's CA (made with openssl), which bravo accepted as an anchor.
// They share a mission with 1,000 log entries and 20 conflicting edits, and the middle one is killed while it matters.
// Exits 1 when anything is not so. `npm run demo -- --open` shows their windows side by side and leaves them running.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { findChromium } from './machine.mjs'
import { buildIfNeeded } from './run.mjs'

const entries = 1_000
const conflicts = 20
const patienceMs = 60_000
const isOpen = process.argv.includes('--open')

class Node {
  constructor(name, folder) {
    this.name = name
    this.folder = folder
    this.linkPort = 0
  }

  async start() {
    const args = [
      '--data',
      this.folder,
      '--name',
      this.name,
      '--link-host',
      '127.0.0.1',
      '--link-port',
      String(this.linkPort),
      '--discovery-address',
      '127.0.0.1'
    ]
    this.process = spawn(process.execPath, ['out/main/headless.js', ...args], {
      stdio: ['ignore', 'pipe', 'ignore']
    })
    const [line] = await once(createInterface({ input: this.process.stdout }), 'line')
    Object.assign(this, JSON.parse(line))
    this.token = await readFile(join(this.folder, 'api-token'), 'utf8')
  }

  async call(method, path, body) {
    const response = await fetch(`http://127.0.0.1:${this.apiPort}/api/v1/${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.token}` },
      body: body && JSON.stringify(body)
    })
    const answer = await response.json()
    if (!response.ok)
      throw new Error(`${this.name}: ${method} ${path}: ${answer.code} ${answer.message} ${answer.detail ?? ''}`)
    return answer
  }

  async peer(other) {
    return (await this.call('GET', 'peers')).peers.find(({ nodeId }) => nodeId === other.nodeId)
  }

  async kill(signal) {
    const ended = once(this.process, 'exit')
    this.process.kill(signal)
    await ended
  }
}

const startedAt = performance.now()
function say(text) {
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(2).padStart(7)} s  ${text}`)
}

async function until(what, look) {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const found = await look()
    if (found) return found
    if (performance.now() > deadline) throw new Error(`not so after ${patienceMs / 1000} s: ${what}`)
    await new Promise((next) => setTimeout(next, 10))
  }
}

async function timed(what, work) {
  const before = performance.now()
  const result = await work()
  say(`${what} (${(performance.now() - before).toFixed(0)} ms)`)
  return result
}

function expectSame(what, values) {
  if (new Set(values.map((value) => JSON.stringify(value))).size !== 1)
    throw new Error(`${what} differ: ${JSON.stringify(values)}`)
}

function decide(one, other) {
  return one.call('POST', `peers/${other.nodeId}/decision`, { level: 'trusted', reason: 'demo' })
}

function untilLinked(one, other) {
  return until(
    'linked',
    async () => (await one.peer(other)).link.state === 'linked' && (await other.peer(one)).link.state === 'linked'
  )
}

/** A CA of an organisation, and a PKCS#12 file with a certificate that it issued, made with openssl. */
function makeOrganisation(folder) {
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
  openssl(
    'req',
    '-x509',
    ...ec,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '30',
    '-subj',
    '/CN=Karst Fire Brigade CA'
  )
  openssl('req', ...ec, '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=charlie/O=Karst Fire Brigade')
  const uses = 'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n'
  writeFileSync(join(folder, 'leaf.ext'), uses)
  const issue = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '20', '-extfile', 'leaf.ext']
  openssl('x509', '-req', '-in', 'leaf.csr', ...issue, '-out', 'leaf.pem')
  const bag = ['-inkey', 'leaf.key', '-in', 'leaf.pem', '-certfile', 'ca.pem', '-passout', 'pass:demo']
  openssl('pkcs12', '-export', ...bag, '-out', 'leaf.p12')
  const read = (name) => readFileSync(join(folder, name)).toString('base64')
  return { authority: read('ca.pem'), bundle: read('leaf.p12') }
}

async function run(nodes) {
  const [alpha, bravo, charlie] = nodes
  await timed('three nodes started', () => Promise.all(nodes.map((node) => node.start())))
  for (const node of nodes)
    console.log(`           ${node.name.padEnd(8)} node ${node.nodeId.slice(0, 16)}…, link port ${node.linkPort}`)
  await timed('all three found each other by mDNS and said hello', () =>
    until('all met all', async () => {
      const lists = await Promise.all(nodes.map((node) => node.call('GET', 'peers')))
      return lists.every(({ peers }, index) =>
        nodes.every((node, other) => other === index || peers.some(({ nodeId }) => nodeId === node.nodeId))
      )
    })
  )
  await timed('alpha and bravo decided, linked', async () => {
    await decide(alpha, bravo)
    await decide(bravo, alpha)
    await untilLinked(alpha, bravo)
  })
  const { authority, bundle } = makeOrganisation(folder)
  await timed('charlie became what its organisation issued (p12), bravo trusts that organisation, linked', async () => {
    await charlie.call('POST', 'certificates', { data: bundle, password: 'demo', as: 'identity' })
    await bravo.call('POST', 'certificates', { data: authority, as: 'anchor' })
    await decide(charlie, bravo)
    await untilLinked(bravo, charlie)
  })
  const { decision } = await bravo.peer(charlie)
  if (decision.ground !== 'anchor') throw new Error(`bravo trusts charlie on another ground: ${decision.ground}`)
  say(`bravo trusts charlie by ${decision.certificate.name}; nobody at bravo decided about charlie itself`)

  const { id } = await alpha.call('POST', 'missions', { name: 'Karst Ridge Fire', description: 'Sector North' })
  const path = `missions/${id}`
  const digests = () =>
    Promise.all(nodes.map(async (node) => (await node.call('GET', `${path}/heads`).catch(() => ({}))).digest))
  const untilInStep = () =>
    until('equal digests', async () => {
      const found = await digests()
      return found[0] && found.every((digest) => digest === found[0]) && found
    })
  await timed('alpha created a mission; all three hold it and may write', () =>
    until('all may write', async () => {
      const lists = await Promise.all(nodes.map((node) => node.call('GET', 'missions')))
      return lists.every(({ missions }) => missions.some((mission) => mission.id === id && mission.role))
    })
  )

  const batch = 50
  await timed(`${entries} log entries written on all three, each batch durable before the next`, () =>
    Promise.all(
      nodes.map(async (node, index) => {
        for (let at = index * batch; at < entries; at += nodes.length * batch) {
          const numbers = Array.from({ length: Math.min(batch, entries - at) }, (_, offset) => at + offset)
          const changes = numbers.map((number) => ({
            entity: `log/${number}`,
            field: 'text',
            value: `Entry ${number} by ${node.name}`
          }))
          await node.call('POST', `${path}/changes`, changes)
        }
      })
    )
  )
  await timed('all three in step', untilInStep)

  const tasks = Array.from({ length: conflicts }, (_, number) => `task/${number}`)
  const { changes: open } = await alpha.call(
    'POST',
    `${path}/changes`,
    tasks.map((entity) => ({ entity, field: 'state', value: 'open' }))
  )
  await untilInStep()
  const settle = async (node, value) => {
    for (const [index, entity] of tasks.entries())
      await node.call('POST', `${path}/changes`, { entity, field: 'state', value, seen: [open[index].name] })
  }
  const writing = Promise.all([settle(alpha, 'done'), settle(charlie, 'work')])
  await bravo.kill('SIGKILL')
  say(`bravo, the middle one, killed with SIGKILL while both ends edit the same ${conflicts} tasks`)
  await writing
  const apart = await Promise.all([alpha, charlie].map((node) => node.call('GET', `${path}/heads`)))
  say(`both ends went on alone: digests ${apart.map(({ digest }) => digest.slice(0, 8)).join(' and ')}`)
  if (apart[0].digest === apart[1].digest) throw new Error('the ends cannot be in step without the middle')

  await timed('bravo started again on its folder', () => bravo.start())
  const found = await timed('all three in step again', untilInStep)
  for (const [index, node] of nodes.entries()) console.log(`           ${node.name.padEnd(8)} digest ${found[index]}`)
  const views = await Promise.all(nodes.map((node) => node.call('GET', path)))
  expectSame(
    'views',
    views.map(({ entities }) => entities.map(({ entity, fields }) => [entity, fields]).sort())
  )
  for (const [index, { entries: count, conflicts: open }] of views.entries())
    if (count !== entries || open.length !== conflicts)
      throw new Error(`${nodes[index].name}: ${count} entries and ${open.length} conflicts`)
  say(`each of the three shows ${entries} log entries and ${conflicts} conflicts, with both values`)
}

const windows = []

async function openWindows(nodes) {
  const chromium = findChromium()
  for (const [index, node] of nodes.entries()) {
    const { path } = await node.call('POST', 'door')
    if (!chromium) {
      console.log(`Open within a minute: ${path}`)
      continue
    }
    const rootFlags = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    const place = [
      `--window-position=${index * 640},0`,
      '--window-size=640,900',
      `--user-data-dir=${join(node.folder, 'browser')}`
    ]
    windows.push(
      spawn(chromium, [...rootFlags, '--no-first-run', ...place, `--app=file://${path}`], { stdio: 'ignore' })
    )
  }
  console.log('Their windows are open. Ctrl+C stops all three.')
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
}

buildIfNeeded()
const folder = await mkdtemp(join(tmpdir(), 'muster-demo-'))
const nodes = ['alpha', 'bravo', 'charlie'].map((name) => new Node(name, join(folder, name)))
try {
  await run(nodes)
  console.log('\nAll of it is so.')
  if (isOpen) await openWindows(nodes)
} catch (error) {
  console.error(`\nNOT SO: ${error.message}`)
  process.exitCode = 1
} finally {
  for (const child of [...windows, ...nodes.map((node) => node.process)]) child?.kill('SIGTERM')
  await Promise.all(
    nodes.map(
      (node) =>
        node.process && node.process.exitCode === null && node.process.signalCode === null && once(node.process, 'exit')
    )
  )
  await rm(folder, { recursive: true, force: true })
}
