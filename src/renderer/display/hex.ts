/** Groups of four digits can be read over a radio. */
export function grouped(hex: string): string {
  return hex.toUpperCase().replace(/(.{4})(?=.)/g, '$1 ')
}

/** Enough to tell two apart at a glance; the whole is one press away. */
export function shortened(hex: string): string {
  return `${grouped(hex.slice(0, 20))} … ${hex.slice(-4).toUpperCase()}`
}
