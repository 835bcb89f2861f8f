/** Several addresses of one peer, dialled as RFC 8305 says. */
import { describe, expect, it } from 'vitest'
import type { Address } from '../../src/shared/model.js'
import { attemptDelayMs, firstAnswer, inTurn } from '../../src/main/engine/links/attempts.js'
import { TransportError, type Channel } from '../../src/main/engine/links/transport.js'
import { VirtualTime } from '../sim/time.js'

const [old, cable, radio] = ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((address) => ({ address, port: 47_110 })) as [
  Address,
  Address,
  Address
]

/** What becomes of a dial: after so many milliseconds a channel, or a refusal. */
type Fate = { readonly afterMs: number; readonly isRefused?: boolean }

function scene(fates: ReadonlyMap<Address, Fate>) {
  const time = new VirtualTime()
  const begun: { readonly to: Address; readonly at: number }[] = []
  const dropped: Address[] = []
  const dial = async (to: Address): Promise<Channel> => {
    begun.push({ to, at: time.now })
    const { afterMs, isRefused } = fates.get(to) ?? { afterMs: 5_000, isRefused: true }
    await time.wait(afterMs)
    if (isRefused === true) throw new TransportError('refused', 'nobody listens')
    return { destroy: () => dropped.push(to) } as unknown as Channel
  }
  return { time, begun, dropped, race: (all: readonly Address[]) => firstAnswer(all, dial, time.clock()) }
}

describe('several addresses of a peer', () => {
  it('do not wait for one that is silent', async () => {
    const { time, begun, race } = scene(new Map([[cable, { afterMs: 20 }]]))
    const start = time.now
    const answered = await time.during(race([old, cable, radio]))
    expect(answered).toMatchObject({ to: cable, left: [old, radio] })
    expect(time.now - start).toBe(attemptDelayMs + 20)
    expect(begun.map(({ to }) => to)).toEqual([old, cable])
    await time.run(10_000)
    expect(begun).toHaveLength(2)
  })

  it('are dialled at once when the one before refused', async () => {
    const { time, race } = scene(
      new Map([
        [old, { afterMs: 5, isRefused: true }],
        [cable, { afterMs: 5 }]
      ])
    )
    const start = time.now
    expect(await time.during(race([old, cable]))).toMatchObject({ to: cable, left: [] })
    expect(time.now - start).toBe(10)
  })

  it('give one channel: what answers later is dropped, unspoken to', async () => {
    const { time, dropped, race } = scene(
      new Map([
        [old, { afterMs: 400 }],
        [cable, { afterMs: 100 }],
        [radio, { afterMs: 900 }]
      ])
    )
    expect(await time.during(race([old, cable, radio]))).toMatchObject({ to: cable })
    await time.run(2_000)
    expect(dropped).toEqual([old])
  })

  it('fail with the reason of the last', async () => {
    const { time, begun, race } = scene(new Map())
    expect(await time.during(race([old, cable, radio]))).toBe('refused')
    expect(begun).toHaveLength(3)
    expect(await time.during(race([]))).toBe('no-answer')
  })

  it('take turns by family, beginning with the one that was met last', () => {
    const [six, other] = ['fd00::1', 'fd00::2'].map((address) => ({ address, port: 1 })) as [Address, Address]
    expect(inTurn([old, cable, six, radio, other])).toEqual([old, six, cable, other, radio])
    expect(inTurn([six, old, cable, radio])).toEqual([six, old, cable, radio])
    expect(inTurn([six, other, old])).toEqual([six, old, other])
    expect(inTurn([old])).toEqual([old])
    expect(inTurn([])).toEqual([])
  })
})
