/** Keys and identity of this laptop: how they lie, and locking. The passphrase goes to the engine and stays nowhere here. */
import { defineStore } from 'pinia'
import { useFeedStore } from './feed'

export const useKeysStore = defineStore('keys', () => {
  const feed = useFeedStore()
  return {
    lockKeys: (lock: boolean) => feed.call('lockKeys', { lock }),
    /** @param old where there is one; @param passphrase `null`: none from now on. */
    setPassphrase: (old: string | undefined, passphrase: string | null) =>
      feed.call('setPassphrase', { ...(old === undefined ? {} : { old }), passphrase }),
    exportIdentity: (passphrase: string, current: string | undefined) =>
      feed.call('exportIdentity', { passphrase, ...(current === undefined ? {} : { current }) }),
    importIdentity: (data: string, passphrase: string) => feed.call('importIdentity', { data, passphrase }),
    previewReset: () => feed.call('previewReset', null),
    resetIdentity: (confirm: string) => feed.call('resetIdentity', { confirm }),
    retire: (reason: string) => feed.call('retire', reason === '' ? {} : { reason }),
    lockNow: () => feed.call('lockNow', null),
    unlock: (passphrase: string) => feed.call('unlock', { passphrase }),
    personHere: () => feed.call('personHere', null)
  }
})
