/**
 * Time for the engine. Everything that waits or reads the time does it through this contract, so that the simulated
 * field can run a week in a second.
 */
export interface Clock {
  /** Wall time in milliseconds since 1970; may be wrong and may jump. For claims and ends, never for durations. */
  now(): number
  /** Milliseconds from an arbitrary start; never goes back. For durations. */
  monotonic(): number
  /** Calls once after so many milliseconds; returns its undo. Waiting never keeps the process alive. */
  after(ms: number, call: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms)
    timer.unref()
    return () => clearTimeout(timer)
  }
}
