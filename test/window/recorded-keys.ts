/** Keys in the recorded field: how they lie, locking and unlocking, as an engine would answer. */
import type { CommandHandlers } from '@shared/contract'
import type { OverviewChange } from '@shared/feed'
import type { NodeStatus } from '@shared/model'
import { fail, ok } from '@shared/result'

export const rightPassphrase = 'five words that stay together'

type KeyHandlers = Pick<CommandHandlers, 'lockKeys' | 'setPassphrase' | 'lockNow' | 'unlock' | 'personHere'>

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
    lockNow: async () => become({ isLocked: true }),
    unlock: async ({ passphrase }) => (passphrase === rightPassphrase ? become({}) : fail('wrong-passphrase')),
    personHere: async () => ok(null)
  }
}
