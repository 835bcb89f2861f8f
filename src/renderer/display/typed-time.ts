/** A moment as people type it: day and time by this laptop's clock, or a time alone for the next time that it is so late. */
export function showTyped(at: number): string {
  const date = new Date(at)
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** `undefined` for what is no moment, as 30 February. */
export function parseTyped(text: string, now: number): number | undefined {
  const typed = text.trim()
  const clock = /^(\d{1,2})[:.](\d\d)$/.exec(typed)
  if (clock !== null) {
    const [hours, minutes] = [Number(clock[1]), Number(clock[2])]
    if (hours > 23 || minutes > 59) return undefined
    const date = new Date(now)
    date.setHours(hours, minutes, 0, 0)
    if (date.getTime() < now) date.setDate(date.getDate() + 1)
    return date.getTime()
  }
  if (!/^\d{4}-\d\d-\d\d[ T]\d\d:\d\d$/.test(typed)) return undefined
  const at = new Date(typed.replace(' ', 'T')).getTime()
  return Number.isNaN(at) || showTyped(at) !== typed.replace('T', ' ') ? undefined : at
}
