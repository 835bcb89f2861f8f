import { problems } from '@shared/problems'
import type { AuditEntry } from '@shared/model'
import { showName, showText } from '../display/name'
import type { MarkName } from '../components/marks'
import { saying, type Saying } from './fact'
import type { MessageKey } from '../i18n'

interface Kind {
  readonly key: MessageKey
  readonly mark?: MarkName
}

/** Kinds that have words of their own; any other kind is shown by its problem, its text or its name. */
const kinds: Readonly<Record<string, Kind>> = {
  refused: { key: 'audit.refused', mark: 'revoked' },
  'link-up': { key: 'audit.linkUp', mark: 'linked' },
  'link-down': { key: 'audit.linkDown', mark: 'not-here' },
  met: { key: 'audit.met', mark: 'stranger' },
  'journal-confirmed': { key: 'audit.journalConfirmed', mark: 'caution' },
  'journal-damaged': { key: 'audit.journalDamaged', mark: 'failure' },
  'trust-ended': { key: 'audit.trustEnded', mark: 'caution' },
  fork: { key: 'audit.fork', mark: 'failure' },
  'connection-refused': { key: 'audit.connectionRefused', mark: 'revoked' },
  started: { key: 'audit.started' },
  'mission-created': { key: 'audit.missionCreated' }
}

const decisions: Readonly<Record<'trusted' | 'untrusted' | 'revoked', Kind>> = {
  trusted: { key: 'audit.trusted', mark: 'verified' },
  untrusted: { key: 'audit.rejected', mark: 'revoked' },
  revoked: { key: 'audit.revoked', mark: 'revoked' }
}

export function auditMark(entry: AuditEntry): MarkName | undefined {
  if (entry.decision !== undefined) return decisions[entry.decision.level].mark
  return kinds[entry.kind]?.mark ?? (entry.code === undefined ? undefined : 'caution')
}

export function auditTitle(entry: AuditEntry): Saying {
  const name = entry.callsign === undefined ? undefined : showName(entry.callsign)
  if (entry.decision !== undefined) {
    return saying(decisions[entry.decision.level].key, { name: name ?? '', who: showName(entry.decision.by) })
  }
  const kind = kinds[entry.kind]
  if (kind !== undefined) return saying(kind.key, { name: name ?? '' })
  const text = entry.code === undefined ? showText(entry.text ?? entry.kind) : problems[entry.code].message
  return name === undefined ? saying('audit.plain', { text }) : saying('audit.about', { text, name })
}

/** What the title does not say yet. */
export function auditLine(entry: AuditEntry): string {
  const known = entry.decision !== undefined || kinds[entry.kind] !== undefined
  const parts = [
    known && entry.code !== undefined ? problems[entry.code].message : '',
    known || entry.code !== undefined ? showText(entry.text ?? '') : '',
    entry.decision?.reason === undefined ? '' : showText(entry.decision.reason)
  ]
  return parts.filter((part) => part !== '').join(', ')
}
