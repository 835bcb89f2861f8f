import { onScopeDispose, toValue, type MaybeRefOrGetter } from 'vue'

const oftenMs = 20_000

/** Tells that somebody is at the window, at most every 20 s: what locks after a time begins to count anew. */
export function usePersonHere(isWanted: MaybeRefOrGetter<boolean>, tell: () => void): void {
  let toldAt = -Infinity
  const onHand = (): void => {
    if (!toValue(isWanted) || performance.now() - toldAt < oftenMs) return
    toldAt = performance.now()
    tell()
  }
  const events = ['pointerdown', 'keydown', 'wheel'] as const
  for (const name of events) document.addEventListener(name, onHand, { passive: true })
  onScopeDispose(() => {
    for (const name of events) document.removeEventListener(name, onHand)
  })
}
