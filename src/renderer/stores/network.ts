import { defineStore } from 'pinia'
import { computed } from 'vue'
import { strangersNearby } from '../facts/network'
import { useFeedStore } from './feed'
import { useSettingsStore } from './settings'

export const useNetworkStore = defineStore('network', () => {
  const feed = useFeedStore()
  const settings = useSettingsStore()
  const network = computed(() => feed.overview?.network)
  return {
    network,
    /** Heard on the air, and nobody's peer yet. */
    nearby: computed(() =>
      feed.overview === undefined ? [] : strangersNearby(feed.overview.network, feed.overview.peers)
    ),
    openTeamList: (text: string) => feed.call('openTeamList', { text }),
    removeTeamList: () => feed.call('removeTeamList', null),
    lookAgain: () => feed.call('lookAgain', null),
    lookForOthers: (isDiscoverable: boolean) => settings.change({ isDiscoverable }),
    switchInterface: (name: string, isOn: boolean) => feed.call('changeSettings', { interfaces: { [name]: isOn } })
  }
})
