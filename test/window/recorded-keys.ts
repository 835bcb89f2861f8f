/** Keys in the recorded field: how they lie, locking and unlocking, as an engine would answer. */
import type { CommandHandlers } from '@shared/contract'
import type { OverviewChange } from '@shared/feed'
import type { NodeStatus } from '@shared/model'
import { fail, ok } from '@shared/result'

export const rightPassphrase = 'five words that stay together'

type KeyHandlers = Pick<
  CommandHandlers,
  | 'lockKeys'
  | 'setPassphrase'
  | 'exportIdentity'
  | 'importIdentity'
  | 'previewReset'
  | 'resetIdentity'
  | 'lockNow'
  | 'unlock'
  | 'personHere'
>

export function keyHandlers(node: () => NodeStatus, say: (change: OverviewChange) => void): KeyHandlers {
  const become = (change: Partial<NodeStatus>) => {
    const { isLocked: _, ...open } = node()
    say({ slice: 'node', value: { ...open, ...change } })
    return ok(null)
  }
  return {
    async lockKeys({ lock }) {
      const { keys } = node()
      if (keys.problem !== undefined) return { ok: false, problem: keys.problem }
      return become({ keys: { state: lock ? 'locked' : 'file' } })
    },
    async setPassphrase({ old, passphrase }) {
      if (node().keys.state === 'passphrase' && old !== rightPassphrase) return fail('wrong-passphrase')
      if (passphrase !== null && passphrase.length < 10) return fail('passphrase-short')
      return become({ keys: { state: passphrase === null ? 'file' : 'passphrase' } })
    },
    exportIdentity: async ({ passphrase }) =>
      passphrase.length < 10
        ? fail('passphrase-short')
        : ok({ fileName: 'OSC Sežana.muster-identity', data: btoa('identity') }),
    importIdentity: async ({ data, passphrase }) => {
      if (atob(data) !== 'identity') return fail('identity-file-damaged')
      if (passphrase !== rightPassphrase) return fail('wrong-passphrase')
      become({ callsign: 'OSC Sežana', words: ['predict', 'injury', 'bottom', 'fiber'] })
      return ok({ nodeId: node().nodeId })
    },
    previewReset: async () =>
      ok({
        ...{ missions: 4, onlyHere: 31, trusted: 6, isRetired: false, hasImportedCertificate: true },
        ownedAlone: { total: 2, names: ['Karst Ridge Fire, Sector North', 'Host nation support'] }
      }),
    resetIdentity: async ({ confirm }) =>
      confirm === node().callsign ? ok({ nodeId: node().nodeId }) : fail('not-confirmed'),
    lockNow: async () => become({ isLocked: true }),
    unlock: async ({ passphrase }) => (passphrase === rightPassphrase ? become({}) : fail('wrong-passphrase')),
    personHere: async () => ok(null)
  }
}
