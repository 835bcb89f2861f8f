/**
 * The two systems that run the same workloads: Muster, and the floor that it is measured against. `introduce` leaves two
 * nodes linked; Muster's then trust each other too.
 */
import { issueCertificate } from './certificate.mjs'
import { newFolder, startNode } from './process.mjs'
import { sleep } from './time.mjs'

export const muster = {
  start: (name, folder = newFolder()) => startNode('node-muster.mjs', { name, folder }),
  async introduce(a, b) {
    await b.call('link', { port: a.port })
    await Promise.all([a.call('trust', { nodeId: b.nodeId }), b.call('trust', { nodeId: a.nodeId })])
    await Promise.all([a.call('linked', { nodeId: b.nodeId }), b.call('linked', { nodeId: a.nodeId })])
  },
  createMission: (node) => node.call('createMission'),
  /** What arrived must be readable as entries. */
  async check(node, entries) {
    const found = await node.call('entries')
    if (found !== entries) throw new Error(`${found} entries instead of ${entries}`)
  }
}

let identity
export const floor = {
  async start(name, folder = newFolder()) {
    identity ??= await issueCertificate()
    return startNode('node-floor.mjs', { name, folder, identity })
  },
  introduce: (a, b) => b.call('link', { port: a.port }),
  createMission: () => undefined,
  check: () => undefined
}

/** Nodes 0 to n, each linked to the next, with one mission of node 0 on all of them and nothing under way. */
export async function startChain(system, length) {
  const nodes = await Promise.all(Array.from({ length }, (_, index) => system.start(`node-${index}`)))
  for (const [index, node] of nodes.slice(1).entries()) await system.introduce(nodes[index], node)
  await system.createMission(nodes[0])
  await quiet(nodes)
  return nodes
}

/** Resolves when all nodes have held the same for a second. */
async function quiet(nodes) {
  for (let same = 0, last; same < 20; await sleep(50)) {
    const digests = await Promise.all(nodes.map((node) => node.call('digest')))
    const isSame = new Set(digests).size === 1 && digests[0] !== '' && digests[0] === last
    same = isSame ? same + 1 : 0
    last = digests[0]
  }
}
