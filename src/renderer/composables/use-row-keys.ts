/** Arrows, Home, End and first letters move the focus among the rows of a list; every row stays reachable with Tab. */
const typedResetMs = 800

/** @param jump goes to the first or last row itself, where not all rows are drawn. */
export function useRowKeys(jump?: (to: 'first' | 'last') => void): (event: KeyboardEvent) => void {
  let typed = ''
  let typedAt = 0

  return (event) => {
    const list = event.currentTarget
    if (!(list instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey) return
    const { target } = event
    // In a field these keys are the field's own.
    if (target instanceof HTMLElement && target.matches('input, textarea, select, [role="radio"]')) return
    if (jump !== undefined && (event.key === 'Home' || event.key === 'End')) {
      event.preventDefault()
      return jump(event.key === 'Home' ? 'first' : 'last')
    }
    const rows = [...list.querySelectorAll<HTMLElement>('[data-row]')]
    const at = rows.findIndex((row) => row === document.activeElement)
    const next = choose(event, rows, at)
    if (next === undefined) return
    event.preventDefault()
    next.focus()
    next.scrollIntoView({ block: 'nearest' })
  }

  function choose(event: KeyboardEvent, rows: readonly HTMLElement[], at: number): HTMLElement | undefined {
    if (event.key === 'ArrowDown') return rows[Math.min(rows.length - 1, at + 1)]
    if (event.key === 'ArrowUp') return rows[Math.max(0, at - 1)]
    if (event.key === 'Home') return rows[0]
    if (event.key === 'End') return rows.at(-1)
    if (at < 0 || event.key.length !== 1 || !/[\p{L}\p{N}]/u.test(event.key)) return undefined
    typed = event.timeStamp - typedAt > typedResetMs ? event.key : typed + event.key
    typedAt = event.timeStamp
    const wanted = typed.toLocaleLowerCase()
    return rows.find((row) => (row.dataset.row ?? '').toLocaleLowerCase().startsWith(wanted))
  }
}
