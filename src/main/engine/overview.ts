/** What the window sees of the whole node: the shapes of shared/model.ts, made from the parts when somebody asks. */
import type {
  AnchorSummary,
  CertificateFacts,
  ListSummary,
  MissionId,
  MissionSummary,
  MissionView,
  NetworkStatus,
  NodeId,
  NodeStatus,
  Overview,
  PeerSummary,
  PinSummary,
  RevocationStatement
} from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import type { Settings } from '@shared/settings.js'
import type { Problem } from '@shared/result.js'
import { version } from '@shared/version.js'
import { certificateFacts } from './certificates/facts.js'
import { authorityId } from './certificates/lists.js'
import { parseCertificate } from './certificates/x509.js'
import type { Contents } from './content/contents.js'
import type { SliceName } from './feed-writer.js'
import { certificateDer } from './identity/certificate.js'
import type { OwnIdentity } from './identity/identity.js'
import { recognitionWords } from './identity/words.js'
import type { Datagrams } from './datagrams/datagrams.js'
import type { LinkTable } from './links/link-table.js'
import type { Mission } from './missions/mission.js'
import type { Missions } from './missions/missions.js'
import { currentText, memberList, missionEntity } from './missions/views.js'
import type { Standing } from './replication/standing.js'
import type { Clock } from './runtime/clock.js'
import { shortId } from './runtime/log.js'
import type { Pairings } from './pairing/pairing.js'
import type { Presence } from './presence/presence.js'
import type { PeerBook } from './trust/peer-book.js'
import type { Accepted, TrustBook } from './trust/trust-book.js'
import { hasEnded, isVouched } from './trust/trust-state.js'
import type { Introductions } from './trust/introductions.js'
import type { Vouching } from './trust/vouching.js'

const statementsShown = 20

export function statementView({ revoker, by, at, reason, effect }: Said): RevocationStatement {
  return { nodeId: revoker, callsign: by, at, ...(reason === undefined ? {} : { reason }), effect }
}
type Said = ReturnType<TrustBook['statementsAbout']>[number]

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
  readonly dataFolder: string
  readonly interfaces: () => NodeStatus['interfaces']
  readonly network: () => NetworkStatus
  readonly settings: () => Settings
  readonly isFirstRun: () => boolean
  readonly identity: OwnIdentity
  readonly trust: TrustBook
  readonly vouching: Vouching
  readonly introductions: Introductions
  readonly pairings: Pairings
  readonly peers: PeerBook
  readonly missions: Missions
  readonly links: LinkTable
  readonly datagrams: Datagrams
  readonly standing: Standing
  readonly presence: Presence
  readonly contents: Contents
  readonly health: HealthBook
  readonly readOnly: ProblemCode | undefined
  readonly startedAt: number
}

/** The shapes of shared/model.ts, made from the parts. */
export class Views {
  readonly #parts: ViewParts

  constructor(parts: ViewParts) {
    this.#parts = parts
  }

  overview(): Overview {
    const { missions, peers } = this.#parts
    return {
      node: this.slice('node'),
      network: this.slice('network'),
      health: this.slice('health'),
      anchors: this.slice('anchors'),
      pins: this.slice('pins'),
      auditTotal: this.slice('auditTotal'),
      peers: [...peers.peers.keys()].flatMap((nodeId) => this.peer(nodeId) ?? []),
      targets: this.slice('targets'),
      pairing: this.slice('pairing'),
      missions: missions.all().map((mission) => this.#summary(mission))
    }
  }

  slice<Name extends SliceName>(name: Name): Overview[Name] {
    const { network, health, trust, links, pairings } = this.#parts
    const slices: { readonly [Each in SliceName]: () => Overview[Each] } = {
      node: () => this.#node(),
      network,
      health: () => health.view(),
      anchors: () => this.#anchors(),
      pins: () => this.#pins(),
      auditTotal: () => trust.auditTotal,
      targets: () => links.dialer.targets(),
      pairing: () => pairings.view()
    }
    return slices[name]()
  }

  #node(): NodeStatus {
    const { dataFolder, interfaces, identity, startedAt, settings, isFirstRun } = this.#parts
    return {
      nodeId: identity.nodeId,
      callsign: identity.callsign,
      federation: identity.federation,
      boundary: this.#parts.trust.boundary,
      version,
      words: recognitionWords(identity.nodeId),
      certificateSha256: identity.certificateHash.toString('hex'),
      certificate: this.#ownCertificate(),
      settings: settings(),
      isFirstRun: isFirstRun(),
      keys: identity.protection,
      startedAt,
      interfaces: interfaces(),
      dataFolder,
      ...this.reach()
    }
  }

  #ownCertificate(): NodeStatus['certificate'] {
    const { identity, trust } = this.#parts
    const der = certificateDer(identity.tls.certificate)
    const read = parseCertificate(der)
    const isRevoked = read !== undefined && trust.lists.revokerOf(read) !== undefined
    return {
      ...factsOf(der),
      isOwn: !identity.isCertificateImported,
      ...(isRevoked ? { isRevoked } : {})
    }
  }

  reach(): Pick<NodeStatus, 'linkPort' | 'listenProblem' | 'readOnly'> {
    const { links, readOnly } = this.#parts
    const { linkPort, listenProblem } = links
    return {
      ...(linkPort === undefined ? {} : { linkPort }),
      ...(listenProblem === undefined ? {} : { listenProblem }),
      ...(readOnly === undefined ? {} : { readOnly })
    }
  }

  peer(nodeId: NodeId): PeerSummary | undefined {
    const { peers, trust, links, datagrams, standing } = this.#parts
    const known = peers.peers.get(nodeId)
    if (known === undefined) return undefined
    const { level, decision, federation } = trust.stateOf(nodeId)
    const link = links.linkTo(nodeId)
    const theirLevel =
      link === undefined ? {} : { theirLevel: link.theyTrust ? ('trusted' as const) : ('untrusted' as const) }
    const warning = this.#warningOf(nodeId)
    const positions = link && datagrams.mannerTo(link)
    const statements = this.#statementsAbout(nodeId)
    const introductions = this.#parts.introductions.about(nodeId)
    const late = this.#parts.vouching.lateOf(nodeId)
    return {
      nodeId,
      callsign: known.callsign,
      laptop: known.laptop,
      federation: level === 'trusted' ? (federation ?? known.federation) : known.federation,
      words: recognitionWords(nodeId),
      level,
      ...theirLevel,
      firstMet: known.firstMet,
      ...(decision === undefined ? {} : { decision }),
      link: links.stateOf(nodeId),
      addresses: known.addresses,
      ...(positions === undefined ? {} : { positions }),
      step: standing.stepWith(nodeId),
      given: known.given,
      ...(warning === undefined ? {} : { warning }),
      ...(late === undefined ? {} : { late }),
      ...(statements.length === 0 ? {} : { statements }),
      ...(introductions.length === 0 ? {} : { introductions })
    }
  }

  /** The newest of others; the own word is in the decision. */
  #statementsAbout(nodeId: NodeId): readonly RevocationStatement[] {
    const { trust, identity } = this.#parts
    return trust
      .statementsAbout(nodeId)
      .filter(({ revoker }) => revoker !== identity.nodeId)
      .slice(-statementsShown)
      .map(statementView)
  }

  #warningOf(nodeId: NodeId): ProblemCode | undefined {
    const { links, trust, vouching } = this.#parts
    const state = trust.stateOf(nodeId)
    const { certificate, ground } = state.decision ?? {}
    const isLost =
      (state.level === 'untrusted' || state.level === 'pending') &&
      isVouched(state) &&
      state.decision !== undefined &&
      !hasEnded(state.decision, trust.time)
    const isRemoved =
      isLost &&
      ground === 'anchor' &&
      !trust.acceptedCertificates().some(({ sha256 }) => sha256 === certificate?.sha256)
    if (isLost && ground === 'introduced') return 'introduction-lost'
    const lost = isRemoved ? 'anchor-removed' : isLost ? (trust.listProblemOf(nodeId) ?? 'certificate-lost') : undefined
    return links.warningOf(nodeId) ?? vouching.warningOf(nodeId) ?? lost
  }

  #anchors(): readonly AnchorSummary[] {
    const { trust, peers } = this.#parts
    return this.#accepted('anchor').map((accepted) => {
      const summary = summaryOf(accepted)
      return {
        ...summary,
        state: trust.lists.revokerOf(accepted.certificate) ? 'revoked' : stateAt(trust.time, summary),
        ...(accepted.lists === undefined ? {} : { needsList: true as const }),
        lists: this.#listsOf(accepted),
        vouchesFor: [...peers.peers.keys()].filter((nodeId) => {
          const { level, decision } = trust.stateOf(nodeId)
          return (
            level === 'trusted' && decision?.ground === 'anchor' && decision.certificate?.sha256 === accepted.sha256
          )
        })
      }
    })
  }

  #listsOf({ sha256, certificate }: Accepted): readonly ListSummary[] {
    const { trust } = this.#parts
    const own = authorityId(certificate)
    return trust.listLines().flatMap((line) => {
      if (line.anchor !== sha256 && line.authority !== own) return []
      const isLost = trust.lists.get(line.authority)?.list === undefined
      const isOutdated = line.nextUpdate !== undefined && line.nextUpdate <= trust.time
      const { name, number, thisUpdate, nextUpdate, entries, at, by, node, callsign = '' } = line
      return [
        {
          ...{ name, thisUpdate, entries, at, state: isLost ? 'lost' : isOutdated ? 'outdated' : 'current' },
          ...(number === undefined ? {} : { number }),
          ...(nextUpdate === undefined ? {} : { nextUpdate }),
          ...(by === undefined ? {} : { by }),
          ...(node === undefined ? {} : { from: { nodeId: node, callsign } })
        }
      ]
    })
  }

  #pins(): readonly PinSummary[] {
    const { trust } = this.#parts
    return this.#accepted('peer').map((accepted) => {
      const found = trust
        .decided()
        .find(({ decision }) => decision.ground === 'certificate' && decision.certificate?.sha256 === accepted.sha256)
      return { ...summaryOf(accepted), ...(found === undefined ? {} : { nodeId: found.nodeId }) }
    })
  }

  #accepted(as: Accepted['as']): readonly Accepted[] {
    return this.#parts.trust.acceptedCertificates().filter((accepted) => accepted.as === as)
  }

  mission(id: MissionId): MissionSummary | undefined {
    const mission = this.#parts.missions.get(id)
    return mission === undefined ? undefined : this.#summary(mission)
  }

  async missionView(mission: Mission): Promise<MissionView> {
    const fold = await mission.fold()
    const entity = await missionEntity(mission, fold)
    return {
      ...this.#summary(mission),
      entity,
      memberList: memberList(mission),
      unknownKinds: Object.entries(fold.summary().unknownKinds).map(([kind, count]) => ({ kind, count }))
    }
  }

  #summary(mission: Mission): MissionSummary {
    const { identity, standing, presence, contents } = this.#parts
    const presenceVersion = presence.version(mission.id)
    const contentVersion = contents.version(mission.id)
    const { create } = mission.signed
    const { summary } = mission
    const role = mission.roleOf(identity.nodeId)
    const asksToDelete = mission.permissions.members.get(identity.nodeId)?.asksToDelete
    return {
      id: mission.id,
      name: currentText(summary, 'name') ?? create.name,
      description: currentText(summary, 'description') ?? '',
      labels: create.labels,
      onward: create.onward,
      creator: mission.creator,
      creatorName: this.nameOf(mission, mission.creator),
      createdAt: create.at,
      ...(role === undefined ? {} : { role }),
      ...(mission.permissions.cutsOn(identity.nodeId).length === 0 ? {} : { isRemoved: true as const }),
      ...(asksToDelete === undefined ? {} : { asksToDelete }),
      members: mission.permissions.members.size,
      entries: summary.counts['log'] ?? 0,
      ...((summary.counts['item'] ?? 0) > 0 ? { items: summary.counts['item'] ?? 0 } : {}),
      conflicts: summary.conflicts,
      changes: mission.logs.changes,
      waiting: mission.waiting,
      lastChangeAt: summary.lastChangeAt,
      version: summary.version,
      digest: mission.logs.digest(),
      onlyHere: standing.onlyHere(mission),
      filesOnlyHere: contents.spread(mission).alone,
      holders: standing.holders(mission),
      ...(presenceVersion === 0 ? {} : { presenceVersion }),
      ...(contentVersion === 0 ? {} : { contentVersion }),
      ...(mission.permissions.isReadOnly ? { readOnly: 'mission-read-only' as const } : {})
    }
  }

  /** What a member of this mission is called. */
  nameOf(mission: Mission, author: NodeId): string {
    const { identity, peers } = this.#parts
    if (author === identity.nodeId) return identity.callsign
    return mission.names.get(author) ?? peers.peers.get(author)?.callsign ?? shortId(author)
  }
}

function summaryOf({ sha256, data, at, by, scope, until }: Accepted): PinSummary {
  return { id: sha256, certificate: factsOf(data), at, by, scope, ...(until === undefined ? {} : { until }) }
}

function stateAt(time: number, { certificate, until }: PinSummary): AnchorSummary['state'] {
  if (until !== undefined && until <= time) return 'ended'
  if (certificate.notAfter <= time) return 'expired'
  return certificate.notBefore > time ? 'not-yet-valid' : 'active'
}

/** Of a certificate that was read before it was kept. */
function factsOf(der: Uint8Array): CertificateFacts {
  const facts = certificateFacts(der)
  if (facts === undefined) throw new Error('a certificate that was kept is not readable')
  return facts
}
