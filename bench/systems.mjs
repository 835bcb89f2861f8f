/**
 * The systems that run the same workloads: Muster, the floor that it is measured against, and Hypercore, the one rival
 * that signs and encrypts as we do. `introduce` leaves two nodes linked; Muster's then trust each other too.
 */
import { randomInt } from 'node:crypto'
import { existsSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { issueCertificate } from './certificate.mjs'
import { makeChange } from './change.mjs'
import { newFolder, patienceMs, startNode, startProcess } from './process.mjs'
import { now, sleep } from './time.mjs'

const pageSize = 200

export const muster = {
  name: 'muster',
  /** How many writes at once make the folders that later workloads start on: each change alone is a run of its own. */
  atOnce: 1,
  start: (name, options = {}, more) => startNode('node-muster.mjs', { name, folder: newFolder(), ...options }, more),
  startMany: (names) => startProcess('node-muster.mjs', names.map(inNewFolder), manyThreads),
  /** @param through port where b reaches a, if it is not a's own. */
  async introduce(a, b, through = a.port) {
    await b.call('link', { port: through })
    await Promise.all([a.call('trust', { nodeId: b.nodeId }), b.call('trust', { nodeId: a.nodeId })])
    await Promise.all([a.call('linked', { nodeId: b.nodeId }), b.call('linked', { nodeId: a.nodeId })])
  },
  /** A node dials many: whoever dials it would be refused, as one laptop that says hello too often. */
  async gather(hub, leaf) {
    await muster.introduce(leaf, hub)
    await hub.call('forgetAddress', { port: leaf.port })
  },
  redial: (from, to) => from.call('redial', { nodeId: to.nodeId }),
  createMission: (node) => node.call('createMission'),
  /** What arrived must be readable as entries. */
  async check(node, entries) {
    const found = await node.call('entries')
    if (found !== entries) throw new Error(`${found} entries instead of ${entries}`)
  },
  /** Answers with the time when all changes of a folder's first node are in the view; pages of it are compared. */
  async view(node, { changes, last }) {
    const at = await node.call('viewed', { entries: changes })
    for (const offset of [0, randomInt(changes), Math.max(0, changes - pageSize)]) {
      const items = await node.call('page', { offset, limit: pageSize })
      if (items.length !== Math.min(pageSize, changes - offset)) throw new Error(`${items.length} items at ${offset}`)
      for (const { entity, fields } of items) {
        const number = Number(entity.slice(entity.lastIndexOf('-') + 1))
        const made = makeChange(last.tag, number)
        const shown = fields.map(({ field, values }) => [field, ...values.map(({ value }) => value)])
        const isSame = entity === made.entity && isDeepStrictEqual(shown, [[made.field, made.value]])
        if (!isSame || number > changes) throw new Error(`the view shows ${entity} otherwise than it was written`)
      }
    }
    return at
  }
}

let identity
const withIdentity = async (options) => ({ ...options, identity: (identity ??= await issueCertificate()) })
export const floor = {
  name: 'floor',
  /** Its log is the same however it was written. */
  atOnce: 64,
  start: async (name, options = {}, more) =>
    startNode('node-floor.mjs', await withIdentity({ name, folder: newFolder(), ...options }), more),
  startMany: async (names) =>
    startProcess(
      'node-floor.mjs',
      await Promise.all(names.map((name) => withIdentity(inNewFolder(name)))),
      manyThreads
    ),
  introduce: (a, b, through = a.port) => b.call('link', { port: through }),
  gather: (hub, leaf) => floor.introduce(leaf, hub),
  redial: (from, _, through) => from.call('link', { port: through }),
  createMission: () => undefined,
  check: () => undefined
}

export const hypercore = {
  name: 'hypercore',
  atOnce: 1,
  start: (name, options = {}, more) => startNode('node-hypercore.mjs', { name, folder: newFolder(), ...options }, more),
  async introduce(a, b, through = a.port) {
    const keys = (await Promise.all([a.call('keys'), b.call('keys')])).flat()
    await Promise.all([a.call('join', { keys }), b.call('join', { keys })])
    await b.call('link', { port: through })
  },
  redial: (from, _, through) => from.call('link', { port: through }),
  createMission: () => undefined,
  check: () => undefined
}
/** Why Hypercore cannot be measured beside; it is no dependency of the project. */
export const hypercoreMissing = existsSync(new URL('node_modules/hypercore/package.json', import.meta.url))
  ? undefined
  : 'hypercore: not installed here (npm ci --prefix bench)'

/** Each node of many would have four threads for its disk if it were alone; these share one process. */
const manyThreads = { env: { UV_THREADPOOL_SIZE: '32' } }

function inNewFolder(name) {
  return { name, folder: newFolder() }
}

/** Nodes 0 to n, each linked to the next, with one mission of node 0 on all of them and nothing under way. */
export async function startChain(system, length) {
  const nodes = await Promise.all(Array.from({ length }, (_, index) => system.start(`node-${index}`)))
  for (const [index, node] of nodes.slice(1).entries()) await system.introduce(nodes[index], node)
  await system.createMission(nodes[0])
  await quiet(nodes)
  return nodes
}

/** Resolves when all nodes have held the same for a second, which they do soon or never. */
export async function quiet(nodes) {
  const end = now() + patienceMs
  for (let same = 0, last; same < 20; await sleep(50)) {
    if (now() > end) throw new Error('the nodes do not come to hold the same')
    const digests = await Promise.all(nodes.map((node) => node.call('digest')))
    const isSame = new Set(digests).size === 1 && digests[0] !== '' && digests[0] === last
    same = isSame ? same + 1 : 0
    last = digests[0]
  }
}

/** Throws unless all hold the same. */
export async function checkSame(nodes) {
  const digests = new Set(await Promise.all(nodes.map((node) => node.call('digest'))))
  if (digests.size !== 1) throw new Error(`${digests.size} different digests`)
}
