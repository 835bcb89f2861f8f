// Our engine as a node of the benchmark, as it is built.
import { open } from 'node:fs/promises'
import { createEngine } from '../out/main/engine.js'
import { drive } from './driver.mjs'
import { now } from './time.mjs'

let engine
let knownId
/** The only mission there is, once it is here. */
const mission = () => (knownId ??= engine.overview().missions[0]?.id)

const node = {
  async start({ folder, name }) {
    engine = good(await createEngine({ dataFolder: folder, callsign: name, linkHost: '127.0.0.1', linkPort: 0 }))
    return { nodeId: engine.nodeId, port: engine.overview().node.linkPort }
  },
  async link(port) {
    good(await engine.commands.addPeer({ address: '127.0.0.1', port }))
  },
  async write(changes) {
    good(await engine.commands.write({ missionId: mission(), changes }))
  },
  count: () => engine.counters().changes,
  digest: () => (mission() === undefined ? '' : good(engine.heads(mission())).digest),
  stop: () => engine.stop()
}

drive(node, {
  async createMission() {
    good(await engine.commands.createMission({ name: 'Benchmark' }))
  },
  /** Answers with the time of the call, once the peer has said hello and the decision is durable. */
  async trust({ nodeId }) {
    await until(() => peer(nodeId) !== undefined)
    const at = now()
    good(await engine.commands.decide({ nodeId, level: 'trusted' }))
    return at
  },
  linked: ({ nodeId }) => until(() => peer(nodeId)?.link.state === 'linked'),
  /** Answers with the time when the feed lists a mission. */
  async listed() {
    await until(() => mission() !== undefined)
    return now()
  },
  /** Entries that can be listed: what arrived must also be readable. */
  async entries() {
    const query = { missionId: mission(), type: 'log', offset: 0, limit: 1, order: 'oldest' }
    return good(await engine.commands.listEntities(query)).total
  }
})
await lookAfterSyncs()

function peer(nodeId) {
  return engine.overview().peers.find((one) => one.nodeId === nodeId)
}

function good(result) {
  if (!result.ok) throw new Error(`${result.problem.code}: ${result.problem.detail ?? ''}`)
  return result.value
}

function until(isSo) {
  return new Promise((resolve) => {
    const stop = engine.subscribe(() => {
      if (!isSo()) return
      resolve()
      setImmediate(() => stop())
    })
  })
}

/**
 * The feed waits up to 50 ms, and polling would take one of two cores from the node that is measured. Changes become
 * durable when a sync of a log ends, and are folded before the event loop goes on: looking then is exact and costs nothing.
 */
async function lookAfterSyncs() {
  const file = await open(import.meta.filename)
  const prototype = Object.getPrototypeOf(file)
  await file.close()
  const { datasync } = prototype
  prototype.datasync = async function () {
    await datasync.call(this)
    setImmediate(() => engine !== undefined && node.stored())
  }
}
