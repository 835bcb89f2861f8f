/** F6: the focus goes to the next pane, and there to what can be used first. */
export function nextPane(): void {
  const panes = [...document.querySelectorAll<HTMLElement>('[data-pane]')].filter(
    (pane) => pane.querySelector('[data-pane]') === null
  )
  const at = panes.findIndex((pane) => pane.contains(document.activeElement))
  const pane = panes[(at + 1) % panes.length]
  if (pane === undefined) return
  const first = pane.querySelector<HTMLElement>('a[href], button:not(:disabled), input, textarea, [tabindex="0"]')
  if (first !== null) return first.focus()
  pane.tabIndex = -1
  pane.focus()
}
