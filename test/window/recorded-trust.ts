/** A recorded field with organisations, certificates and a longer audit log, and what looking at files answers there. */
import type { ArgumentOf, CommandHandlers } from '@shared/contract'
import type {
  AnchorSummary,
  AuditEntry,
  AuthorityView,
  CertificatePreview,
  ListSummary,
  PackageMember,
  PinSummary
} from '@shared/model'
import { fail, ok, problem, type Result } from '@shared/result'
import { everything } from '@shared/scope'
import { certificateOf, missionIdOf, nodeIdOf, richField, type Recorded } from './recorded'

const hourMs = 60 * 60_000
const dayMs = 24 * hourMs

const authority = {
  ca: true,
  usages: ['keyCertSign', 'cRLSign'],
  extendedUsages: [],
  isSelfSigned: true,
  pathLength: 1
}

function listOf(now: number, name: string): ListSummary {
  const dates = { thisUpdate: now - 18 * dayMs, nextUpdate: now + 12 * dayMs, at: now - 2 * dayMs }
  return { ...dates, name, number: '1f', entries: 12, by: 'OSC Sežana', state: 'current' }
}

function anchorsOf(now: number): readonly AnchorSummary[] {
  const anchor = (name: string, over: Partial<AnchorSummary>): AnchorSummary => {
    const certificate = certificateOf(now, name, { ...authority, notAfter: now + 400 * dayMs })
    const base = { id: certificate.sha256, certificate, at: now - 9 * dayMs, by: 'OSC Sežana', scope: everything }
    return { ...base, state: 'active', lists: [], vouchesFor: [], ...over }
  }
  const expired = certificateOf(now, 'DMV Test CA', {
    ...authority,
    notBefore: now - 800 * dayMs,
    notAfter: now - 3 * dayMs
  })
  return [
    anchor('HVZ Hrvatska 2026', {
      until: now + 40 * dayMs,
      vouchesFor: [nodeIdOf(3), nodeIdOf(2), nodeIdOf(5)],
      lists: [listOf(now, 'HVZ Hrvatska 2026')]
    }),
    anchor('URSZR Slovenija', {
      scope: { out: [`id:${missionIdOf(1)}`], in: ['*'], access: 'read' },
      needsList: true,
      lists: [
        listOf(now, 'URSZR Slovenija'),
        { ...listOf(now - 30 * dayMs, 'URSZR Kras'), state: 'outdated' },
        { ...listOf(now, 'URSZR Obala'), state: 'lost' }
      ]
    }),
    { ...anchor('DMV Test CA', { state: 'expired' }), certificate: expired, id: expired.sha256 }
  ]
}

function pinsOf(now: number): readonly PinSummary[] {
  const pin = (name: string, over: Partial<PinSummary> = {}): PinSummary => {
    const certificate = certificateOf(now, name, {
      isSelfSigned: false,
      issuerName: 'GZ CA',
      notAfter: now + 90 * dayMs
    })
    return { id: certificate.sha256, certificate, at: now - dayMs, by: 'OSC Sežana', scope: everything, ...over }
  }
  return [pin('Helikopter S5-HPG', { until: now + 2 * dayMs }), pin('HQ Ljubljana laptop 2', { nodeId: nodeIdOf(7) })]
}

function auditOf(now: number): readonly AuditEntry[] {
  const [house] = anchorsOf(now)
  const vouched = {
    level: 'trusted' as const,
    at: now - 9 * hourMs,
    by: 'OSC Sežana',
    ground: 'anchor' as const,
    scope: everything,
    certificate: { sha256: house?.id ?? '', name: 'HVZ Hrvatska 2026' }
  }
  const list: readonly Omit<AuditEntry, 'seq'>[] = [
    { at: now - 20_000, kind: 'identity-certificate', text: 'osc-sezana.gz.example' },
    { at: now - 9 * 60_000, kind: 'pin-accepted', text: 'Helikopter S5-HPG', by: 'OSC Sežana' },
    {
      at: now - hourMs,
      kind: 'certificate-shared',
      nodeId: nodeIdOf(8),
      callsign: 'Polizia Locale Trieste 4',
      code: 'certificate-shared'
    },
    { at: now - 9 * hourMs, kind: 'decision', nodeId: nodeIdOf(3), callsign: 'DVD Umag', decision: vouched },
    { at: now - 10 * hourMs, kind: 'anchor-accepted', text: 'HVZ Hrvatska 2026', by: 'OSC Sežana' },
    { at: now - 11 * hourMs, kind: 'settings', text: 'callsign, laptop' },
    { at: now - 12 * hourMs, kind: 'forgotten', nodeId: nodeIdOf(40), callsign: 'Test 1' },
    { at: now - 13 * hourMs, kind: 'connection-refused', text: '10.20.4.99: no certificate' }
  ]
  return list.map((entry) => ({ seq: 0, ...entry }))
}

export function trustField(now: number): Recorded {
  const rich = richField(now)
  const { node } = rich.overview
  const certificate = certificateOf(now, 'osc-sezana.gz.example', {
    isSelfSigned: false,
    issuer: 'CN=GZ CA',
    issuerName: 'GZ CA',
    notAfter: now + 41 * dayMs + hourMs
  })
  const merged = [...auditOf(now), ...rich.audit].sort((a, b) => b.at - a.at)
  const audit = merged.map((entry, index) => ({ ...entry, seq: merged.length - index }))
  return {
    ...rich,
    audit,
    overview: {
      ...rich.overview,
      node: { ...node, certificate: { ...certificate, isOwn: false }, certificateSha256: certificate.sha256 },
      anchors: anchorsOf(now),
      pins: pinsOf(now),
      auditTotal: audit.length
    }
  }
}

/** More entries than are drawn at once, or given at once. */
export function longAudit(now: number, count: number): Recorded {
  const field = trustField(now)
  const audit = Array.from({ length: count }, (_, index) => ({
    seq: count - index,
    at: now - index * 7 * 60_000,
    kind: index % 3 === 0 ? 'link-up' : 'link-down',
    nodeId: nodeIdOf(1 + (index % 7)),
    callsign: `Engine ${1 + (index % 7)}`
  }))
  return { ...field, audit, overview: { ...field.overview, auditTotal: count } }
}

export function firstRunField(now: number): Recorded {
  const rich = richField(now, 4)
  const { node } = rich.overview
  const settings = { ...node.settings, callsign: 'toughbook-4', laptop: '', federation: 'field', isSetUp: false }
  return {
    overview: {
      ...rich.overview,
      node: { ...node, callsign: 'toughbook-4', federation: 'field', settings, isFirstRun: true },
      peers: [],
      targets: [],
      missions: [],
      auditTotal: 1
    },
    missions: new Map(),
    audit: [{ seq: 1, at: now - 5000, kind: 'started', text: '0.1.0' }],
    snapshots: []
  }
}

export type FileKind = 'anchor' | 'peer' | 'identity' | 'list'

export function previewOf(now: number, kind: FileKind): CertificatePreview {
  const root = certificateOf(now, 'Landesfeuerwehrverband Kärnten Root CA', {
    ...authority,
    notAfter: now + 2900 * dayMs
  })
  const issued = { isSelfSigned: false, issuer: root.subject, issuerName: root.name }
  if (kind === 'list') {
    const { by: _, at: __, state: ___, ...list } = listOf(now, 'HVZ Hrvatska 2026')
    const older = {
      ...list,
      thisUpdate: now - 90 * dayMs,
      nextUpdate: now - 60 * dayMs,
      problem: problem('list-older')
    }
    return {
      ...{ format: 'pem', as: ['list'], refusals: {}, certificates: [], lists: [list, older], hasKey: false },
      ...{ warnings: [], here: { list: [nodeIdOf(3)] } }
    }
  }
  if (kind === 'anchor') {
    const certificate = certificateOf(now, 'LFV Feld-CA 2026', {
      ...authority,
      ...issued,
      pathLength: 0,
      notAfter: now + 250 * dayMs
    })
    return {
      format: 'pem',
      as: ['anchor'],
      refusals: { identity: problem('no-private-key'), peer: problem('an-authority') },
      certificates: [certificate, root],
      lists: [],
      hasKey: false,
      warnings: [],
      here: { anchor: [nodeIdOf(4)] }
    }
  }
  const certificate = certificateOf(now, 'fuekw-1.lfv.example', {
    ...issued,
    alternativeNames: ['DNS:fuekw-1.lfv.example', 'IP Address:10.20.4.25'],
    notAfter: now + 30 * dayMs
  })
  if (kind === 'peer') {
    return {
      format: 'der',
      as: ['peer'],
      refusals: { identity: problem('no-private-key'), anchor: problem('not-an-authority') },
      certificates: [certificate],
      lists: [],
      hasKey: false,
      warnings: [problem('chain-incomplete'), problem('ends-soon')],
      here: { peer: [] }
    }
  }
  return {
    format: 'pkcs12',
    as: ['identity', 'peer'],
    refusals: { anchor: problem('not-an-authority') },
    certificates: [certificate, root],
    lists: [],
    hasKey: true,
    warnings: [],
    here: { peer: [nodeIdOf(4)] }
  }
}

/** A TAK connection package: an organisation, this laptop's certificate, one under a password of its own, and a damaged one. */
export function packageOf(now: number, member = 'cert/tak-gz-sezana.p12'): Result<CertificatePreview> {
  const members: readonly PackageMember[] = [
    { name: 'cert/tak-gz-sezana.p12', subject: 'LFV Feld-CA 2026', as: ['anchor'] },
    { name: 'cert/fuekw-1.p12', subject: 'fuekw-1.lfv.example', as: ['identity', 'peer'] },
    { name: 'cert/fuekw-2.p12', as: [], problem: problem('password-needed') },
    { name: 'cert/old.p12', as: [], problem: problem('certificate-damaged') }
  ]
  const chosen = members.find(({ name }) => name === member)
  if (chosen === undefined) return fail('not-found')
  if (chosen.as.length === 0) return fail('password-needed', member)
  const kind = chosen.as[0] === 'anchor' ? 'anchor' : 'identity'
  return ok({ ...previewOf(now, kind), package: { member, members } })
}

/** A file is its kind as text, after `locked ` where it takes the password `atakatak`. */
export function answerPreview(
  now: number,
  { files, password, member }: ArgumentOf<'previewCertificates'>
): Result<CertificatePreview> {
  const text = atob(files[0] ?? '')
  const isLocked = text.startsWith('locked ')
  if (isLocked && password === undefined) return fail('password-needed')
  if (isLocked && password !== 'atakatak') return fail('wrong-password')
  const kind = text.replace('locked ', '')
  if (kind === 'authority') return ok({ ...previewOf(now, 'anchor'), hasKey: true })
  if (kind === 'package') return packageOf(now, member)
  if (kind === 'anchor' || kind === 'peer' || kind === 'identity' || kind === 'list') return ok(previewOf(now, kind))
  return fail('no-certificate')
}

function authorityOf(now: number): AuthorityView {
  const one = { use: 'laptop' as const, at: now - 3 * dayMs, notAfter: now + 362 * dayMs }
  return {
    certificate: certificateOf(now, 'Gasilska zveza Sežana', {
      ...authority,
      pathLength: 0,
      notAfter: now + 900 * dayMs
    }),
    data: btoa('anchor'),
    isAccepted: false,
    others: 1,
    list: { number: 3, thisUpdate: now - dayMs, nextUpdate: now + 29 * dayMs },
    issued: [
      { ...one, serial: '5a02', name: 'DVD Umag', nodeId: nodeIdOf(3) },
      { ...one, serial: '5a01', name: 'EUD 7', use: 'phone' },
      { ...one, serial: '5a00', name: 'OSC laptop 4', revoked: { at: now - dayMs, reason: 'keyCompromise' } }
    ]
  }
}

export function certificateHandlers(now: number, hasAuthority = true): Partial<CommandHandlers> {
  return {
    viewAuthority: async () => ok(hasAuthority ? authorityOf(now) : null),
    takeAuthority: async ({ isFirst }) => (isFirst === true ? ok(authorityOf(now)) : fail('authority-list-needed')),
    previewRequest: async () => ok({ name: 'DVD Umag 2' }),
    issueCertificate: async () => ok({ serial: '5a03', fileName: 'muster-dvd-umag-2.crt', data: btoa('certificate') }),
    revokeIssued: async () => ok(null),
    publishList: async () => ok({ fileName: 'muster-gz.crl', data: btoa('list') }),
    exportAuthority: async () => ok({ fileName: 'muster-gz.p12', data: btoa('key') }),
    previewCertificates: async (argument) => answerPreview(now, argument),
    importCertificates: async (argument) => {
      const seen = answerPreview(now, argument)
      if (!seen.ok) return seen
      const id = argument.as === 'anchor' || argument.as === 'list' ? anchorsOf(now)[0]?.id : pinsOf(now)[0]?.id
      return ok({ as: argument.as, id: id ?? '' })
    }
  }
}
