/** When to try again, pure: 1 s doubling to 60 s, each with jitter, so that laptops that lost one router do not return as one. */
export const redialMs = { first: 1_000, most: 60_000 } as const

/** @param attempt failures in a row so far, from 1. @param unit uniform in [0, 1). */
export function redialDelay(attempt: number, unit: number): number {
  const full = Math.min(redialMs.most, redialMs.first * 2 ** Math.min(attempt - 1, 16))
  return full * (0.5 + unit / 2)
}
