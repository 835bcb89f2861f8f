/**
 * The composition root: builds the parts, wires neighbours, starts and stops them in order, and answers the commands.
 * Knows everything and decides nothing: decisions are in the pure modules below.
 */
import type { CommandHandlers } from '@shared/contract.js'
import type { FeedMessage } from '@shared/feed.js'
import type { MissionId, NodeId, NodeStatus, Overview } from '@shared/model.js'
import { fail, ok, problem, type Result } from '@shared/result.js'
import { version } from '@shared/version.js'
import { createCommands } from './command-handlers.js'
import type { Discovery } from './discovery/discovery.js'
import { FeedWriter } from './feed-writer.js'
import { loadOrCreateIdentity } from './identity/identity.js'
import { LinkTable } from './links/link-table.js'
import type { Transport } from './links/transport.js'
import type { Damage } from './logs/journal.js'
import type { Head } from './logs/run.js'
import { Missions } from './missions/missions.js'
import { HealthBook, Views } from './overview.js'
import { Replicator } from './replication/replicator.js'
import { Standing } from './replication/standing.js'
import type { Clock } from './runtime/clock.js'
import { shortId, type Log } from './runtime/log.js'
import type { Random } from './runtime/random.js'
import type { Disk } from './storage/disk.js'
import { PeerBook } from './trust/peer-book.js'
import { TrustBook } from './trust/trust-book.js'

/** Everything from outside that the engine rests on; the simulated field brings its own. */
export interface EnginePorts {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly transport: Transport
  /** Left out: peers are found by address only. */
  readonly discovery?: Discovery | undefined
  readonly interfaces: () => NodeStatus['interfaces']
}

export interface EngineSettings {
  readonly callsign: string
  /** Left out: as last time, or `field`. */
  readonly federation?: string | undefined
  /** 0: any free port. */
  readonly linkPort: number
  /** Left out: all interfaces. */
  readonly linkHost?: string | undefined
  readonly dataFolder: string
  readonly log: Log
}

export interface Engine {
  readonly nodeId: NodeId
  readonly commands: CommandHandlers
  /** Starts with a snapshot; returns its undo. */
  subscribe(listener: (message: FeedMessage) => void): () => void
  overview(): Overview
  /** Types of the entities in a mission, `mission` itself left out. */
  entityTypes(mission: MissionId): readonly string[]
  heads(mission: MissionId): Result<{ readonly digest: string; readonly heads: readonly Head[] }>
  /** Counters since the start, for whoever watches a node. */
  counters(): Readonly<Record<string, number>>
  /** Writes what is under way, ends every link, and leaves the folder to others. */
  stop(): Promise<void>
}

export async function startEngine(settings: EngineSettings, ports: EnginePorts): Promise<Result<Engine>> {
  const { clock, random, disk, transport } = ports
  const { callsign, log } = settings
  const loaded = await loadOrCreateIdentity(disk, settings.federation, random, clock.now())
  if (!loaded.ok) return loaded
  const { identity, created } = loaded.value
  let isStarted = false
  const health = new HealthBook(clock, () => feed.note('health'))
  const onDamage = (damage: Damage) => noteDamage(damage, health, log)

  const feed: FeedWriter = new FeedWriter(clock, {
    overview: () => views.overview(),
    node: () => views.node(),
    health: () => health.view(),
    targets: () => links.dialer.targets(),
    peer: (nodeId) => views.peer(nodeId),
    mission: (id) => views.mission(id)
  })
  const opened = await TrustBook.open(
    {
      disk,
      identity,
      callsign,
      clock,
      random,
      onDamage,
      // Nothing is linked while the book is read.
      onTrust: (nodeId) => afterStart(() => trustChanged(nodeId))
    },
    created
  )
  if (!opened.ok) return opened
  const trust = opened.value
  const peers = await PeerBook.open(disk, clock, log, (found) => health.set('peers', found))
  for (const known of trust.decided()) peers.remember(known, known.decision.at)
  const missions = await Missions.open(
    {
      disk,
      identity,
      callsign,
      clock,
      random,
      events: {
        onRun: (mission, run) => replicator.newRun(mission, run),
        onChange: (mission) =>
          afterStart(() => {
            const isNew = !announced.has(mission.id)
            announced.add(mission.id)
            if (isNew) replicator.missionAdded(mission)
            else replicator.missionChanged(mission)
            replicator.admitPeers()
            feed.noteMission(mission.id)
          }),
        onSaved: (found) => health.set('disk', found)
      }
    },
    {
      onDamage,
      onUnreadable: (id, found) => {
        log('error', 'mission-unreadable', { mission: shortId(id), code: found.code, detail: found.detail })
        health.set(`mission ${id}`, found)
      }
    }
  )
  const announced = new Set(missions.all().map(({ id }) => id))
  const links: LinkTable = new LinkTable({
    transport,
    self: {
      identity,
      callsign,
      run: random.bytes(16).toString('hex'),
      clock,
      random,
      mayLeave: (nodeId, mission) => replicator.mayLeave(nodeId, mission)
    },
    trust,
    peers,
    federation: identity.record.federation,
    log,
    onUp: (link, nodeId) => replicator.linkUp(link, nodeId),
    onDown: (_, nodeId) => replicator.linkDown(nodeId),
    onMessage: (link, nodeId, message) => replicator.message(link, nodeId, message),
    onRun: (link, nodeId, mission, run) => replicator.run(link, nodeId, mission, run),
    onPeer: (nodeId) => feed.notePeer(nodeId),
    onTargets: () => feed.note('targets')
  })
  const replicator: Replicator = new Replicator({
    missions,
    links,
    trust,
    peers,
    ownId: identity.nodeId,
    clock,
    log,
    onStep: (nodeId, mission) => {
      feed.notePeer(nodeId)
      feed.noteMission(mission)
    }
  })
  const standing = new Standing({ missions, links, peers, ownId: identity.nodeId, exchanges: replicator.exchanges })
  const views = new Views({
    callsign,
    dataFolder: settings.dataFolder,
    interfaces: ports.interfaces,
    identity,
    trust,
    peers,
    missions,
    links,
    standing,
    health,
    startedAt: clock.now()
  })

  function afterStart(act: () => void): void {
    if (isStarted) act()
  }
  function trustChanged(nodeId: NodeId): void {
    links.review(nodeId)
    replicator.trustChanged(nodeId)
    replicator.admitPeers()
    feed.notePeer(nodeId)
    for (const mission of missions.all()) feed.noteMission(mission.id)
  }

  isStarted = true
  health.set('journal', trust.isGood ? undefined : problem('journal-damaged'))
  await links.start(settings.linkHost, settings.linkPort)
  health.set('listen', links.listenProblem)
  if (links.linkPort !== undefined)
    ports.discovery?.start({
      port: links.linkPort,
      onSighting: (sighting) => links.sighted(sighting),
      onGone: () => undefined
    })
  await trust.note('started', { text: version })

  return ok({
    nodeId: identity.nodeId,
    commands: createCommands({ identity, callsign, clock, trust, peers, missions, links, views, health }),
    subscribe: (listener) => feed.subscribe(listener),
    overview: () => views.overview(),
    entityTypes: (id) => [...(missions.get(id)?.fold.counts.keys() ?? [])].filter((type) => type !== 'mission'),
    heads(id) {
      const mission = missions.get(id)
      return mission === undefined
        ? fail('mission-unknown')
        : ok({ digest: mission.logs.digest(), heads: mission.logs.heads() })
    },
    counters: () => ({
      links: links.up().length,
      peers: peers.peers.size,
      missions: missions.all().length,
      changes: missions.all().reduce((sum, mission) => sum + mission.logs.changes, 0),
      connections_refused: links.refusedEarly,
      runs_not_taken: [...replicator.refused.values()].reduce((sum, count) => sum + count, 0)
    }),
    async stop() {
      await ports.discovery?.stop()
      await links.stop()
      await missions.close()
      await trust.close()
      await peers.close()
    }
  })
}

function noteDamage(damage: Damage, health: HealthBook, log: Log): void {
  log('warn', 'damage', { file: damage.segment, bytes: damage.bytes, aside: damage.aside, kind: damage.kind })
  if (damage.kind === 'damaged' && damage.isNew)
    health.set(
      `file ${damage.segment}`,
      problem('file-damaged', `${damage.segment}: ${String(damage.bytes)} bytes, now in ${damage.aside}`)
    )
}
