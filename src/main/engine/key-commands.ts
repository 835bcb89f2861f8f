/** How this node's private keys lie on the disk: changed as a person wishes, with what else is wrapped as they are. */
import type { CommandHandlers } from '@shared/contract.js'
import type { ResetPreview } from '@shared/model.js'
import { fail, ok, type Result } from '@shared/result.js'
import { identityFileName } from './identity/identity-file.js'
import { writeTransfer } from './identity/identity-transfer.js'
import type { OwnIdentity } from './identity/identity.js'
import { refusePassphrase, type ScryptCost } from './identity/passphrase.js'
import type { Replacement } from './identity/replacement.js'
import type { Missions } from './missions/missions.js'
import { currentText } from './missions/views.js'
import type { Standing } from './replication/standing.js'
import type { Log } from './runtime/log.js'
import type { Random } from './runtime/random.js'
import type { Snapshots } from './snapshots/snapshots.js'
import { kept } from './storage/disk.js'
import type { TeamAuthority } from './team-authority.js'
import { isRetirement } from './trust/statement.js'
import type { TrustBook } from './trust/trust-book.js'

export const identityFileEnding = '.muster-identity'

export interface KeyCommandParts {
  readonly identity: OwnIdentity
  readonly authority: TeamAuthority
  readonly snapshots: Snapshots
  readonly trust: TrustBook
  readonly missions: Missions
  readonly standing: Standing
  readonly random: Random
  readonly cost: ScryptCost | undefined
  readonly log: Log
  /** The keys are kept in another way. */
  readonly onChanged: () => void
}

/** Answered by the keeper (keeper.ts), whether the node runs or is locked. */
export type KeeperCommands = Pick<
  CommandHandlers,
  'lockNow' | 'unlock' | 'personHere' | 'importIdentity' | 'resetIdentity'
>

type KeyCommands = Pick<CommandHandlers, 'lockKeys' | 'setPassphrase' | 'exportIdentity' | 'previewReset'>

export function createKeyCommands(parts: KeyCommandParts) {
  const { identity, authority, snapshots, trust, log, onChanged } = parts
  async function change(text: string, work: () => Promise<Result<null>>): Promise<Result<null>> {
    const changed = await authority.rewrap(async () => {
      const done = await kept(work())
      return done.ok ? done.value : done
    })
    onChanged()
    if (!changed.ok) return changed
    await trust.noteDone('settings', { text })
    return ok(null)
  }

  /** Snapshots hold the keys as they lay when each was made. */
  async function sweep(): Promise<Result<null>> {
    if (!identity.wantsSweep) return ok(null)
    const forgotten = await snapshots.forget((path) => path === identityFileName)
    if (!forgotten.ok) return forgotten
    return kept(identity.swept().then(() => null))
  }

  const commands: KeyCommands = {
    lockKeys: ({ lock }) => change(lock ? 'keys locked' : 'keys unlocked', () => identity.lock(lock)),
    async setPassphrase({ old, passphrase }) {
      const proved = await identity.prove(old)
      if (!proved.ok) return proved
      const text = passphrase === null ? 'passphrase taken away' : 'passphrase set'
      const changed = await change(text, () => identity.usePassphrase(passphrase ?? undefined))
      return changed.ok ? sweep() : changed
    },
    async exportIdentity({ passphrase, current }) {
      const { random, cost } = parts
      const refused = refusePassphrase(passphrase)
      if (refused !== undefined) return fail(refused)
      const proved = await identity.prove(current)
      if (!proved.ok) return proved
      const file = await writeTransfer(identity.carried(), passphrase, { random, cost })
      const noted = await trust.noteDone('settings', { text: 'identity saved to a file' })
      if (!noted.ok) return noted
      const fileName = `${identity.callsign} ${identity.nodeId.slice(0, 8)}${identityFileEnding}`
      return ok({ fileName, data: file.toString('base64') })
    },
    previewReset: async () => ok(resetPreview(parts))
  }

  return {
    commands,
    /** What goes on under another identity. */
    carriedOver(): Pick<Replacement, 'revoked' | 'statements'> {
      const own = trust.statementsTold().filter((one) => isRetirement(one) && one.revoker === identity.nodeId)
      return {
        revoked: trust.decided().flatMap(({ nodeId, callsign, federation, decision }) => {
          const { level, at, by, reason } = decision
          if (level !== 'revoked' || nodeId === identity.nodeId) return []
          return [{ nodeId, callsign, federation, at, by, ...(reason === undefined ? {} : { reason }) }]
        }),
        statements: own.map(({ text, signature }) => ({ text, signature }))
      }
    },
    /** Ends what the last start left half done. */
    async resume(): Promise<void> {
      if (!identity.wantsSweep) return
      const rewrapped = await authority.rewrap(async () => ok(null))
      const swept = rewrapped.ok ? await sweep() : rewrapped
      if (!swept.ok) log('warn', 'keys-not-swept', { code: swept.problem.code, detail: swept.problem.detail })
    }
  }
}

const namesMost = 20

function resetPreview({ identity, missions, standing, trust }: KeyCommandParts): ResetPreview {
  const all = missions.all()
  const alone = all.filter((mission) => {
    const owners = [...mission.permissions.members].filter(([, { role }]) => role === 'owner').map(([nodeId]) => nodeId)
    return owners.length === 1 && owners[0] === identity.nodeId
  })
  const names = alone.map((mission) => currentText(mission.summary, 'name') ?? mission.signed.create.name)
  return {
    missions: all.length,
    ownedAlone: { total: alone.length, names: names.slice(0, namesMost) },
    onlyHere: all.reduce((sum, mission) => sum + standing.onlyHere(mission), 0),
    trusted: trust.decided().filter(({ nodeId }) => trust.stateOf(nodeId).level === 'trusted').length,
    isRetired: trust.isRetired(identity.nodeId),
    hasImportedCertificate: identity.isCertificateImported
  }
}
