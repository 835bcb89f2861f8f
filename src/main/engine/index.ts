/** The engine's public face: code outside this folder imports this file only. */
import { networkInterfaces } from 'node:os'
import { fail, ok, type Result } from '@shared/result.js'
import { createMdns } from './discovery/mdns.js'
import { startEngine, type Engine, type EnginePorts } from './engine.js'
import type { KeyStore } from './identity/key-store.js'
import { tlsTransport } from './links/tls-transport.js'
import { systemClock } from './runtime/clock.js'
import { silentLog, type Log } from './runtime/log.js'
import { systemRandom } from './runtime/random.js'
import { diskProblem, systemCode } from './storage/disk.js'
import { createFileDisk } from './storage/file-disk.js'
import { lockFolder } from './storage/folder-lock.js'

export { callCommand, isCommandName } from './commands.js'
export { usualLinkPort, type Engine, type EnginePorts } from './engine.js'
export type { KeyStore } from './identity/key-store.js'
export { limits } from './limits.js'
export type { Log, LogLevel } from './runtime/log.js'

export interface EngineOptions {
  readonly dataFolder: string
  readonly callsign: string
  readonly federation?: string
  readonly linkPort?: number
  /** Left out: all interfaces. */
  readonly linkHost?: string
  /** `mdns`: be found and find others on the networks of this machine. Left out: `off`. */
  readonly discovery?: 'mdns' | 'off'
  /** mDNS on this interface only, by its address. */
  readonly discoveryAddress?: string
  /** Show the first steps; callsign and the like are suggestions then, and what a person set wins. */
  readonly wantsFirstRun?: boolean
  /** The system's; left out: keys lie in a file that only this account can read. */
  readonly keyStore?: KeyStore
  readonly log?: Log
  /** Parts that stand in for the real ones; with a disk of its own there is no folder to lock. */
  readonly ports?: Partial<EnginePorts>
}

export interface RunningEngine extends Engine {
  /** Facts about this process for others on this machine, kept in the folder's lock file. */
  publish(facts: Readonly<Record<string, string | number>>): Promise<void>
}

/** Starts a node on a data folder, which it makes if it is not there. Problems are values; see shared/problems.ts. */
export async function createEngine(options: EngineOptions): Promise<Result<RunningEngine>> {
  const { dataFolder, callsign, federation, linkPort, linkHost, wantsFirstRun, keyStore, ports = {} } = options
  const { log = silentLog } = options
  const lock = ports.disk === undefined ? await lockFolder(dataFolder) : undefined
  if (lock?.ok === false) return lock
  const started = await startSafely(
    { dataFolder, callsign, federation, linkPort, linkHost, wantsFirstRun, log },
    {
      clock: systemClock,
      random: systemRandom,
      disk: ports.disk ?? createFileDisk(dataFolder),
      transport: tlsTransport,
      discovery:
        options.discovery === 'mdns'
          ? () => createMdns({ clock: systemClock, random: systemRandom, log, onlyAddress: options.discoveryAddress })
          : undefined,
      keyStore,
      interfaces: systemInterfaces,
      ...ports
    }
  )
  if (!started.ok) {
    await lock?.value.release()
    return started
  }
  const engine = started.value
  return ok({
    ...engine,
    publish: async (facts) => lock?.value.publish(facts),
    async stop() {
      await engine.stop()
      await lock?.value.release()
    }
  })
}

/** A disk that fails while the folder is read is a problem to report, not a crash. */
async function startSafely(...start: Parameters<typeof startEngine>): Promise<Result<Engine>> {
  try {
    return await startEngine(...start)
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return fail(diskProblem(error), String(error))
  }
}

function systemInterfaces() {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => ({ name, address }))
  )
}
