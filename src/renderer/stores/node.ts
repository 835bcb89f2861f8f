import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { Boundary } from '@shared/boundary'
import { isUnsaved } from '../facts/health'
import { useFeedStore } from './feed'

export const useNodeStore = defineStore('node', () => {
  const feed = useFeedStore()
  const problems = computed(() => feed.overview?.health.problems ?? [])
  return {
    node: computed(() => feed.overview?.node),
    problems,
    unsaved: computed(() => problems.value.find(isUnsaved)),
    journal: computed(() => problems.value.find((problem) => problem.code === 'journal-damaged')),
    setBoundary: (boundary: Boundary) => feed.call('setBoundary', boundary),
    confirmJournal: () => feed.call('confirmJournal', null),
    listSnapshots: () => feed.call('listSnapshots', null),
    takeSnapshot: () => feed.call('takeSnapshot', null),
    restoreSnapshot: (name: string) => feed.call('restoreSnapshot', { name })
  }
})
