/** What others said of a peer, and what else speaks for or against it: shown before a person decides. Pure. */
import type { Ground, IntroductionView, PeerSummary, RevocationStatement } from '@shared/model'
import { problems, type ProblemCode } from '@shared/problems'
import type { MarkName } from '../components/marks'
import { showName } from '../display/name'
import type { MessageKey } from '../i18n'
import { isFarOff } from './clock'
import { amount, saying, type Saying } from './fact'

export type Advice = { readonly mark: MarkName } & (
  { readonly text: Saying } | { readonly message: string; readonly advice: string; readonly ref: string }
)

/** Warnings that speak about whoever shows this, and not about what was decided. */
const told: readonly (ProblemCode | undefined)[] = ['two-places', 'certificate-shared', 'certificate-revoked']

/** What speaks against it first. */
export function adviceOn(peer: PeerSummary): readonly Advice[] {
  const { statements = [], introductions = [], warning, link } = peer
  const changed = link.state !== 'linked' && link.reason === 'federation-changed' ? link.reason : undefined
  const codes = [told.includes(warning) ? warning : undefined, changed].filter((code) => code !== undefined)
  const offset = link.state === 'linked' ? link.clockOffsetMs : undefined
  const differs = introductions.filter(({ effect }) => effect === 'differs')
  const vouched = introductions.filter(({ effect }) => effect !== 'differs')
  return [
    ...statements.filter(({ effect }) => effect === 'advice').map(against),
    ...codes.map((code): Advice => ({ mark: 'failure', ...problems[code] })),
    ...differs.map(({ callsign }): Advice => ({
      mark: 'failure',
      text: saying('advice.differs', { who: showName(callsign) })
    })),
    ...(offset !== undefined && isFarOff(offset)
      ? [{ mark: 'caution', text: saying('advice.clock', { span: amount('duration', Math.abs(offset)) }) } as const]
      : []),
    ...vouched.map(by)
  ]
}

/** The one thing that a row has room for. */
export function firstAdvice(peer: PeerSummary): Saying | undefined {
  const [first] = adviceOn(peer)
  return first !== undefined && 'text' in first ? first.text : undefined
}

function against({ callsign, at, reason }: RevocationStatement): Advice {
  const named = { who: showName(callsign), at: amount('moment', at) }
  const text =
    reason === undefined
      ? saying('advice.revoked', named)
      : saying('advice.revokedBecause', { ...named, reason: showName(reason) })
  return { mark: 'revoked', text }
}

const vouches: Readonly<Partial<Record<Ground, MessageKey>>> = {
  code: 'advice.vouchesCode',
  words: 'advice.vouchesWords'
}

function by({ callsign, since, ground }: IntroductionView): Advice {
  const key = vouches[ground] ?? 'advice.vouches'
  return { mark: 'waiting', text: saying(key, { who: showName(callsign), at: amount('moment', since) }) }
}
