/**
 * The composition root: builds the parts, wires neighbours, starts and stops them in order, and answers the commands.
 * Knows everything and decides nothing: decisions are in the pure modules below.
 */
import type { CommandHandlers, DecisionRequest } from '@shared/contract.js'
import type { FeedMessage } from '@shared/feed.js'
import type {
  Decision,
  MissionId,
  MissionSummary,
  MissionView,
  NodeId,
  NodeStatus,
  Overview,
  PeerSummary
} from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import { fail, ok, problem, type Problem, type Result } from '@shared/result.js'
import { everything } from '@shared/scope.js'
import { version } from '@shared/version.js'
import { FeedWriter } from './feed-writer.js'
import type { Identity } from './identity/identity.js'
import { loadOrCreateIdentity } from './identity/identity.js'
import { recognitionWords } from './identity/words.js'
import { bounds } from './limits.js'
import { LinkTable } from './links/link-table.js'
import type { Transport } from './links/transport.js'
import type { Damage } from './logs/journal.js'
import type { Head } from './logs/run.js'
import type { Mission } from './missions/mission.js'
import { Missions } from './missions/missions.js'
import { conflictList, currentText, entityPage, memberList, missionEntity } from './missions/views.js'
import { Replicator } from './replication/replicator.js'
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
  const views = new Views({ settings, ports, identity, trust, peers, missions, links, replicator, health, startedAt: clock.now() })

  function afterStart(act: () => void): void {
    if (isStarted) act()
  }
  function trustChanged(nodeId: NodeId): void {
    links.review(nodeId)
    replicator.admitPeers()
    feed.notePeer(nodeId)
    for (const mission of missions.all()) feed.noteMission(mission.id)
  }

  isStarted = true
  health.set('journal', trust.isGood ? undefined : problem('journal-damaged'))
  await links.start(settings.linkHost, settings.linkPort)
  health.set('listen', links.listenProblem)
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
    health.set(`file ${damage.segment}`, problem('file-damaged', `${damage.segment}: ${String(damage.bytes)} bytes, now in ${damage.aside}`))
}

/** What limits this node now. */
class HealthBook {
  readonly #clock: Clock
  readonly #changed: () => void
  readonly #problems = new Map<string, Problem & { readonly since: number }>()

  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock
    this.#changed = changed
  }

  set(part: string, found: Problem | undefined): void {
    const before = this.#problems.get(part)
    if (before?.code === found?.code) return
    if (found === undefined) this.#problems.delete(part)
    else this.#problems.set(part, { ...found, since: this.#clock.now() })
    this.#changed()
  }

  view(): Overview['health'] {
    return { problems: [...this.#problems.values()] }
  }
}

interface ViewParts {
  readonly settings: EngineSettings
  readonly ports: EnginePorts
  readonly identity: Identity
  readonly trust: TrustBook
  readonly peers: PeerBook
  readonly missions: Missions
  readonly links: LinkTable
  readonly replicator: Replicator
  readonly health: HealthBook
  readonly startedAt: number
}

/** The shapes of shared/model.ts, made from the parts. */
class Views {
  readonly #parts: ViewParts

  constructor(parts: ViewParts) {
    this.#parts = parts
  }

  overview(): Overview {
    const { missions, peers, links, health } = this.#parts
    return {
      node: this.node(),
      health: health.view(),
      peers: [...peers.peers.keys()].flatMap((nodeId) => this.peer(nodeId) ?? []),
      targets: links.dialer.targets(),
      missions: missions.all().map((mission) => this.#summary(mission))
    }
  }

  node(): NodeStatus {
    const { settings, ports, identity, links, startedAt } = this.#parts
    const { linkPort, listenProblem } = links
    return {
      nodeId: identity.nodeId,
      callsign: settings.callsign,
      federation: identity.record.federation,
      version,
      words: recognitionWords(identity.nodeId),
      certificateSha256: identity.certificateHash.toString('hex'),
      startedAt,
      interfaces: ports.interfaces(),
      dataFolder: settings.dataFolder,
      ...(linkPort === undefined ? {} : { linkPort }),
      ...(listenProblem === undefined ? {} : { listenProblem })
    }
  }

  peer(nodeId: NodeId): PeerSummary | undefined {
    const { peers, trust, links, replicator } = this.#parts
    const known = peers.peers.get(nodeId)
    if (known === undefined) return undefined
    const { level, decision, federation } = trust.stateOf(nodeId)
    const link = links.linkTo(nodeId)
    const theirLevel = link === undefined ? {} : { theirLevel: link.theyTrust ? ('trusted' as const) : ('untrusted' as const) }
    const warning = links.warningOf(nodeId)
    return {
      nodeId,
      callsign: known.callsign,
      federation: level === 'trusted' ? (federation ?? known.federation) : known.federation,
      words: recognitionWords(nodeId),
      level,
      ...theirLevel,
      firstMet: known.firstMet,
      ...(decision === undefined ? {} : { decision }),
      link: links.stateOf(nodeId),
      addresses: known.addresses,
      step: replicator.stepWith(nodeId),
      given: known.given,
      ...(warning === undefined ? {} : { warning })
    }
  }

  mission(id: MissionId): MissionSummary | undefined {
    const mission = this.#parts.missions.get(id)
    return mission === undefined ? undefined : this.#summary(mission)
  }

  missionView(mission: Mission): MissionView {
    return {
      ...this.#summary(mission),
      entity: missionEntity(mission),
      memberList: memberList(mission),
      conflictList: conflictList(mission),
      unknownKinds: [...mission.fold.unknownKinds].map(([kind, count]) => ({ kind, count }))
    }
  }

  #summary(mission: Mission): MissionSummary {
    const { identity, replicator } = this.#parts
    const { create } = mission.signed
    const role = mission.roleOf(identity.nodeId)
    return {
      id: mission.id,
      name: currentText(mission, 'mission', 'name') ?? create.name,
      description: currentText(mission, 'mission', 'description') ?? '',
      labels: create.labels,
      onward: create.onward,
      creator: mission.creator,
      creatorName: this.#nameOf(mission, mission.creator),
      createdAt: create.at,
      ...(role === undefined ? {} : { role }),
      members: mission.fold.members.size,
      entries: mission.fold.counts.get('log') ?? 0,
      conflicts: mission.fold.conflicts.size,
      changes: mission.logs.changes,
      waiting: mission.waiting,
      lastChangeAt: mission.fold.lastChangeAt,
      version: mission.fold.version,
      digest: mission.logs.digest(),
      onlyHere: replicator.onlyHere(mission),
      holders: replicator.holders(mission),
      ...(mission.fold.readOnly ? { readOnly: 'mission-read-only' as const } : {})
    }
  }

  #nameOf(mission: Mission, author: NodeId): string {
    const { identity, settings, peers } = this.#parts
    if (author === identity.nodeId) return settings.callsign
    return mission.names.get(author) ?? peers.peers.get(author)?.callsign ?? shortId(author)
  }
}

interface CommandParts {
  readonly identity: Identity
  readonly callsign: string
  readonly clock: Clock
  readonly trust: TrustBook
  readonly peers: PeerBook
  readonly missions: Missions
  readonly links: LinkTable
  readonly views: Views
  readonly health: HealthBook
}

function createCommands(parts: CommandParts): CommandHandlers {
  const { trust, peers, missions, links, views, health } = parts
  const known = (id: MissionId): Result<Mission> => {
    const mission = missions.get(id)
    return mission === undefined ? fail('mission-unknown') : ok(mission)
  }
  return {
    async addPeer(to) {
      const others = peers.targets.filter((other) => other.address !== to.address || other.port !== to.port)
      if (others.length >= bounds.targets) return fail('too-many', `${String(bounds.targets)} addresses`)
      peers.setTargets([...others, to])
      links.dialer.add(to)
      return ok(null)
    },
    async removeAddress(to) {
      peers.setTargets(peers.targets.filter((other) => other.address !== to.address || other.port !== to.port))
      links.dialer.remove(to)
      return ok(null)
    },
    async tryNow({ nodeId }) {
      if (nodeId === undefined) links.dialer.wakeAll()
      else links.dialer.wake(nodeId)
      return ok(null)
    },
    decide: (request) => decide(parts, request),
    async confirmJournal() {
      const confirmed = await trust.confirm()
      if (!confirmed.ok) return confirmed
      health.set('journal', undefined)
      for (const nodeId of peers.peers.keys()) links.review(nodeId)
      return confirmed
    },
    async createMission(request) {
      const made = await missions.create(request)
      return made.ok ? ok({ id: made.value.id }) : made
    },
    async write({ missionId, changes }) {
      const mission = known(missionId)
      if (!mission.ok) return mission
      const written = await mission.value.write(changes)
      return written.ok ? ok({ changes: written.value.map((name) => ({ name })) }) : written
    },
    async viewMission({ missionId }) {
      const mission = known(missionId)
      return mission.ok ? ok(views.missionView(mission.value)) : mission
    },
    async listEntities({ missionId, ...query }) {
      const mission = known(missionId)
      return mission.ok ? ok(entityPage(mission.value, query)) : mission
    },
    async listAudit({ offset, limit }) {
      return ok(trust.audit(offset, limit))
    }
  }
}

async function decide(parts: CommandParts, request: DecisionRequest): Promise<Result<null>> {
  const { trust, peers, clock, callsign, identity } = parts
  const peer = peers.peers.get(request.nodeId)
  if (peer === undefined) return fail('not-found', 'no peer of this node ID has said hello')
  const refused = refuseDecision(request, peer.federation, identity.record.federation, trust.time)
  if (refused !== undefined) return fail(refused)
  const { level, scope = everything, until, reason, ground = 'unseen' } = request
  const decision: Decision = {
    level,
    at: clock.now(),
    by: callsign,
    ground,
    scope,
    ...(until === undefined ? {} : { until }),
    ...(reason === undefined ? {} : { reason })
  }
  if (level === 'trusted' && trust.stateOf(request.nodeId).level !== 'trusted') peers.count(request.nodeId, undefined)
  return trust.decide({ nodeId: request.nodeId, callsign: peer.callsign, federation: peer.federation, decision })
}

function refuseDecision(
  { level, until }: DecisionRequest,
  theirFederation: string,
  ownFederation: string,
  time: number
): ProblemCode | undefined {
  if (until !== undefined && (level !== 'trusted' || until <= time)) return 'bad-until'
  return level === 'trusted' && theirFederation !== ownFederation ? 'federation-differs' : undefined
}
