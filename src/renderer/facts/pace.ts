/** How long it will take until a peer has everything, from how fast it was catching up. Pure: time comes in. */
export interface Progress {
  /** How much it lacked when it began to catch up, or when that grew. */
  readonly most: number
  readonly since: number
  readonly lack: number
}

/** Over less time than that nothing can be told. */
const toldAfterMs = 1_500

export function follow(before: Progress | undefined, lack: number, now: number): Progress | undefined {
  if (lack === 0) return undefined
  // More than before: something new was written, and what was reckoned from holds no more.
  if (before === undefined || lack > before.lack) return { most: lack, since: now, lack }
  return { ...before, lack }
}

/** Of what it lacked, 0 to 1. */
export function shareDone({ most, lack }: Progress): number {
  return most === 0 ? 1 : (most - lack) / most
}

/** `undefined`: cannot be told yet, or nothing moves. */
export function remainingMs({ most, since, lack }: Progress, now: number): number | undefined {
  const passed = now - since
  if (passed < toldAfterMs || lack >= most) return undefined
  return (lack * passed) / (most - lack)
}
