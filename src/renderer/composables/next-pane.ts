/** F6: the focus goes to the next pane, and there to what can be used first. */
export function nextPane(): void {
  const panes = [...document.querySelectorAll<HTMLElement>('[data-pane]')].filter(
    (pane) => pane.querySelector('[data-pane]') === null
  )
  const at = panes.findIndex((pane) => pane.contains(document.activeElement))
  const pane = panes[(at + 1) % panes.length]
  if (pane === undefined) return
  const first = firstUsable(pane)
  if (first !== undefined) return first.focus()
  pane.tabIndex = -1
  pane.focus()
}

export function firstUsable(pane: Element): HTMLElement | undefined {
  const usable = 'a[href], button:not(:disabled), input, textarea, [tabindex="0"]'
  return pane.querySelector<HTMLElement>(usable) ?? undefined
}
