/** The machine of a pairing, every step with every event, and what both sides hash. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { endWords } from '../../src/main/engine/links/pairing-messages.js'
import {
  countTry,
  eventKinds,
  isTry,
  nextStep,
  noTries,
  recentTries,
  steps,
  type PairingEvent,
  type Transition
} from '../../src/main/engine/pairing/machine.js'
import { codeOf, commitmentOf, type PairingContext } from '../../src/main/engine/pairing/transcript.js'

function inShort(next: Transition | undefined): string {
  if (next === undefined) return '-'
  if (next.to !== 'ended') return next.sends === undefined ? next.to : `${next.to} ${next.sends}▶`
  const ending = next.code.replace('pairing-', '')
  return [`✕${ending}`, next.says && `${next.says}▶`, next.cuts && 'cut'].filter(Boolean).join(' ')
}

/** Columns in the order of `steps`: reaching, calling, asked, answered, comparing, they-agreed, agreed. */
const table: Readonly<Record<(typeof eventKinds)[number], readonly string[]>> = (() => {
  const all = (entry: string) => steps.map(() => entry)
  const broken = '✕broken cut'
  const differ = '✕differ differ▶'
  return {
    open: ['-', '-', 'answered nonce▶', '-', '-', '-', '-'],
    equal: ['-', '-', '-', '-', 'agreed confirm▶', 'done confirm▶', '-'],
    differ: ['-', '-', '-', '-', differ, differ, differ],
    cancel: steps.map((step) => (step === 'asked' ? '✕rejected declined▶' : '✕cancelled cancelled▶')),
    reached: ['calling start▶', '-', '-', '-', '-', '-', '-'],
    nonce: [broken, 'comparing reveal▶', broken, broken, broken, broken, broken],
    reveal: [broken, broken, broken, 'comparing', broken, broken, broken],
    confirm: [broken, broken, broken, broken, 'they-agreed', broken, 'done'],
    forged: all(broken),
    expired: all('✕expired expired▶'),
    lost: steps.map((step) => (step === 'calling' ? 'reaching' : step === 'asked' ? '-' : '✕lost'))
  }
})()

describe('a pairing', () => {
  it.each(eventKinds)('takes "%s" in every step as the table says', (kind) => {
    expect(steps.map((step) => inShort(nextStep(step, { kind } as PairingEvent)))).toEqual(table[kind])
  })

  it.each(endWords)('ends in every step when the other side says "%s"', (word) => {
    const ends = steps.map((step) => nextStep(step, { kind: 'end', word }))
    expect(new Set(ends.map((next) => next?.to))).toEqual(new Set(['ended']))
    // Each word is another reason to a person, and nothing is said back.
    expect(new Set(ends.map(inShort)).size).toBe(1)
    expect(inShort(ends[0])).not.toContain('▶')
  })

  it('never ends in done without both persons, in any order of events', () => {
    const kinds = eventKinds.map((kind) => ({ kind }) as PairingEvent)
    const someEvents = fc.array(fc.constantFrom(...kinds), { maxLength: 30 })
    fc.assert(
      fc.property(fc.constantFrom('reaching' as const, 'asked' as const), someEvents, (first, events) => {
        let step: Transition['to'] = first
        const seen = new Set<string>()
        for (const event of events) {
          if (step === 'done' || step === 'ended') break
          const next = nextStep(step, event)
          if (next === undefined) continue
          seen.add(event.kind)
          step = next.to
        }
        return (
          step !== 'done' || (seen.has('equal') && seen.has('confirm') && (seen.has('nonce') || seen.has('reveal')))
        )
      })
    )
  })

  it('counts as a try from the moment on when one side could know the code', () => {
    expect(steps.filter(isTry)).toEqual(['answered', 'comparing', 'they-agreed', 'agreed'])
  })
})

describe('tries', () => {
  const minute = 60_000

  it('pause pairing for ten minutes after the third within an hour, and begin anew then', () => {
    const second = countTry(countTry(noTries, 0), minute)
    expect(second.pausedUntil).toBeLessThan(0)
    expect(recentTries(second, minute)).toHaveLength(2)
    const third = countTry(second, 59 * minute)
    expect(third.pausedUntil).toBe(69 * minute)
    expect(recentTries(third, 59 * minute)).toEqual([])
  })

  it('are forgotten after an hour', () => {
    const second = countTry(countTry(noTries, 0), minute)
    expect(recentTries(second, 60 * minute)).toEqual([minute])
    expect(countTry(second, 61 * minute).pausedUntil).toBeLessThan(0)
  })
})

describe('the code', () => {
  const bytes = (length: number) =>
    fc.uint8Array({ minLength: length, maxLength: length }).map((one) => Buffer.from(one))
  const contexts: fc.Arbitrary<PairingContext> = fc.record({
    pairing: bytes(16),
    initiatorRole: fc.constantFrom('client', 'server'),
    initiatorKey: bytes(32),
    responderKey: bytes(32),
    clientCertificate: bytes(32),
    serverCertificate: bytes(32),
    exporter: bytes(32)
  })
  const nonces = fc.record({ initiator: bytes(32), responder: bytes(32) })

  it('is six digits and three words of the list', () => {
    fc.assert(
      fc.property(contexts, nonces, (context, both) => {
        const { digits, words } = codeOf(context, both)
        expect(digits).toMatch(/^\d{6}$/)
        expect(words).toHaveLength(3)
        for (const word of words) expect(word).toMatch(/^[a-z]{3,8}$/)
      })
    )
  })

  it('and the commitment are others when anything is another', () => {
    fc.assert(
      fc.property(contexts, contexts, nonces, nonces, (one, other, first, second) => {
        const code = JSON.stringify(codeOf(one, first))
        for (const part of Object.keys(one) as (keyof PairingContext)[]) {
          if (String(one[part]) === String(other[part])) continue
          const changed = { ...one, [part]: other[part] } as PairingContext
          expect(JSON.stringify(codeOf(changed, first))).not.toBe(code)
          expect(commitmentOf(changed, first.initiator)).not.toEqual(commitmentOf(one, first.initiator))
        }
        expect(JSON.stringify(codeOf(one, { ...first, responder: second.responder }))).not.toBe(code)
        expect(JSON.stringify(codeOf(one, { ...first, initiator: second.initiator }))).not.toBe(code)
        expect(commitmentOf(one, second.initiator)).not.toEqual(commitmentOf(one, first.initiator))
      }),
      { numRuns: 30 }
    )
  })

  it('spreads digits evenly', () => {
    const context = { initiatorRole: 'client' as const, exporter: Buffer.alloc(32) }
    const rest = ['pairing', 'initiatorKey', 'responderKey', 'clientCertificate', 'serverCertificate']
    const fixed = { ...context, ...Object.fromEntries(rest.map((name) => [name, Buffer.alloc(32)])) } as PairingContext
    const counts = new Map<string, number>()
    for (let count = 0; count < 4_000; count++) {
      const responder = Buffer.alloc(32)
      responder.writeUInt32BE(count)
      for (const digit of codeOf(fixed, { initiator: Buffer.alloc(32), responder }).digits)
        counts.set(digit, (counts.get(digit) ?? 0) + 1)
    }
    // 24,000 digits: 2,400 of each, with a deviation of 46.
    expect(counts.size).toBe(10)
    for (const count of counts.values()) expect(Math.abs(count - 2_400)).toBeLessThan(250)
  })
})
