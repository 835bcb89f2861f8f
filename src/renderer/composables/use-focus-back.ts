/** The focus never gets lost: when what had it goes, it comes back to what opened that. */
import { nextTick, onBeforeUnmount, onBeforeUpdate, onUpdated, watch } from 'vue'
import { firstUsable } from './next-pane'

/** What had the focus last; it may be gone by the time somebody asks. */
let last: HTMLElement | undefined
document.addEventListener('focusin', ({ target }) => {
  if (target instanceof HTMLElement) last = target
})

export function isFocusLost(): boolean {
  return document.activeElement === null || document.activeElement === document.body
}

/** What has the same words now, such as a button of a list that was away meanwhile. */
function sameIn(pane: Element, words: string): HTMLElement | undefined {
  const all = [...pane.querySelectorAll<HTMLElement>('a[href], button:not(:disabled)')]
  return all.find((one) => one.textContent === words && words !== '')
}

/**
 * For what is opened by a press, and closed from within. The opener may be drawn anew by then; else the focus goes to what
 * can be used first in the same pane, or in the first one.
 * @param root of what has the focus meanwhile.
 */
export function useFocusBack(root: () => HTMLElement | undefined): void {
  const opener = last
  const words = opener?.textContent ?? ''
  onBeforeUnmount(() => {
    const box = root()
    // A field that is off while it is saved has lost it by then.
    const had = isFocusLost() ? last : document.activeElement
    if (had === undefined || box?.contains(had) !== true) return
    const near = box.closest('[data-pane]')
    void nextTick(() => {
      if (!isFocusLost()) return
      if (opener?.isConnected === true) return opener.focus()
      const pane = near?.isConnected === true ? near : document.querySelector('main [data-pane]')
      if (pane !== null) (sameIn(pane, words) ?? firstUsable(pane))?.focus()
    })
  })
}

/** For what an update puts elsewhere in the page, such as a row, which loses the focus by that; or takes away. */
export function useSteadyFocus(root: () => HTMLElement | undefined): void {
  let had: Element | null = null
  onBeforeUpdate(() => {
    const { activeElement } = document
    had = root()?.contains(activeElement) === true ? activeElement : null
  })
  onUpdated(() => {
    const box = root()
    if (!(had instanceof HTMLElement) || box === undefined || !isFocusLost()) return
    if (had.isConnected) had.focus({ preventScroll: true })
    else firstUsable(box)?.focus()
  })
}

/** For a field that is off while it is saved: the focus that it loses by that comes back. */
export function useKeptFocus(root: () => HTMLElement | undefined, off: () => boolean | undefined): void {
  let lost: Element | undefined
  watch(off, (isOff) => {
    const { activeElement } = document
    if (isOff === true) lost = root()?.contains(activeElement) === true ? (activeElement ?? undefined) : undefined
    else
      void nextTick(() => {
        if (lost instanceof HTMLElement && isFocusLost()) lost.focus()
        lost = undefined
      })
  })
}
