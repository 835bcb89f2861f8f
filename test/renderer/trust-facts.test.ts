import { describe, expect, it } from 'vitest'
import type { AuditEntry } from '@shared/model'
import { anchorFact, pinFact } from '@/facts/accepted'
import { auditGroup, auditLine, auditMark, auditTitle, countGroups } from '@/facts/audit'
import { rowsOf } from '@/facts/audit-rows'
import { chainOf, endFact, usesOf } from '@/facts/certificate'
import { nameErrors } from '@/facts/first-run'
import { toLocal, untilOf } from '@/facts/grant'
import { certificateFact, clockFact, diskProblems, otherProblems } from '@/facts/node-health'
import { fromBase64, toBase64 } from '@/display/base64'
import { brokenField, certificateOf, nodeIdOf, richField } from '../window/recorded'
import { previewOf, trustField } from '../window/recorded-trust'

const now = 1_700_000_000_000
const dayMs = 24 * 60 * 60_000
const { overview, audit } = trustField(now)

describe('the end of a certificate', () => {
  const ending = (inMs: number) => endFact({ notBefore: now - dayMs, notAfter: now + inMs }, now)

  it('is said from 60 days out, never before', () => {
    expect(ending(60 * dayMs + 1)).toBeUndefined()
    expect(ending(60 * dayMs)).toMatchObject({ mark: 'caution', word: { key: 'certificate.endsIn', count: 60 } })
    expect(ending(dayMs - 1)).toMatchObject({ word: { count: 0 } })
    expect(ending(0)).toMatchObject({ mark: 'failure', tone: 'danger', word: { key: 'certificate.ended' } })
  })

  it('is said for one that has not begun', () => {
    expect(endFact({ notBefore: now + 1, notAfter: now + dayMs }, now)?.word.key).toBe('certificate.startsAt')
  })
})

describe('a chain', () => {
  it('is drawn from the root down, with everybody it will vouch for', () => {
    expect(chainOf(previewOf(now, 'anchor'), 'anchor').map(({ role }) => role)).toEqual(['issuer', 'chosen', 'others'])
  })

  it('names the issuer that the file does not have', () => {
    const [top] = chainOf(previewOf(now, 'peer'), 'peer')
    expect(top).toEqual({ role: 'absent', name: 'Landesfeuerwehrverband Kärnten Root CA' })
  })

  it('cleans names that come from a file', () => {
    const preview = { certificates: [certificateOf(now, 'LFV\u202e AC\u0000', { isSelfSigned: true })] }
    expect(chainOf(preview, 'anchor')[0]?.name).toBe('LFV AC')
  })
})

it('says uses once each, unknown ones by their name, and none as not limited', () => {
  const keys = (over: object) => usesOf(certificateOf(now, 'a', over)).map(({ key }) => key)
  expect(keys({ usages: ['keyEncipherment', 'dataEncipherment'], extendedUsages: ['1.2.3'] })).toEqual([
    'certificate.use.encrypt',
    'certificate.use.other'
  ])
  expect(keys({ usages: [], extendedUsages: [] })).toEqual(['certificate.use.any'])
})

describe('until when', () => {
  it('ends with the certificate at the latest', () => {
    expect(untilOf('day', '', now, now + 5 * dayMs)).toEqual({ state: 'good', at: now + dayMs, isCut: false })
    expect(untilOf('week', '', now, now + 5 * dayMs)).toEqual({ state: 'good', at: now + 5 * dayMs, isCut: true })
    expect(untilOf('open', '', now, now)).toEqual({ state: 'good', isCut: false })
  })

  it('reads a date by the clock of this laptop', () => {
    const at = Math.floor((now + dayMs) / 60_000) * 60_000
    expect(untilOf('date', toLocal(at), now, now + 2 * dayMs)).toEqual({ state: 'good', at, isCut: false })
    expect(untilOf('date', toLocal(now - dayMs), now, now + dayMs).state).toBe('past')
    expect(untilOf('date', toLocal(now + 3 * dayMs), now, now + dayMs).state).toBe('too-late')
    expect(untilOf('date', '2026-13-45 99:99', now, now + dayMs).state).toBe('unreadable')
    expect(untilOf('date', '2199-02-31 10:00', now, now + 90_000 * dayMs).state).toBe('unreadable')
  })
})

describe('what was accepted', () => {
  it('shows an organisation by its house only while it vouches', () => {
    const [active, , expired] = overview.anchors
    if (active === undefined || expired === undefined) throw new Error('no organisations in the record')
    expect(anchorFact(active, now).mark).toBe('organisation')
    expect(anchorFact({ ...active, state: 'ended' }, now).mark).toBe('caution')
    expect(anchorFact(expired, now).mark).toBe('failure')
  })

  it('waits for a laptop until one shows the certificate', () => {
    const [waiting, shown] = overview.pins
    if (waiting === undefined || shown === undefined) throw new Error('no pins in the record')
    expect(pinFact(waiting, now, '')).toMatchObject({ mark: 'waiting', word: { key: 'trust.pinWaits' } })
    expect(pinFact(shown, now, 'HQ').word).toMatchObject({ key: 'trust.pinShown', named: { name: 'HQ' } })
    expect(pinFact({ ...shown, until: now }, now, 'HQ').mark).toBe('caution')
  })
})

describe('the audit log', () => {
  it('has words and a place for every kind of the engine', () => {
    const found = audit.map((entry) => [entry.kind, auditTitle(entry).key, auditGroup(entry)])
    expect(found).toContainEqual(['identity-certificate', 'audit.identityCertificate', 'imports'])
    expect(found).toContainEqual(['pin-accepted', 'audit.pinAccepted', 'imports'])
    expect(found).toContainEqual(['certificate-shared', 'audit.certificateShared', 'refusals'])
    expect(found).toContainEqual(['decision', 'audit.vouched', 'decisions'])
    expect(found).toContainEqual(['settings', 'audit.settings', undefined])
    expect(found).toContainEqual(['forgotten', 'audit.forgotten', 'decisions'])
  })

  it('says by whom, and what vouched', () => {
    const vouched = audit.find(({ decision }) => decision?.ground === 'anchor')
    if (vouched === undefined) throw new Error('nobody was vouched for in the record')
    expect(auditTitle(vouched).named).toMatchObject({ name: 'DVD Umag', by: 'HVZ Hrvatska 2026' })
    expect(auditMark(vouched)).toBe('organisation')
  })

  it('does not say a text twice, and keeps what it does not know', () => {
    const accepted = audit.find(({ kind }) => kind === 'anchor-accepted')
    if (accepted === undefined) throw new Error('no organisation was accepted in the record')
    expect(auditLine(accepted)).toBe('')
    const odd: AuditEntry = { seq: 1, at: now, kind: 'constructor', code: 'disk-full' }
    expect(auditGroup(odd)).toBe('disk')
    expect(auditTitle(odd).key).toBe('audit.plain')
  })

  it('counts every entry in one group at most', () => {
    const counts = countGroups(audit)
    expect(counts.imports).toBe(3)
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(audit.length)
  })

  it('heads each day, also when the clock went back', () => {
    const at = [3, 2, 2, 3].map((day, index) => ({ seq: 10 - index, at: day * dayMs, kind: 'started' }))
    const rows = rowsOf(at, (time) => String(time / dayMs))
    expect(rows.map((row) => row.kind)).toEqual(['day', 'entry', 'day', 'entry', 'entry', 'day', 'entry'])
    expect(new Set(rows.map((row) => row.key)).size).toBe(rows.length)
  })
})

describe('health', () => {
  it('parts the disk from what else limits the laptop', () => {
    const { problems } = brokenField(now).overview.health
    expect(diskProblems(problems).map(({ code }) => code)).toEqual(['disk-full'])
    expect(otherProblems(problems).map(({ code }) => code)).toEqual(['journal-damaged'])
  })

  it('says the clock and the end of the own certificate', () => {
    expect(clockFact(overview.peers).word).toMatchObject({ key: 'activity.clockAgrees', count: 5 })
    expect(certificateFact(overview.node.certificate, now).word).toMatchObject({ count: 41 })
    expect(certificateFact(richField(now).overview.node.certificate, now).word.key).toBe('activity.certificateGood')
  })
})

it('wants a callsign and a federation, and nothing else', () => {
  expect(nameErrors({ callsign: ' ', laptop: '', federation: 'field' })).toEqual({
    callsign: 'firstRun.name.callsignError'
  })
  expect(nameErrors({ callsign: 'ž'.repeat(64), laptop: '', federation: 'f'.repeat(65) })).toEqual({
    federation: 'firstRun.name.federationError'
  })
})

it('carries bytes as base64, however many', () => {
  const bytes = Uint8Array.from({ length: 200_000 }, (_, index) => index % 256)
  expect(toBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'))
  expect(fromBase64(toBase64(bytes))).toEqual(bytes)
  expect(nodeIdOf(1)).toHaveLength(64)
})
