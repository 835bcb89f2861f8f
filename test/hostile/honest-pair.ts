/** Two honest nodes that are linked and share a mission: whatever a test does to the first, the second must not feel. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { expect } from 'vitest'
import type { Overview } from '@shared/model.js'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { HeadlessNode, temporaryFolder, type Reply } from '../support/headless.js'
import { delayed, HostileLink, type ConnectOptions, type Deviations } from './hostile-peer.js'

export interface HonestPair {
  /** The node under attack. */
  readonly node: HeadlessNode
  readonly friend: HeadlessNode
  readonly mission: string
  /** Wall time since when the two are linked; a lost link has another. */
  readonly linkedSince: number
  /** Log entries that the two have written; both must hold them. */
  entries: number
}

export const missionName = 'Harbour watch'

export async function startPair(onEnd: (undo: () => Promise<void>) => void): Promise<HonestPair> {
  // Why a connection ended stands in the log at this level only.
  process.env['MUSTER_LOG'] = 'debug'
  const [node, friend] = await Promise.all(
    ['NODE', 'FRIEND'].map(async (name) => HeadlessNode.start({ name, folder: await temporaryFolder(onEnd) }))
  )
  if (node === undefined || friend === undefined) throw new Error('two nodes were started')
  onEnd(async () => {
    await Promise.all([node.stop(), friend.stop()])
  })
  await node.trust(friend)
  const made = await node.call('POST', 'missions', { name: missionName })
  const mission = String(made.body.id)
  await write(node, mission, 'first')
  await node.untilInStep(friend, mission)
  await friend.until(
    'its admission',
    ({ missions }) => missions.find(({ id }) => id === mission)?.role === 'subscriber'
  )
  return { node, friend, mission, linkedSince: linkedSince(node, friend), entries: 1 }
}

let writes = 0

export async function write(node: HeadlessNode, mission: string, text: string): Promise<Reply> {
  const change = { entity: `log/${++writes}`, field: 'text', value: text }
  const reply = await node.call('POST', `missions/${mission}/changes`, change)
  expect(reply.status, JSON.stringify(reply.body)).toBe(200)
  return reply
}

function linkedSince(node: HeadlessNode, friend: HeadlessNode): number {
  const link = node.peer(friend)?.link
  return link?.state === 'linked' ? link.since : 0
}

/** The node lives and never lost its friend. */
export function expectLinked({ node, friend, linkedSince: since }: HonestPair): void {
  expect(node.process.exitCode, `the process ended:\n${node.logLines.slice(-20).join('\n')}`).toBe(null)
  expect(linkedSince(node, friend)).toBe(since)
}

/** That, and it takes and gives new changes. */
export async function expectUnharmed(pair: HonestPair): Promise<void> {
  const { node, friend, mission } = pair
  expectLinked(pair)
  pair.entries += 2
  const haveAll = ({ missions }: Overview) =>
    missions.some(({ id, entries }) => id === mission && entries === pair.entries)
  await Promise.all([
    write(friend, mission, 'from the friend'),
    write(node, mission, 'from the node'),
    node.until(`${pair.entries} entries`, haveAll),
    friend.until(`${pair.entries} entries`, haveAll)
  ])
  await node.untilInStep(friend, mission)
  expectLinked(pair)
}

/** The node decides for an identity that has said hello once. */
export async function decideFor(node: HeadlessNode, identity: Identity, decision: unknown): Promise<void> {
  const stranger = await HostileLink.connect({ port: node.linkPort, identity })
  await stranger.hello()
  await node.until('the stranger is listed', () => node.peer(identity))
  const reply = await node.call('POST', `peers/${identity.nodeId}/decision`, decision)
  expect(reply.status, JSON.stringify(reply.body)).toBe(200)
  stranger.end()
  await stranger.closed
}

/** A raised link of a trusted peer. */
export async function rise(node: HeadlessNode, identity: Identity, more: Partial<ConnectOptions> & Deviations = {}) {
  const link = await HostileLink.connect({ port: node.linkPort, identity, ...more })
  await link.rise(more)
  return link
}

/** Resolves when a new line of the log fits; lines before `from` are not looked at. */
export function untilLogged(
  node: HeadlessNode,
  from: number,
  what: string,
  look: (line: Readonly<Record<string, unknown>>) => boolean
): Promise<void> {
  const found = new Promise<void>((done) => {
    const check = () => {
      if (!node.logLines.slice(from).some((line) => line.startsWith('{') && look(JSON.parse(line)))) return
      node.process.stderr?.off('data', later)
      done()
    }
    // The lines are cut by a listener that was there first.
    const later = () => setImmediate(check)
    node.process.stderr?.on('data', later)
    check()
  })
  return delayed(found, `log of ${what}`)
}

/** Resolves when the node has ended a connection and said this reason. */
export function untilCut(node: HeadlessNode, from: number, reason: string, detail = ''): Promise<void> {
  return untilLogged(
    node,
    from,
    `a cut for ${reason} ${detail}`,
    (line) => line['event'] === 'link-closed' && line['reason'] === reason && String(line['detail']).includes(detail)
  )
}

export async function metric(node: HeadlessNode, name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${node.apiPort}/metrics`, {
    headers: { Authorization: `Bearer ${node.token}` }
  })
  const line = (await response.text()).split('\n').find((text) => text.startsWith(`${name} `))
  return Number(line?.split(' ')[1])
}

/** As the node holds it now; the feed may be a moment behind. */
export async function digestOf(node: HeadlessNode, mission: string): Promise<string> {
  const reply = await node.call('GET', `missions/${mission}/heads`)
  return String(reply.body.digest)
}

/** Asks for the health again and again until told to end; gives the longest wait for an answer, in ms. */
export function watchHealth(node: HeadlessNode): () => Promise<number> {
  let isDone = false
  let longest = 0
  // This process makes the hostile input and stands still meanwhile; that is not the node's delay.
  const own = monitorEventLoopDelay({ resolution: 10 })
  own.enable()
  const asking = (async () => {
    // Bounded by the time limit of the test that asked for it.
    while (!isDone) {
      const asked = performance.now()
      await fetch(`http://127.0.0.1:${node.apiPort}/healthz`).then((response) => response.text())
      longest = Math.max(longest, performance.now() - asked)
    }
  })()
  asking.catch(() => undefined) // Told to whoever asks for the result.
  return async () => {
    isDone = true
    await asking
    own.disable()
    return Math.max(0, longest - own.max / 1e6)
  }
}
