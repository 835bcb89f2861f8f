/** The commands, each answered by the part that it is for. Arguments were parsed by commands.ts. */
import type { CommandHandlers, CommandName } from '@shared/contract.js'
import type { MissionId, NodeId } from '@shared/model.js'
import { fail, ok, type Problem, type Result } from '@shared/result.js'
import type { Settings } from '@shared/settings.js'
import type { OwnIdentity } from './identity/identity.js'
import type { createBundleCommands } from './bundle-commands.js'
import type { createAuthorityCommands } from './authority-commands.js'
import type { createCertificateCommands } from './certificate-commands.js'
import type { createHistoryCommands } from './history-commands.js'
import type { createContentCommands } from './content-commands.js'
import type { createCatalogueCommands } from './catalogue-commands.js'
import type { createBoundaryCommands } from './boundary-commands.js'
import { decide, settleIntroduced, stateRevocation } from './decide.js'
import { bounds } from './limits.js'
import type { LinkTable } from './links/link-table.js'
import type { createKeyCommands, KeeperCommands } from './key-commands.js'
import type { createMapCommands } from './map-commands.js'
import { createMemberCommands } from './member-commands.js'
import type { Mission } from './missions/mission.js'
import type { Missions } from './missions/missions.js'
import type { HealthBook, Views } from './overview.js'
import { createTrustStory } from './trust-story.js'
import type { Pairings } from './pairing/pairing.js'
import type { Presence } from './presence/presence.js'
import type { Clock } from './runtime/clock.js'
import type { createSnapshotCommands } from './snapshot-commands.js'
import type { createStandingCommands } from './standing-commands.js'
import { kept } from './storage/disk.js'
import type { PeerBook } from './trust/peer-book.js'
import type { TrustBook } from './trust/trust-book.js'
import type { Introductions } from './trust/introductions.js'
import type { Vouching } from './trust/vouching.js'

type CertificateCommands = ReturnType<typeof createCertificateCommands>
type HistoryCommands = ReturnType<typeof createHistoryCommands>
type BundleCommands = ReturnType<typeof createBundleCommands>
type MapCommands = ReturnType<typeof createMapCommands>
type ContentCommands = ReturnType<typeof createContentCommands>
type SnapshotCommands = ReturnType<typeof createSnapshotCommands>
type StandingCommands = ReturnType<typeof createStandingCommands>

export interface CommandParts {
  readonly identity: OwnIdentity
  readonly clock: Clock
  readonly trust: TrustBook
  readonly peers: PeerBook
  readonly missions: Missions
  readonly links: LinkTable
  readonly views: Views
  readonly health: HealthBook
  readonly presence: Presence
  readonly certificates: CertificateCommands
  readonly authority: ReturnType<typeof createAuthorityCommands>
  readonly keys: ReturnType<typeof createKeyCommands>['commands'] & KeeperCommands
  readonly maps: MapCommands
  readonly snapshots: SnapshotCommands
  readonly history: HistoryCommands
  readonly bundles: BundleCommands
  readonly standing: StandingCommands
  readonly boundary: ReturnType<typeof createBoundaryCommands>
  readonly contents: ContentCommands
  readonly catalogue: ReturnType<typeof createCatalogueCommands>
  readonly vouching: Vouching
  readonly introductions: Introductions
  readonly pairings: Pairings
  readonly changeSettings: (changes: Partial<Settings>) => Promise<Result<null>>
  readonly lookAgain: () => void
  /** A peer is off the list. */
  readonly onForgotten: (nodeId: NodeId) => void
}

export function createCommands(parts: CommandParts): CommandHandlers {
  const { identity, trust, peers, missions, links, views, health } = parts
  const known = (id: MissionId): Result<Mission> => {
    const mission = missions.get(id)
    return mission === undefined ? fail('mission-unknown') : ok(mission)
  }
  return {
    ...parts.certificates,
    ...parts.authority,
    ...parts.keys,
    ...parts.maps,
    ...parts.snapshots,
    ...parts.history,
    ...parts.bundles,
    ...parts.standing,
    ...parts.boundary,
    ...parts.contents,
    ...parts.catalogue,
    ...createTrustStory({ ...parts, ownId: identity.nodeId }),
    ...createMemberCommands({ clock: parts.clock, known }),
    async changeSettings(changes) {
      return parts.changeSettings(changes)
    },
    async lookAgain() {
      parts.lookAgain()
      links.dialer.wakeAll()
      return ok(null)
    },
    continueLate: ({ nodeId, until }) => parts.vouching.continueLate(nodeId, until, identity.callsign),
    async forgetPeer({ nodeId, introduced }) {
      const peer = peers.peers.get(nodeId)
      if (peer === undefined) return fail('not-found')
      const forgotten = await trust.forget(nodeId, peer.callsign)
      if (!forgotten.ok) return forgotten
      const settled = await settleIntroduced(parts, nodeId, introduced)
      if (!settled.ok) return settled
      parts.vouching.forget(nodeId)
      links.forget(nodeId)
      const saved = await peers.forget(nodeId)
      parts.onForgotten(nodeId)
      return saved
    },
    async addPeer(to) {
      const others = peers.targets.filter((other) => other.address !== to.address || other.port !== to.port)
      if (others.length >= bounds.targets) return fail('too-many', `${String(bounds.targets)} addresses`)
      const saved = await peers.setTargets([...others, to])
      if (saved.ok) links.dialer.add(to)
      return saved
    },
    async removeAddress(to) {
      const others = peers.targets.filter((other) => other.address !== to.address || other.port !== to.port)
      const saved = await peers.setTargets(others)
      if (saved.ok) links.dialer.remove(to)
      return saved
    },
    async tryNow({ nodeId }) {
      if (nodeId === undefined) links.dialer.wakeAll()
      else links.dialer.wake(nodeId)
      return ok(null)
    },
    async decide(request) {
      const decided = await decide(parts, request)
      parts.pairings.decided(request.nodeId)
      return decided
    },
    retire: (reason) => stateRevocation(parts, { nodeId: identity.nodeId, callsign: identity.callsign, ...reason }),
    startPairing: ({ nodeId }) => parts.pairings.start(nodeId),
    async openPairing({ nodeId }) {
      return parts.pairings.open(nodeId)
    },
    async answerPairing({ nodeId, equal, ...chosen }) {
      return parts.pairings.answer(nodeId, equal, chosen)
    },
    async cancelPairing({ nodeId }) {
      return parts.pairings.cancel(nodeId)
    },
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
    async listForks({ missionId }) {
      const mission = known(missionId)
      if (!mission.ok) return mission
      const forks = await kept(mission.value.forks())
      return forks.ok ? ok({ forks: forks.value }) : forks
    },
    async settleFork({ missionId, ...chosen }) {
      const mission = known(missionId)
      if (!mission.ok) return mission
      const settled = await mission.value.settleFork(chosen)
      return settled.ok ? ok(null) : settled
    },
    async viewMission({ missionId }) {
      const mission = known(missionId)
      return mission.ok ? kept(views.missionView(mission.value)) : mission
    },
    sharePresence: (request) => parts.presence.share(request),
    async listPresence({ missionId }) {
      return parts.presence.list(missionId)
    },
    async listAudit({ offset, limit }) {
      return ok(trust.audit(offset, limit))
    }
  }
}

/** What can be answered without writing anything. */
const looking: ReadonlySet<CommandName> = new Set([
  'previewReset',
  'lockNow',
  'unlock',
  'personHere',
  'viewMission',
  'listForks',
  'listEntities',
  'listConflicts',
  'listDeletedEdits',
  'listHistory',
  'openPast',
  'search',
  'viewEntity',
  'listItems',
  'listTasks',
  'listMaps',
  'listBeyond',
  'listDeleted',
  'listAsked',
  'listAudit',
  'listOnlyHere',
  'previewScope',
  'trustStory',
  'previewBoundary',
  'listContents',
  'previewContent',
  'previewCertificates',
  'exportCertificate',
  'viewAuthority',
  'previewRequest',
  'listSnapshots',
  'estimateBundle',
  'previewBundle',
  'bundleProgress'
] as const)

/** The same commands in a folder that is only looked at: those that would write, or reach others, answer why not. */
export function onlyLooking(commands: CommandHandlers, { code, detail }: Problem): CommandHandlers {
  const refused = Object.keys(commands).filter((name) => !looking.has(name as CommandName))
  // Every refusal is the same, whatever was asked: the types of the answers do not matter.
  const refusals = Object.fromEntries(refused.map((name) => [name, () => Promise.resolve(fail(code, detail))]))
  return { ...commands, ...refusals } as CommandHandlers
}
