// Our engine as a node of the benchmark, as it is built.
import { constants, createReadStream } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { sep } from 'node:path'
import { createEngine } from '../out/main/engine.js'
import { makeChange } from './change.mjs'
import { drive } from './driver.mjs'
import { now, sleep } from './time.mjs'

/** What to do when bytes of a file below a data folder are durable. */
const folders = new Map()
lookAfterSyncs()
drive(createNode)

function createNode(stored) {
  let engine
  let knownId
  /** The only mission there is, once it is here. */
  const mission = () => (knownId ??= engine.missionIds()[0])
  const peer = (nodeId) => engine.overview().peers.find((one) => one.nodeId === nodeId)
  const list = async (offset, limit) => {
    const query = { missionId: mission(), type: 'log', offset, limit, order: 'oldest' }
    return good(await engine.commands.listEntities(query))
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

  /** The feed's next message, after the one that it begins with. */
  function nextNews() {
    return new Promise((resolve) => {
      let isFirst = true
      const stop = engine.subscribe(() => {
        if (isFirst) isFirst = false
        else {
          stop()
          resolve()
        }
      })
    })
  }

  const node = {
    /** @param isHurried for a folder that is only made ready: its writes need not survive a power cut. */
    async start({ folder, name, linkHost = '127.0.0.1', isHurried = false, isOffline = false }) {
      folders.set(folder, { isHurried, look: () => engine !== undefined && stored() })
      engine = good(await createEngine({ dataFolder: folder, callsign: name, linkHost, linkPort: 0, isOffline }))
      return { nodeId: engine.nodeId, port: engine.reach().linkPort }
    },
    async link({ port }) {
      good(await engine.commands.addPeer({ address: '127.0.0.1', port }))
    },
    unlinked: () => until(() => engine.counters().links === 0),
    async write(changes) {
      const written = good(await engine.commands.write({ missionId: mission(), changes }))
      const [author, epoch, seq] = written.changes.at(-1).name.split('.')
      return { author, epoch, seq: Number(seq) }
    },
    count: () => engine.counters().changes,
    digest: () => (mission() === undefined ? '' : good(engine.heads(mission())).digest),
    stop: () => engine.stop(),
    more: {
      async createMission() {
        good(await engine.commands.createMission({ name: 'Benchmark' }))
      },
      /** A mission as crews make it: items of four fields each and entries of the log, in batches as a program would. */
      async fillMission({ items, entries }) {
        const changes = missionChanges(items, entries)
        for (let batch = take(changes, 1_000); batch.length > 0; batch = take(changes, 1_000)) await node.write(batch)
        return { folder: `missions/${mission()}` }
      },
      /** Milliseconds until the bundle was read again from where it lies. */
      async bundleOut({ path, to }) {
        const at = now()
        const written = good(await engine.commands.writeBundle({ path, missions: [mission()], to }))
        return { ms: now() - at, bytes: written.bytes, changes: written.changes }
      },
      /** Milliseconds until all of it is durable and counts. */
      async bundleIn({ path }) {
        const at = now()
        const taken = good(await engine.commands.takeBundle({ path }))
        return { ms: now() - at, changes: taken.changes }
      },
      /** Answers with the time of the call, once the peer has said hello and the decision is durable. */
      async trust({ nodeId }) {
        await until(() => peer(nodeId) !== undefined)
        const at = now()
        good(await engine.commands.decide({ nodeId, level: 'trusted' }))
        return at
      },
      linked: ({ nodeId }) => until(() => peer(nodeId)?.link.state === 'linked'),
      /** Only so many addresses are kept that were typed; a trusted peer stays without. */
      async forgetAddress({ port }) {
        good(await engine.commands.removeAddress({ address: '127.0.0.1', port }))
      },
      async redial({ nodeId }) {
        good(await engine.commands.tryNow({ nodeId }))
      },
      /** Milliseconds from the dial until both sides have checked everything and the link is up. */
      async relink({ nodeId }) {
        const at = now()
        good(await engine.commands.tryNow({ nodeId }))
        // The feed waits up to 50 ms; this looks after every turn of the event loop.
        while (engine.counters().links === 0) await new Promise((done) => setImmediate(done))
        return now() - at
      },
      /** Answers with the time when the feed lists a mission. */
      async listed() {
        await until(() => mission() !== undefined)
        return now()
      },
      /** Digest, count and the lines at these places: what stands for all being readable. */
      async prove({ places }) {
        const lines = places.map(async ({ author, epoch, seq }) =>
          good(await engine.readLine(mission(), { author, epoch }, seq))
        )
        return { lines: await Promise.all(lines), digest: node.digest(), count: node.count(), at: now() }
      },
      /** Entries that can be listed: what arrived must also be readable. */
      entries: async () => (await list(0, 1)).total,
      /** Answers with the time when so many entries can be listed. */
      async viewed({ entries }) {
        while ((await list(0, 1)).total < entries) await nextNews()
        return now()
      },
      /** From now on files come when they are asked for. */
      async fetchAsked() {
        good(await engine.commands.changeSettings({ filesAutoMb: 0 }))
      },
      async addFile({ path, sha256 }) {
        const source = createReadStream(path, { highWaterMark: 256 * 1024 })
        const added = good(await engine.contents.add(mission(), { name: 'file' }, source))
        if (added.sha256 !== sha256) throw new Error('other bytes were added')
      },
      /** Milliseconds until it can be read. */
      async takeFile({ sha256 }) {
        const page = { missionId: mission(), offset: 0, limit: 1, order: 'newest' }
        while (good(await engine.commands.listContents(page)).items[0]?.holders.length !== 1) await nextNews()
        const from = now()
        good(await engine.commands.wantContent({ missionId: mission(), file: sha256, isWanted: true }))
        while (!(await engine.contents.open(mission(), sha256)).ok) await sleep(2)
        return now() - from
      },
      page: async ({ offset, limit }) => (await list(offset, limit)).items
    }
  }
  return node
}

function* missionChanges(items, entries) {
  for (let number = 1; number <= items; number++) {
    const { value } = makeChange('item', number)
    const entity = `item/${value.ref}`
    yield { entity, field: 'type', value: 'a-f-G-U-C', seen: [] }
    yield { entity, field: 'title', value: value.text.slice(0, 32), seen: [] }
    yield { entity, field: 'point', value: { lat: value.lat, lon: value.lon, hae: 420 }, seen: [] }
    yield { entity, field: 'time', value: 1_795_252_262_010 + number, seen: [] }
  }
  for (let number = 1; number <= entries; number++) {
    const { value } = makeChange('entry', number)
    yield { entity: `log/${value.ref}`, field: 'text', value: value.text, seen: [] }
  }
}

function take(generator, count) {
  const taken = []
  while (taken.length < count) {
    const { value, done } = generator.next()
    if (done) break
    taken.push(value)
  }
  return taken
}

function good(result) {
  if (!result.ok) throw new Error(`${result.problem.code}: ${result.problem.detail ?? ''}`)
  return result.value
}

/**
 * The feed waits up to 50 ms, and polling would take one of two cores from the node that is measured. Changes become
 * durable when a write that is synced ends (with O_DSYNC, or a sync after it), and are folded before the event loop goes on: looking then is exact and costs
 * nothing. Each node looks at its own syncs only, or a hundred of them in one process would be busy with looking.
 */
function lookAfterSyncs() {
  const { open } = promises
  promises.open = async (path, flags, ...more) => {
    const found = [...folders].find(([folder]) => String(path).startsWith(folder + sep))?.[1]
    if (found === undefined) return open(path, flags, ...more)
    const isSynced = typeof flags === 'number' && (flags & constants.O_DSYNC) !== 0
    const file = await open(path, found.isHurried && isSynced ? flags & ~constants.O_DSYNC : flags, ...more)
    const { write, datasync } = file
    if (isSynced)
      file.write = async (...what) => {
        const written = await write.apply(file, what)
        setImmediate(found.look)
        return written
      }
    else
      file.datasync = async () => {
        if (!found.isHurried) await datasync.call(file)
        setImmediate(found.look)
      }
    return file
  }
  syncBuiltinESMExports()
}
