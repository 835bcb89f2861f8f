/** Whether a window whose process is gone is loaded again by itself: a few times a minute, so that it cannot spin. Pure. */
const reloadsMost = 3
const withinMs = 60_000

/** @param times of the reloads so far, in milliseconds of a clock that nobody sets. */
export function mayReload(times: readonly number[], now: number): boolean {
  return times.filter((time) => now - time < withinMs).length < reloadsMost
}
