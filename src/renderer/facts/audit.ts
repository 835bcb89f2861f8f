/** The audit log as people read it: a sentence, what it rests on, and which kind of thing happened. */
import { problems } from '@shared/problems'
import type { AuditEntry, Decision } from '@shared/model'
import { shortened } from '../display/hex'
import { showName, showText } from '../display/name'
import type { MarkName } from '../components/marks'
import { saying, type Saying } from './fact'
import { vouchersOf } from './peer-status'
import type { MessageKey } from '../i18n'

export const auditGroups = ['decisions', 'refusals', 'links', 'imports', 'disk'] as const
export type AuditGroup = (typeof auditGroups)[number]

interface Kind {
  readonly key: MessageKey
  readonly mark?: MarkName
  readonly group?: AuditGroup
  /** Its text is in the title already. */
  readonly saysText?: boolean
}

/** Kinds that have words of their own; any other kind is shown by its problem, its text or its name. */
const kinds: Readonly<Record<string, Kind>> = {
  refused: { key: 'audit.refused', mark: 'revoked', group: 'refusals' },
  'connection-refused': { key: 'audit.connectionRefused', mark: 'revoked', group: 'refusals' },
  'hello-failed': { key: 'audit.helloFailed', mark: 'caution', group: 'refusals' },
  'link-up': { key: 'audit.linkUp', mark: 'linked', group: 'links' },
  'link-down': { key: 'audit.linkDown', mark: 'not-here', group: 'links' },
  met: { key: 'audit.met', mark: 'stranger', group: 'links' },
  'trust-ended': { key: 'audit.trustEnded', mark: 'caution', group: 'decisions' },
  'pairing-asked': { key: 'audit.pairingAsked', mark: 'waiting', group: 'decisions' },
  'pairing-failed': { key: 'audit.pairingFailed', mark: 'caution', group: 'refusals' },
  'pairing-paused': { key: 'audit.pairingPaused', mark: 'caution', group: 'refusals' },
  'certificate-key': { key: 'audit.certificateKey', group: 'links' },
  'certificate-lost': { key: 'audit.certificateLost', mark: 'caution', group: 'decisions' },
  'introduction-lost': { key: 'audit.introductionLost', mark: 'caution', group: 'decisions', saysText: true },
  'certificate-revoked': { key: 'audit.certificateRevoked', mark: 'revoked', group: 'decisions' },
  'list-taken': { key: 'audit.listTaken', mark: 'organisation', group: 'imports', saysText: true },
  'certificate-shared': { key: 'audit.certificateShared', mark: 'failure', group: 'refusals' },
  statement: { key: 'audit.statement', mark: 'revoked', group: 'decisions' },
  forgotten: { key: 'audit.forgotten', group: 'decisions' },
  'anchor-accepted': { key: 'audit.anchorAccepted', mark: 'organisation', group: 'imports', saysText: true },
  'anchor-removed': { key: 'audit.anchorRemoved', mark: 'revoked', group: 'imports', saysText: true },
  'pin-accepted': { key: 'audit.pinAccepted', mark: 'verified', group: 'imports', saysText: true },
  'pin-removed': { key: 'audit.pinRemoved', mark: 'revoked', group: 'imports', saysText: true },
  'identity-certificate': { key: 'audit.identityCertificate', group: 'imports' },
  'authority-made': { key: 'audit.authorityMade', mark: 'organisation', group: 'imports', saysText: true },
  'authority-taken': { key: 'audit.authorityTaken', mark: 'caution', group: 'imports', saysText: true },
  'authority-exported': { key: 'audit.authorityExported', mark: 'caution', group: 'imports', saysText: true },
  'certificate-issued': { key: 'audit.certificateIssued', mark: 'organisation', group: 'imports', saysText: true },
  'certificate-taken-back': { key: 'audit.certificateTakenBack', mark: 'revoked', group: 'imports' },
  'certificate-saved': { key: 'audit.certificateSaved', group: 'imports', saysText: true },
  settings: { key: 'audit.settings' },
  'journal-confirmed': { key: 'audit.journalConfirmed', mark: 'caution', group: 'decisions' },
  'journal-damaged': { key: 'audit.journalDamaged', mark: 'failure', group: 'disk' },
  'file-wrong': { key: 'audit.fileWrong', mark: 'failure', group: 'disk' },
  fork: { key: 'audit.fork', mark: 'failure', group: 'disk' },
  'restore-chosen': { key: 'audit.restoreChosen', mark: 'caution', group: 'disk' },
  restored: { key: 'audit.restored', mark: 'caution', group: 'disk' },
  'identity-older': { key: 'audit.identityOlder', mark: 'caution', group: 'links' },
  started: { key: 'audit.started' },
  'bundle-written': { key: 'audit.bundleWritten', group: 'imports', saysText: true },
  'bundle-taken': { key: 'audit.bundleTaken', group: 'imports' },
  'receipt-taken': { key: 'audit.receiptTaken', group: 'imports' },
  'mission-created': { key: 'audit.missionCreated' }
}

/** Some entries name a certificate by its SHA-256. */
const isHash = /^[0-9a-f]{64}$/

const groupOfRef: Readonly<Record<string, AuditGroup>> = {
  TRU: 'refusals',
  PAI: 'refusals',
  LNK: 'links',
  NET: 'links',
  CRT: 'imports',
  DSK: 'disk',
  CLK: 'disk'
}

function kindOf(entry: AuditEntry): Kind | undefined {
  if (entry.decision !== undefined) return decisionKind(entry.decision)
  return Object.hasOwn(kinds, entry.kind) ? kinds[entry.kind] : undefined
}

function decisionKind({ level, ground, late }: Decision): Kind {
  const group = 'decisions'
  if (level === 'revoked') return { key: 'audit.revoked', mark: 'revoked', group }
  if (level === 'untrusted') return { key: 'audit.rejected', mark: 'revoked', group }
  if (late !== undefined) return { key: 'late.audit', mark: 'caution', group }
  if (ground === 'anchor') return { key: 'audit.vouched', mark: 'organisation', group }
  if (ground === 'introduced') return { key: 'audit.introduced', mark: 'unverified', group }
  if (ground === 'certificate') return { key: 'audit.shown', mark: 'unverified', group }
  if (ground === 'code') return { key: 'audit.verified', mark: 'verified', group }
  return { key: 'audit.trusted', mark: 'unverified', group }
}

/** Undefined: shown under All only. */
export function auditGroup(entry: AuditEntry): AuditGroup | undefined {
  const kind = kindOf(entry)
  if (kind !== undefined) return kind.group
  return entry.code === undefined ? undefined : groupOfRef[problems[entry.code].ref.slice(0, 3)]
}

export function auditMark(entry: AuditEntry): MarkName | undefined {
  return kindOf(entry)?.mark ?? (entry.code === undefined ? undefined : 'caution')
}

/** @param name the laptop as it is shown elsewhere; its own claim in the entry where there is none. */
export function auditTitle(entry: AuditEntry, name = nameIn(entry)): Saying {
  const kind = kindOf(entry)
  const who = showName(entry.decision?.by ?? entry.by ?? '')
  if (entry.decision !== undefined && kind !== undefined) {
    const { certificate, ground } = entry.decision
    const by = ground === 'introduced' ? vouchersOf(entry.decision) : showName(certificate?.name ?? '')
    return saying(kind.key, { name: name ?? '', who, by })
  }
  if (kind !== undefined) return saying(kind.key, { name: name ?? '', who, text: showName(entry.text ?? '') })
  const text = entry.code === undefined ? showText(entry.text ?? entry.kind) : problems[entry.code].message
  return name === undefined ? saying('audit.plain', { text }) : saying('audit.about', { text, name })
}

function nameIn({ callsign }: AuditEntry): string | undefined {
  return callsign === undefined ? undefined : showName(callsign)
}

/** The text of the entry, where the title does not have it. */
export function auditText(entry: AuditEntry): string {
  const kind = kindOf(entry)
  const isSaid = kind?.saysText === true || (kind === undefined && entry.code === undefined)
  const text = isSaid ? '' : showText(entry.text ?? '')
  return isHash.test(text) ? shortened(text) : text
}

/** What the title does not say yet. */
export function auditLine(entry: AuditEntry): string {
  const parts = [
    kindOf(entry) !== undefined && entry.code !== undefined ? problems[entry.code].message : '',
    auditText(entry),
    entry.decision?.reason === undefined ? '' : showText(entry.decision.reason)
  ]
  return parts.filter((part) => part !== '').join(', ')
}

export function countGroups(entries: readonly AuditEntry[]): Readonly<Record<AuditGroup, number>> {
  const counts = { decisions: 0, refusals: 0, links: 0, imports: 0, disk: 0 }
  for (const entry of entries) {
    const group = auditGroup(entry)
    if (group !== undefined) counts[group]++
  }
  return counts
}
