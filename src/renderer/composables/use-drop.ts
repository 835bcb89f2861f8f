/** What takes files that are let go over the window; only one thing at a time is open to them. */
import { onScopeDispose, shallowRef } from 'vue'
import type { MessageKey } from '../i18n'

export interface DropTaker {
  readonly title: MessageKey
  readonly line: MessageKey
  take(files: readonly File[]): void
}

/** Absent: they are looked at as certificates. */
export const taker = shallowRef<DropTaker>()

/** Takes them for as long as the component is there. */
export function useDrop(own: DropTaker): void {
  taker.value = own
  onScopeDispose(() => {
    if (taker.value === own) taker.value = undefined
  })
}
