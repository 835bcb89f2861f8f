import { onScopeDispose } from 'vue'
import { usePreferencesStore } from '../stores/preferences'

type KeyName = string

/** Names a key press as it is written for people: `Ctrl+1`, `F9`, `?`, `n`. Cmd counts as Ctrl. */
export function nameOf(event: KeyboardEvent): KeyName {
  const control = event.ctrlKey || event.metaKey ? 'Ctrl+' : ''
  return control + (event.key.length === 1 ? event.key.toLowerCase() : event.key)
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true
  return target instanceof HTMLInputElement && !['checkbox', 'radio'].includes(target.type)
}

/** Single letters count outside fields and sheets only, and not where a person switched them off. */
export function useKeys(keys: Readonly<Record<KeyName, (event: KeyboardEvent) => void>>): void {
  const preferences = usePreferencesStore()
  const onKey = (event: KeyboardEvent): void => {
    if (event.defaultPrevented || event.altKey || event.isComposing) return
    const name = nameOf(event)
    const act = keys[name]
    if (act === undefined) return
    const inSheet = document.querySelector('[role="dialog"], [role="alertdialog"]') !== null
    // In a field this is the field's own undo.
    if (name === 'Ctrl+z' && isTyping(event.target)) return
    if (name.length === 1 && (isTyping(event.target) || inSheet || !preferences.singleKeys)) return
    event.preventDefault()
    act(event)
  }
  document.addEventListener('keydown', onKey)
  onScopeDispose(() => document.removeEventListener('keydown', onKey))
}
