/** Minutes of this machine's local time, as they are typed and read: `2026-11-21 14:00`, whatever the system prefers. */
export function localMinute(at: number): string {
  const date = new Date(at)
  const two = (value: number): string => String(value).padStart(2, '0')
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

const pattern = /^(?:(\d{4}-\d{2}-\d{2})[ T])?(\d{1,2}):(\d{2})$/

/** A time without a day is one of today. `undefined` when it is no whole time. */
export function minuteOf(text: string, now: number): number | undefined {
  const [, day = localMinute(now).slice(0, 10), hour = '', minute = ''] = pattern.exec(text.trim()) ?? []
  const at = new Date(`${day}T${hour.padStart(2, '0')}:${minute}`)
  // A day such as 31 February would be moved on in silence.
  const isReal = !Number.isNaN(at.getTime()) && localMinute(at.getTime()).startsWith(day)
  return hour !== '' && isReal ? at.getTime() : undefined
}
