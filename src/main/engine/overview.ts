/** What the window sees of the whole node: the shapes of shared/model.ts, made from the parts when somebody asks. */
import type {
  MissionId,
  MissionSummary,
  MissionView,
  NodeId,
  NodeStatus,
  Overview,
  PeerSummary
} from '@shared/model.js'
import type { Problem } from '@shared/result.js'
import { version } from '@shared/version.js'
import type { Identity } from './identity/identity.js'
import { recognitionWords } from './identity/words.js'
import type { LinkTable } from './links/link-table.js'
import type { Mission } from './missions/mission.js'
import type { Missions } from './missions/missions.js'
import { conflictList, currentText, memberList, missionEntity } from './missions/views.js'
import type { Standing } from './replication/standing.js'
import type { Clock } from './runtime/clock.js'
import { shortId } from './runtime/log.js'
import type { PeerBook } from './trust/peer-book.js'
import type { TrustBook } from './trust/trust-book.js'

/** What limits this node now. */
export class HealthBook {
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

export interface ViewParts {
  readonly callsign: string
  readonly dataFolder: string
  readonly interfaces: () => NodeStatus['interfaces']
  readonly identity: Identity
  readonly trust: TrustBook
  readonly peers: PeerBook
  readonly missions: Missions
  readonly links: LinkTable
  readonly standing: Standing
  readonly health: HealthBook
  readonly startedAt: number
}

/** The shapes of shared/model.ts, made from the parts. */
export class Views {
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
    const { callsign, dataFolder, interfaces, identity, links, startedAt } = this.#parts
    const { linkPort, listenProblem } = links
    return {
      nodeId: identity.nodeId,
      callsign,
      federation: identity.record.federation,
      version,
      words: recognitionWords(identity.nodeId),
      certificateSha256: identity.certificateHash.toString('hex'),
      startedAt,
      interfaces: interfaces(),
      dataFolder,
      ...(linkPort === undefined ? {} : { linkPort }),
      ...(listenProblem === undefined ? {} : { listenProblem })
    }
  }

  peer(nodeId: NodeId): PeerSummary | undefined {
    const { peers, trust, links, standing } = this.#parts
    const known = peers.peers.get(nodeId)
    if (known === undefined) return undefined
    const { level, decision, federation } = trust.stateOf(nodeId)
    const link = links.linkTo(nodeId)
    const theirLevel =
      link === undefined ? {} : { theirLevel: link.theyTrust ? ('trusted' as const) : ('untrusted' as const) }
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
      step: standing.stepWith(nodeId),
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
    const { identity, standing } = this.#parts
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
      onlyHere: standing.onlyHere(mission),
      holders: standing.holders(mission),
      ...(mission.fold.readOnly ? { readOnly: 'mission-read-only' as const } : {})
    }
  }

  #nameOf(mission: Mission, author: NodeId): string {
    const { identity, callsign, peers } = this.#parts
    if (author === identity.nodeId) return callsign
    return mission.names.get(author) ?? peers.peers.get(author)?.callsign ?? shortId(author)
  }
}
