/** The engine's public face: code outside this folder imports this file only. */
import { networkInterfaces } from 'node:os'
import type { SnapshotSummary } from '@shared/model.js'
import { fail, ok, type Problem, type Result } from '@shared/result.js'
import { udpNetwork } from './datagrams/udp-network.js'
import type { Engine, EnginePorts } from './engine.js'
import { askDns } from './discovery/dns-client.js'
import { DnsSd } from './discovery/dns-sd.js'
import type { KeyStore } from './identity/key-store.js'
import { startNode } from './keeper.js'
import { tlsTransport } from './links/tls-transport.js'
import { systemClock } from './runtime/clock.js'
import { silentLog, type Log } from './runtime/log.js'
import { systemRandom } from './runtime/random.js'
import { newerVersion } from './snapshots/open-folder.js'
import { Snapshots } from './snapshots/snapshots.js'
import { diskProblem, kept, systemCode, type Disk } from './storage/disk.js'
import { createFileDisk } from './storage/file-disk.js'
import { lockFolder, refuseHeld, type FolderLock } from './storage/folder-lock.js'
import { readOnlyView } from './storage/read-only-disk.js'

export { callCommand, isCommandName } from './commands.js'
export { usualLinkPort, type Engine, type EnginePorts } from './engine.js'
export type { KeyStore } from './identity/key-store.js'
export { limits } from './limits.js'
export { publishedFacts } from './storage/folder-lock.js'
export type { MapTile } from './maps/map-shelf.js'
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
  /** Opens keys that are under one; left out, the node starts locked then. Wrong: `wrong-passphrase`, and no start. */
  readonly passphrase?: string
  /** A snapshot to go back to before anything is read: its name, or `latest`. */
  readonly restore?: string
  /** A person chose a snapshot: stop this engine and start another one, which goes back to it. */
  readonly onRestartWanted?: () => void
  /** Neither listens nor dials: for work on the folder alone. */
  readonly isOffline?: boolean
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
  const { restore, onRestartWanted, isOffline, passphrase } = options
  const disk = ports.disk ?? createFileDisk(dataFolder)
  const [access, mdns] = await Promise.all([
    ports.disk === undefined ? takeFolder(dataFolder, disk) : ok<FolderAccess>({}),
    options.discovery === 'mdns' ? import('./discovery/mdns.js') : undefined
  ])
  if (!access.ok) return access
  const { lock, readOnly } = access.value
  const started = await startSafely(
    {
      dataFolder,
      callsign,
      federation,
      linkPort,
      linkHost,
      wantsFirstRun,
      restore,
      readOnly,
      onRestartWanted,
      isOffline,
      passphrase,
      log
    },
    {
      clock: systemClock,
      random: systemRandom,
      disk,
      transport: tlsTransport,
      datagrams: udpNetwork,
      // Whoever carries the drive to another laptop may be another account there.
      drive: (folder) => createFileDisk(folder, { mode: 0o644 }),
      discovery:
        mdns &&
        (() =>
          mdns.createMdns({ clock: systemClock, random: systemRandom, log, onlyAddress: options.discoveryAddress })),
      dnsSd: (server, domain) => {
        const parts = { clock: systemClock, random: systemRandom, log }
        return new DnsSd({
          ...parts,
          domain,
          ask: (question, isOver) => askDns({ ...parts, server }, question, isOver)
        })
      },
      keyStore,
      interfaces: systemInterfaces,
      ...ports
    }
  )
  if (!started.ok) {
    await lock?.release()
    return started
  }
  const engine = started.value
  return ok({
    ...engine,
    get nodeId() {
      return engine.nodeId
    },
    publish: async (facts) => lock?.publish(facts),
    async stop() {
      await engine.stop()
      await lock?.release()
    }
  })
}

/** The snapshots in a data folder, newest first; also of one that is in use. */
export async function listSnapshots(
  dataFolder: string,
  log: Log = silentLog
): Promise<Result<readonly SnapshotSummary[]>> {
  // Only looked at: a damaged manifest is not moved aside while a node may be writing there.
  const disk = readOnlyView(createFileDisk(dataFolder))
  return kept(new Snapshots({ disk, clock: systemClock, log, onProblem: () => undefined }).list())
}

interface FolderAccess {
  readonly lock?: FolderLock
  /** Why it is only looked at; there is no lock then. */
  readonly readOnly?: Problem
}

/** Takes the folder for this process, or finds why it can only be looked at. */
async function takeFolder(folder: string, disk: Disk): Promise<Result<FolderAccess>> {
  const newer = await kept(newerVersion(disk))
  if (!newer.ok) return newer
  if (newer.value !== undefined) {
    const free = await refuseHeld(folder)
    return free.ok ? ok({ readOnly: newer.value }) : free
  }
  const lock = await lockFolder(folder)
  if (lock.ok) return ok({ lock: lock.value })
  if (lock.problem.code !== 'disk-read-only') return lock
  // Without a node in it there is nothing to look at.
  const identity = await kept(disk.facts('identity.json'))
  return identity.ok && identity.value !== undefined ? ok({ readOnly: lock.problem }) : lock
}

/** A disk that fails while the folder is read is a problem to report, not a crash. */
async function startSafely(...start: Parameters<typeof startNode>): Promise<Result<Engine>> {
  try {
    return await startNode(...start)
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
