/** The pairing that runs, who asks for one, and whether its sheet is put aside. */
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import type { ArgumentOf } from '@shared/contract'
import type { NodeId } from '@shared/model'
import { isOver } from '../facts/pairing'
import { useFeedStore } from './feed'
import { usePeersStore } from './peers'

export const usePairingStore = defineStore('pairing', () => {
  const feed = useFeedStore()
  const peers = usePeersStore()
  const isAside = ref(false)
  const status = computed(() => feed.overview?.pairing)
  const current = computed(() => status.value?.current)
  const runs = computed(() => current.value !== undefined && !isOver(current.value))

  function begin(name: 'startPairing' | 'openPairing', nodeId: NodeId) {
    isAside.value = false
    return feed.call(name, { nodeId })
  }

  return {
    status,
    current,
    runs,
    peer: computed(() => (current.value === undefined ? undefined : peers.find(current.value.nodeId))),
    /** What came of it is always shown. */
    isShown: computed(() => current.value !== undefined && !(isAside.value && runs.value)),
    requests: computed(() => status.value?.requests ?? []),
    putAside: () => {
      isAside.value = true
    },
    takeUp: () => {
      isAside.value = false
    },
    start: (nodeId: NodeId) => begin('startPairing', nodeId),
    open: (nodeId: NodeId) => begin('openPairing', nodeId),
    answer: (answer: ArgumentOf<'answerPairing'>) => feed.call('answerPairing', answer),
    cancel: (nodeId: NodeId) => feed.call('cancelPairing', { nodeId })
  }
})
