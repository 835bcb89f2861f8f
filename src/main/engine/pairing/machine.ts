/**
 * One pairing as a pure machine, the same for both sides (rules in docs/protocol/pairing.md):
 *
 *   we press            they press
 *      ▼                    ▼
 *   reaching              asked
 *      │ start ▶            │ our person opens it, nonce ▶
 *      ▼                    ▼
 *   calling             answered
 *      │ ◀ nonce, reveal ▶  │ ◀ reveal
 *      └─────▶ comparing ◀──┘
 *     equal,  │         │ ◀ confirm
 *   confirm ▶ ▼         ▼
 *         agreed     they-agreed
 *    ◀ confirm │         │ equal, confirm ▶
 *              └▶ done ◀─┘
 *
 * From each but `done` it ends when a person or the other side ends it, in 60 s, or by a broken rule; with the link only
 * once one side could know the code: before, it is reached anew, and a request waits for that.
 */
import type { ProblemCode } from '@shared/problems.js'
import type { EndWord } from '../links/pairing-messages.js'

export const steps = ['reaching', 'calling', 'asked', 'answered', 'comparing', 'they-agreed', 'agreed'] as const
export type Step = (typeof steps)[number]

/** `reached`: there is a link. `nonce`, `reveal`, `confirm`: came, and hold; `forged`: came, and does not hold. */
export const eventKinds = [
  ...(['open', 'equal', 'differ', 'cancel'] as const),
  ...(['reached', 'nonce', 'reveal', 'confirm', 'forged', 'expired', 'lost'] as const)
]
export type PairingEvent =
  { readonly kind: (typeof eventKinds)[number] } | { readonly kind: 'end'; readonly word: EndWord }

export type Send = 'start' | 'nonce' | 'reveal' | 'confirm'

export type Transition =
  | { readonly to: Step | 'done'; readonly sends?: Send }
  /** `cuts`: the other side broke a rule, the link ends. */
  | { readonly to: 'ended'; readonly code: ProblemCode; readonly says?: EndWord; readonly cuts?: true }

const forward: Readonly<Record<Step, Partial<Record<PairingEvent['kind'], Transition>>>> = {
  reaching: { reached: { to: 'calling', sends: 'start' } },
  // Two who dial each other keep one link of two: nothing was said yet that another link would void.
  calling: { nonce: { to: 'comparing', sends: 'reveal' }, lost: { to: 'reaching' } },
  asked: { open: { to: 'answered', sends: 'nonce' } },
  answered: { reveal: { to: 'comparing' } },
  comparing: { equal: { to: 'agreed', sends: 'confirm' }, confirm: { to: 'they-agreed' } },
  'they-agreed': { equal: { to: 'done', sends: 'confirm' } },
  agreed: { confirm: { to: 'done' } }
}

const theirEnds: Readonly<Record<EndWord, ProblemCode>> = {
  declined: 'pairing-declined',
  cancelled: 'pairing-they-cancelled',
  differ: 'pairing-they-differ',
  expired: 'pairing-expired',
  busy: 'pairing-they-are-busy',
  paused: 'pairing-they-pause',
  wait: 'pairing-too-soon'
}

const codeShown: ReadonlySet<Step> = new Set(['comparing', 'they-agreed', 'agreed'])
const noncePassed: ReadonlySet<Step> = new Set(['answered', ...codeShown])

/** What an event does; `undefined`: it is not for now, and nothing changes. */
export function nextStep(step: Step, event: PairingEvent): Transition | undefined {
  const next = forward[step][event.kind]
  if (next !== undefined) return next
  switch (event.kind) {
    case 'cancel':
      return step === 'asked'
        ? { to: 'ended', code: 'pairing-rejected', says: 'declined' }
        : { to: 'ended', code: 'pairing-cancelled', says: 'cancelled' }
    case 'differ':
      return codeShown.has(step) ? { to: 'ended', code: 'pairing-differ', says: 'differ' } : undefined
    case 'expired':
      return { to: 'ended', code: 'pairing-expired', says: 'expired' }
    case 'lost':
      return step === 'asked' ? undefined : { to: 'ended', code: 'pairing-lost' }
    case 'end':
      return { to: 'ended', code: theirEnds[event.word] }
    // In turn they are above: whoever sends them out of turn plays by no rules, and may be trying codes.
    case 'nonce':
    case 'reveal':
    case 'confirm':
    case 'forged':
      return { to: 'ended', code: 'pairing-broken', cuts: true }
    case 'open':
    case 'equal':
    case 'reached':
      return undefined
  }
}

/** Whether an end in this step counts: one of both could know the code, so it may have been a try at it. */
export function isTry(step: Step): boolean {
  return noncePassed.has(step)
}

export const tryBounds = { most: 3, withinMs: 3_600_000, pauseMs: 600_000 } as const

/** Tries that did not end in equal codes. Times are monotonic. */
export interface Tries {
  readonly at: readonly number[]
  readonly pausedUntil: number
}

export const noTries: Tries = { at: [], pausedUntil: -Infinity }

/** After the third within an hour, pairing pauses for ten minutes. */
export function countTry(tries: Tries, now: number): Tries {
  const at = [...recentTries(tries, now), now]
  return at.length < tryBounds.most ? { ...tries, at } : { at: [], pausedUntil: now + tryBounds.pauseMs }
}

export function recentTries({ at }: Tries, now: number): readonly number[] {
  return at.filter((time) => now - time < tryBounds.withinMs)
}
