/** Certificates that a person accepted: of organisations (anchors) and of single laptops (pins). */
import { defineStore } from 'pinia'
import { computed } from 'vue'
import type { CertificateFormat } from '@shared/contract'
import { useFeedStore } from './feed'

export const useAnchorsStore = defineStore('anchors', () => {
  const feed = useFeedStore()
  const anchors = computed(() => feed.overview?.anchors ?? [])
  const pins = computed(() => feed.overview?.pins ?? [])
  return {
    anchors,
    pins,
    findAnchor: (id: string) => anchors.value.find((anchor) => anchor.id === id),
    findPin: (id: string) => pins.value.find((pin) => pin.id === id),
    removeAnchor: (id: string) => feed.call('removeAnchor', { id }),
    removePin: (id: string) => feed.call('removePin', { id }),
    renew: () => feed.call('renewCertificate', null),
    exportOwn: (format: CertificateFormat, password?: string) =>
      feed.call('exportCertificate', { format, ...(password === undefined ? {} : { password }) })
  }
})
