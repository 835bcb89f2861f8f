/** Short notices that something was done, and what a screen reader hears. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { Saying } from '../i18n'

export const useNoticesStore = defineStore('notices', () => {
  const toast = shallowRef<{ readonly id: number; readonly text: Saying }>()
  const urgent = ref('')
  let count = 0
  return {
    toast,
    urgent,
    show: (text: Saying): void => {
      toast.value = { id: ++count, text }
    },
    dismiss: (): void => {
      toast.value = undefined
    },
    alarm: (text: string): void => {
      urgent.value = text
    }
  }
})
