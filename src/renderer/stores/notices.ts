/** Short notices that something was done, and what a screen reader hears. */
import { defineStore } from 'pinia'
import { ref, shallowRef } from 'vue'
import type { MessageKey, Saying } from '../i18n'

/** What can be done about what was just done, such as undoing it. */
export interface NoticeAction {
  readonly word: MessageKey
  readonly act: () => void
}

export const useNoticesStore = defineStore('notices', () => {
  const toast = shallowRef<{ readonly id: number; readonly text: Saying; readonly action: NoticeAction | undefined }>()
  const urgent = ref('')
  let count = 0
  return {
    toast,
    urgent,
    show: (text: Saying, action?: NoticeAction): void => {
      toast.value = { id: ++count, text, action }
    },
    dismiss: (): void => {
      toast.value = undefined
    },
    alarm: (text: string): void => {
      urgent.value = text
    }
  }
})
