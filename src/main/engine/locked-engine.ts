/**
 * What a host has of a node while its keys are under a passphrase that nobody gave: who it is, and a door to unlock it.
 * Nothing of its missions, peers and decisions is read, nothing listens, and nothing is sent.
 */
import type { CommandHandlers } from '@shared/contract.js'
import { strictBoundary } from '@shared/boundary.js'
import type { NodeStatus, Overview } from '@shared/model.js'
import { fail, type Problem } from '@shared/result.js'
import type { Settings } from '@shared/settings.js'
import { version } from '@shared/version.js'
import { certificateFacts } from './certificates/facts.js'
import type { Engine } from './engine.js'
import { certificateDer } from './identity/certificate.js'
import type { LockedIdentity } from './identity/identity-file.js'
import { recognitionWords } from './identity/words.js'
import { commandNames } from './commands.js'
import type { KeeperCommands } from './key-commands.js'

export interface LockedParts {
  readonly identity: LockedIdentity
  readonly settings: Settings
  readonly dataFolder: string
  readonly startedAt: number
  readonly commands: KeeperCommands
  readonly settingsProblem: Problem | undefined
}

const locked = () => fail('node-locked')

export function lockedEngine(parts: LockedParts): Engine {
  const { identity, startedAt } = parts
  const overview = (): Overview => ({
    node: nodeStatus(parts),
    network: { isLooking: false, sources: [], interfaces: [], nearby: [], checks: [] },
    health: {
      problems: parts.settingsProblem === undefined ? [] : [{ ...parts.settingsProblem, since: startedAt }]
    },
    anchors: [],
    pins: [],
    auditTotal: 0,
    peers: [],
    targets: [],
    pairing: { requests: [], tries: 0 },
    missions: []
  })
  const refusals = Object.fromEntries(commandNames.map((name) => [name, () => Promise.resolve(locked())]))
  return {
    nodeId: identity.nodeId,
    // Every refusal is the same, whatever was asked: the types of the answers do not matter.
    commands: { ...refusals, ...parts.commands } as CommandHandlers,
    subscribe(listener) {
      listener({ type: 'snapshot', revision: 0, overview: overview() })
      return () => undefined
    },
    overview,
    reach: () => ({ isLocked: true }),
    missionIds: () => [],
    entityTypes: () => [],
    heads: locked,
    readLine: async () => locked(),
    mapTile: async () => locked(),
    contents: { add: async () => locked(), open: async () => locked() },
    counters: () => ({ links: 0, locked: 1 }),
    stop: async () => undefined
  }
}

function nodeStatus({ identity, settings, dataFolder, startedAt }: LockedParts): NodeStatus {
  const facts = certificateFacts(certificateDer(identity.certificate))
  if (facts === undefined) throw new Error('the own certificate is not readable')
  return {
    nodeId: identity.nodeId,
    callsign: settings.callsign,
    federation: identity.federation,
    boundary: strictBoundary,
    version,
    words: recognitionWords(identity.nodeId),
    certificateSha256: facts.sha256,
    certificate: { ...facts, isOwn: !identity.isCertificateImported },
    settings,
    isFirstRun: false,
    keys: { state: 'passphrase' },
    isLocked: true,
    startedAt,
    interfaces: [],
    dataFolder
  }
}
