/** What every Clock must do (src/main/engine/runtime/clock.ts). */
import { describe, expect, it } from 'vitest'
import { systemClock, type Clock } from '../../src/main/engine/runtime/clock.js'
import { VirtualTime } from '../sim/time.js'

function clockSuite(name: string, setup: () => { clock: Clock; during<T>(work: Promise<T>): Promise<T> }): void {
  describe(`${name} is a clock`, () => {
    it('calls in the order of the delays, each once', async () => {
      const { clock, during } = setup()
      const called: string[] = []
      const before = clock.monotonic()
      await during(
        new Promise<void>((done) => {
          clock.after(30, () => {
            called.push('late')
            done()
          })
          clock.after(5, () => called.push('early'))
          clock.after(10, () => called.push('undone'))()
          // The real clock's timers keep no process alive; this one does it for the test.
          if (clock === systemClock) setTimeout(() => undefined, 200)
        })
      )
      expect(called).toEqual(['early', 'late'])
      expect(clock.monotonic() - before).toBeGreaterThanOrEqual(29)
    })

    it('gives whole milliseconds of wall time', () => {
      expect(Number.isSafeInteger(setup().clock.now())).toBe(true)
    })
  })
}

clockSuite('the system clock', () => ({ clock: systemClock, during: (work) => work }))
clockSuite('virtual time', () => {
  const time = new VirtualTime()
  return { clock: time.clock(), during: (work) => time.during(work) }
})
