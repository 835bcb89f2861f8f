/** How long work keeps the event loop from anything else. */

/** Of this thread, in ms: what a machine without other work would need. Node before 23.9 counts helper threads, too. */
function cpuMs(): number {
  const counters: { readonly threadCpuUsage?: () => NodeJS.CpuUsage; cpuUsage: () => NodeJS.CpuUsage } = process
  const { user, system } = counters.threadCpuUsage?.() ?? counters.cpuUsage()
  return (user + system) / 1000
}

/** The most CPU time between two turns of the event loop while this runs, in ms. */
export async function longestBlockMs(work: () => Promise<void>): Promise<number> {
  let longest = 0
  let last = cpuMs()
  let isDone = false
  const turn = () => {
    const now = cpuMs()
    longest = Math.max(longest, now - last)
    last = now
    if (!isDone) setImmediate(turn)
  }
  const done = work().finally(() => (isDone = true))
  setImmediate(turn)
  await done
  turn()
  return longest
}
