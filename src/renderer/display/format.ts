/** Numbers, times and amounts as they are written on every screen: 24 hours, thin no-break space, unit after a space. */
const thin = '\u202f'
const nbsp = '\u00a0'

export interface Format {
  number(value: number): string
  bytes(value: number): string
  /** 14:32:07 */
  clock(at: number): string
  /** 14:32 */
  time(at: number): string
  /** 21 Jul */
  day(at: number): string
  /** 21 Jul 2026 */
  date(at: number): string
  /** 21 Jul 2026 14:32 CEST: nothing is left to guess. */
  full(at: number): string
  /** The same instant as 21 Jul 2026 12:32 UTC. */
  utc(at: number): string
  /** Both, or one where the local time is UTC. */
  both(at: number): string
  /** Time alone today, else with its day. */
  moment(at: number, now: number): string
  zone(at: number): string
  /** 12 s, 4 min, 3 h 40, 2 d */
  duration(ms: number): string
}

export function createFormat(locale: string): Format {
  const clock = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23'
  })
  const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const day = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' })
  const dayAndYear = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric' })
  const zone = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' })
  const utcTime = new Intl.DateTimeFormat(locale, {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC'
  })
  const utcDate = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })
  const sameDay = (a: number, b: number): boolean => new Date(a).toDateString() === new Date(b).toDateString()
  const sameYear = (a: number, b: number): boolean => new Date(a).getFullYear() === new Date(b).getFullYear()
  const format: Format = {
    number: (value) => groupThousands(String(Math.round(value))),
    bytes: (value) => showBytes(value),
    clock: (at) => clock.format(at),
    time: (at) => time.format(at),
    day: (at) => day.format(at),
    date: (at) => dayAndYear.format(at),
    full: (at) => `${dayAndYear.format(at)} ${time.format(at)} ${format.zone(at)}`,
    utc: (at) => `${utcDate.format(at)} ${utcTime.format(at)} UTC`,
    both: (at) => [...new Set([format.full(at), format.utc(at)])].join(', '),
    moment: (at, now) => {
      if (sameDay(at, now)) return time.format(at)
      return `${(sameYear(at, now) ? day : dayAndYear).format(at)} ${time.format(at)}`
    },
    zone: (at) => zone.formatToParts(at).find((part) => part.type === 'timeZoneName')?.value ?? '',
    duration: showDuration
  }
  return format
}

function groupThousands(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, thin)
}

function showBytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let amount = value
  let unit = 0
  while (amount >= 999.5 && unit < units.length - 1) {
    amount /= 1000
    unit++
  }
  const digits = unit > 0 && amount < 9.95 ? amount.toFixed(1) : String(Math.round(amount))
  return `${digits}${nbsp}${units[unit] ?? ''}`
}

function showDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds}${nbsp}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 10 && seconds % 60 !== 0) return `${minutes}${nbsp}min ${seconds % 60}${nbsp}s`
  if (minutes < 60) return `${minutes}${nbsp}min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48)
    return minutes % 60 === 0 ? `${hours}${nbsp}h` : `${hours}${nbsp}h ${String(minutes % 60).padStart(2, '0')}`
  return `${groupThousands(String(Math.floor(hours / 24)))}${nbsp}d`
}
