/**
 * Milliseconds on a clock that all processes of this machine share: hrtime is CLOCK_MONOTONIC on Linux, the time since
 * boot on macOS and the performance counter on Windows. `startNode` checks it for every process.
 */
export function now() {
  return Number(process.hrtime.bigint()) / 1e6
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
