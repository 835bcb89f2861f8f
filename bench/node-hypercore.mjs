/**
 * Hypercore as a node of the benchmark: signed and encrypted like ours, with a log for each writer, all of them passed
 * on over every link. It does not sync to disk before it answers, so its times hold no disk.
 */
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import NoiseSecretStream from '@hyperswarm/secret-stream'
import Hypercore from 'hypercore'
import CoreStorage from 'hypercore-storage'
import { drive } from './driver.mjs'

drive(createNode)

function createNode(stored) {
  /** By key in hex, the own one too. */
  const cores = new Map()
  const links = new Set()
  let folder
  let own
  let server

  async function openCore(name, key) {
    // Copied folders are opened too: no backups here, each copy is used once.
    const core = new Hypercore(new CoreStorage(join(folder, name), { allowBackup: true }), key)
    await core.ready()
    cores.set(core.key.toString('hex'), core)
    core.on('append', stored)
    core.on('download', () => setImmediate(stored))
    for (const link of links) core.replicate(link)
    if (!core.writable) core.download({ start: 0, end: -1 })
    return core
  }

  function addLink(socket, isInitiator) {
    socket.setNoDelay(true)
    const link = new NoiseSecretStream(isInitiator, socket)
    links.add(link)
    link.on('error', () => undefined)
    link.on('close', () => links.delete(link))
    for (const core of cores.values()) core.replicate(link)
  }

  return {
    async start(options) {
      folder = options.folder
      own = await openCore('own')
      for (const name of readdirSync(folder)) if (name !== 'own') await openCore(name, Buffer.from(name, 'hex'))
      server = createServer((socket) => addLink(socket, false)).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { port: server.address().port }
    },
    async link({ port }) {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      addLink(socket, true)
    },
    unlinked: () => Promise.all([...links].map((link) => link.destroyed || once(link, 'close'))),
    async write(changes) {
      await own.append(changes.map((change) => Buffer.from(JSON.stringify({ at: Date.now(), ...change }))))
      return { author: own.key.toString('hex'), seq: own.length }
    },
    count: () => [...cores.values()].reduce((sum, core) => sum + core.contiguousLength, 0),
    digest: () =>
      JSON.stringify(
        [...cores].flatMap(([key, core]) => (core.length > 0 ? [[key, core.contiguousLength]] : [])).sort()
      ),
    async stop() {
      for (const link of links) link.destroy()
      server.close()
      for (const core of cores.values()) await core.close()
    },
    more: {
      keys: () => [...cores.keys()],
      /** From now on these logs are taken and passed on. */
      async join({ keys }) {
        for (const key of keys) if (!cores.has(key)) await openCore(key, Buffer.from(key, 'hex'))
      }
    }
  }
}
