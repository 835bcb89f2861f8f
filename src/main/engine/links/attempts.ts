/**
 * Several addresses of one peer (RFC 8305, "Happy Eyeballs"): the next is dialled when the one before failed, or did not
 * answer for a moment. The first that answers is kept; what answers later is dropped before a word is said there.
 */
import type { Address } from '@shared/model.js'
import type { ProblemCode } from '@shared/problems.js'
import type { Clock } from '../runtime/clock.js'
import { TransportError, type Channel } from './transport.js'

/** RFC 8305, section 5: the Connection Attempt Delay. */
export const attemptDelayMs = 250

export interface Answered {
  readonly channel: Channel
  readonly to: Address
  /** Those that did not fail, in their order: they are dialled if somebody else turns out to be at this one. */
  readonly left: readonly Address[]
}

/** The families take turns, beginning with that of the first (RFC 8305, section 4); else the order stays. */
export function inTurn(addresses: readonly Address[]): readonly Address[] {
  const isOfFirst = ({ address }: Address) => address.includes(':') === (addresses[0]?.address.includes(':') ?? false)
  const own = addresses.filter(isOfFirst)
  const others = addresses.filter((address) => !isOfFirst(address))
  return own.flatMap((address, index) => [address, ...others.slice(index, index + 1)]).concat(others.slice(own.length))
}

/** The first channel to any of them, or why the last one failed. */
export function firstAnswer(
  addresses: readonly Address[],
  dial: (to: Address) => Promise<Channel>,
  clock: Clock
): Promise<Answered | ProblemCode> {
  const failed = new Set<Address>()
  return new Promise((resolve, reject) => {
    let begun = 0
    let isOver = false
    let cancel = () => {
      // Nothing waits yet.
    }
    const end = (outcome: Answered | ProblemCode) => {
      isOver = true
      cancel()
      resolve(outcome)
    }
    const attempt = async (to: Address) => {
      try {
        const channel = await dial(to)
        if (isOver) channel.destroy()
        else end({ channel, to, left: addresses.filter((one) => one !== to && !failed.has(one)) })
      } catch (error) {
        if (!(error instanceof TransportError)) return void reject(error as Error)
        failed.add(to)
        if (isOver) return
        if (failed.size === addresses.length) end(error.code)
        else next()
      }
    }
    const next = () => {
      cancel()
      const to = addresses[begun]
      if (to === undefined) return
      begun++
      if (begun < addresses.length) cancel = clock.after(attemptDelayMs, next)
      void attempt(to)
    }
    if (addresses.length === 0) end('no-answer')
    else next()
  })
}
