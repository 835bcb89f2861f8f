/** What keeps this laptop honest: its disk, its clock, its certificate. */
import type { CertificateFacts, Health, PeerSummary } from '@shared/model'
import { problems } from '@shared/problems'
import { endFact } from './certificate'
import { judgeClock } from './clock'
import { amount, fact, saying, type Fact } from './fact'

type HealthProblem = Health['problems'][number]

export function diskProblems(found: readonly HealthProblem[]): readonly HealthProblem[] {
  return found.filter(isOfDisk)
}

export function otherProblems(found: readonly HealthProblem[]): readonly HealthProblem[] {
  return found.filter((problem) => !isOfDisk(problem))
}

function isOfDisk({ code }: HealthProblem): boolean {
  return problems[code].ref.startsWith('DSK')
}

export function clockFact(peers: readonly PeerSummary[]): Fact {
  const clock = judgeClock(peers)
  if (clock.state === 'alone') return fact(undefined, 'text', saying('activity.clockAlone'))
  if (clock.state === 'agrees') return fact(undefined, 'text', saying('activity.clockAgrees', {}, clock.peers))
  const by = amount('duration', Math.abs(clock.offsetMs))
  return fact('caution', 'conflict', saying('activity.clockDiffers', { by }))
}

export function certificateFact(certificate: CertificateFacts, now: number): Fact {
  const at = amount('date', certificate.notAfter)
  return endFact(certificate, now) ?? fact(undefined, 'text', saying('activity.certificateGood', { at }))
}
