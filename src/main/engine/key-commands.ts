/** How this node's private keys lie on the disk: changed as a person wishes, with what else is wrapped as they are. */
import type { CommandHandlers } from '@shared/contract.js'
import { ok, type Result } from '@shared/result.js'
import { identityFileName } from './identity/identity-file.js'
import type { OwnIdentity } from './identity/identity.js'
import type { Log } from './runtime/log.js'
import type { Snapshots } from './snapshots/snapshots.js'
import { kept } from './storage/disk.js'
import type { TeamAuthority } from './team-authority.js'
import type { TrustBook } from './trust/trust-book.js'

export interface KeyCommandParts {
  readonly identity: OwnIdentity
  readonly authority: TeamAuthority
  readonly snapshots: Snapshots
  readonly trust: TrustBook
  readonly log: Log
  /** The keys are kept in another way. */
  readonly onChanged: () => void
}

/** Answered by the keeper (keeper.ts), whether the node runs or is locked. */
export type KeeperCommands = Pick<CommandHandlers, 'lockNow' | 'unlock' | 'personHere'>

type KeyCommands = Pick<CommandHandlers, 'lockKeys' | 'setPassphrase'>

export function createKeyCommands({ identity, authority, snapshots, trust, log, onChanged }: KeyCommandParts) {
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
    }
  }

  return {
    commands,
    /** Ends what the last start left half done. */
    async resume(): Promise<void> {
      if (!identity.wantsSweep) return
      const rewrapped = await authority.rewrap(async () => ok(null))
      const swept = rewrapped.ok ? await sweep() : rewrapped
      if (!swept.ok) log('warn', 'keys-not-swept', { code: swept.problem.code, detail: swept.problem.detail })
    }
  }
}
