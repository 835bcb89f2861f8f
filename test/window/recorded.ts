/** A recorded field: what an engine might say on a busy afternoon, for tests that look at the window. */
import { createHash } from 'node:crypto'
import { strictBoundary } from '@shared/boundary'
import type {
  AuditEntry,
  BeyondLine,
  CertificateFacts,
  ChangeName,
  Decision,
  EntityView,
  FieldValue,
  Holder,
  Json,
  Level,
  LinkState,
  Member,
  MissionId,
  MissionSummary,
  NetworkInterface,
  NetworkStatus,
  NodeId,
  Overview,
  PeerSummary,
  ReceiptView,
  SnapshotSummary,
  Target
} from '@shared/model'
import { problem } from '@shared/result'
import { code, noPairing } from './recorded-pairing'
import type { Scope } from '@shared/scope'
import type { Settings } from '@shared/settings'

export interface RecordedMission {
  readonly entities: EntityView[]
  readonly members: readonly Member[]
  /** What is held of somebody and does not count. */
  readonly beyond?: ReadonlyMap<NodeId, readonly BeyondLine[]>
}

export interface Recorded {
  readonly overview: Overview
  readonly missions: Map<MissionId, RecordedMission>
  readonly audit: AuditEntry[]
  readonly snapshots: readonly SnapshotSummary[]
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs
const wordList =
  'amber ladder pilot ocean copper orbit velvet thunder harbor onion cabin melody sugar north wheel tunnel basic fox river lantern'.split(
    ' '
  )

export function nodeIdOf(seed: number): NodeId {
  return hex(`node ${seed}`) as NodeId
}

export function missionIdOf(seed: number): MissionId {
  return hex(`mission ${seed}`) as MissionId
}

function hex(name: string): string {
  return createHash('sha256').update(name).digest('hex')
}

function wordsOf(seed: number): readonly string[] {
  return [0, 1, 2, 3].map((index) => wordList[(seed * 4 + index) % wordList.length] ?? '')
}

export function changeName(author: NodeId, seq: number): ChangeName {
  return `${author}.1.${seq}.${author.slice(0, 16)}` as ChangeName
}

const own = nodeIdOf(0)
const everything: Scope = { out: ['*'], in: ['*'], access: 'write' }

function linked(now: number, address: string, roundTripMs: number, heardMs: number, offsetMs = 40): LinkState {
  return {
    state: 'linked',
    since: now - 3.4 * hourMs,
    lastHeard: now - heardMs,
    address,
    roundTripMs,
    clockOffsetMs: offsetMs
  }
}

function decision(now: number, over: Partial<Decision> = {}): Decision {
  return { level: 'trusted', at: now - 3 * dayMs, by: 'OSC Sežana', ground: 'words', scope: everything, ...over }
}

interface PeerSketch {
  readonly seed: number
  readonly callsign: string
  readonly laptop?: string
  readonly federation?: string
  readonly level: Level
  readonly theirLevel?: Level
  readonly decision?: Decision
  readonly link: LinkState
  readonly step?: Partial<PeerSummary['step']>
  readonly warning?: PeerSummary['warning']
  readonly positions?: PeerSummary['positions']
}

function peer(now: number, sketch: PeerSketch): PeerSummary {
  const { seed, step, federation = 'kras-2026', laptop = '', ...rest } = sketch
  const inStep = rest.link.state === 'linked' && rest.level === 'trusted'
  return {
    nodeId: nodeIdOf(seed),
    laptop,
    federation,
    words: wordsOf(seed),
    firstMet: now - 3 * dayMs - seed * minuteMs,
    addresses: [{ address: `10.20.4.${20 + seed}`, port: 47110 }],
    given: {
      changesOut: 1408 - seed * 31,
      changesIn: 366 - seed * 7,
      bytesOut: 412_000_000 - seed * 9_000_000,
      bytesIn: 58_000_000
    },
    step: {
      state: inStep ? 'in-step' : 'unknown',
      theyLack: 0,
      weLack: 0,
      at: inStep ? now - seed * 1300 : 0,
      missions: 3,
      ...step
    },
    ...rest
  } as PeerSummary
}

function richPeers(now: number): readonly PeerSummary[] {
  return [
    peer(now, {
      seed: 1,
      callsign: 'Palmanova 1',
      laptop: 'Toughbook 4',
      level: 'trusted',
      theirLevel: 'trusted',
      decision: decision(now, { ground: 'code', compared: { ...code, at: now - 3 * dayMs, by: 'OSC Sežana' } }),
      link: linked(now, '10.20.4.22', 3, 1000),
      positions: 'datagrams'
    }),
    peer(now, {
      seed: 2,
      callsign: 'GFFF-V Polska 1',
      level: 'trusted',
      theirLevel: 'trusted',
      decision: decision(now),
      link: linked(now, '10.20.4.23', 8, 2000)
    }),
    peer(now, {
      seed: 3,
      callsign: 'DVD Umag',
      level: 'trusted',
      theirLevel: 'trusted',
      decision: decision(now, { ground: 'unseen' }),
      link: linked(now, '10.20.9.4', 12, 2000)
    }),
    peer(now, {
      seed: 4,
      callsign: 'FüKW Kärnten',
      level: 'trusted',
      theirLevel: 'trusted',
      decision: decision(now, {
        until: now + 2 * dayMs,
        scope: { out: [`id:${missionIdOf(1)}`], in: ['*'], access: 'write' }
      }),
      link: linked(now, '10.20.4.25', 19, 4000),
      step: { missions: 1 }
    }),
    peer(now, {
      seed: 5,
      callsign: 'GZ Koper',
      laptop: 'GZ-07',
      level: 'trusted',
      theirLevel: 'trusted',
      decision: decision(now, { by: 'GZ Sežana' }),
      link: linked(now, '10.20.4.26', 640, 3000),
      positions: 'link',
      step: { state: 'differs', theyLack: 12 }
    }),
    peer(now, {
      seed: 6,
      callsign: 'Falke 2',
      level: 'trusted',
      theirLevel: 'trusted',
      decision: decision(now),
      link: { state: 'down', since: now - 45 * minuteMs, lastHeard: now - 45 * minuteMs, reason: 'peer-silent' },
      step: { state: 'differs', theyLack: 31, at: now - 47 * minuteMs }
    }),
    peer(now, {
      seed: 7,
      callsign: 'HQ Ljubljana',
      level: 'trusted',
      theirLevel: 'trusted',
      decision: decision(now),
      link: { state: 'down', since: now - 5 * hourMs, lastHeard: now - 5 * hourMs, reason: 'no-answer' },
      step: { state: 'in-step', at: now - 5 * hourMs }
    }),
    peer(now, {
      seed: 8,
      callsign: 'Polizia Locale Trieste 4',
      level: 'pending',
      theirLevel: 'trusted',
      link: { state: 'down', since: now - 60_000, lastHeard: now - 9000, reason: 'peer-untrusted' }
    }),
    peer(now, {
      seed: 9,
      callsign: 'Civilna zaščita Nova Gorica',
      level: 'trusted',
      theirLevel: 'trusted',
      decision: decision(now, { at: now - 2 * dayMs }),
      link: { state: 'down', since: now - 6 * minuteMs, lastHeard: now - 6 * minuteMs },
      warning: 'two-places'
    }),
    peer(now, {
      seed: 10,
      callsign: 'GRZS Tolmin, Matjaž Štrukelj',
      level: 'trusted',
      theirLevel: 'pending',
      decision: decision(now, { at: now - 3 * minuteMs }),
      link: { state: 'down', since: now - 3 * minuteMs, lastHeard: now - 5000, reason: 'peer-waits' }
    }),
    peer(now, {
      seed: 11,
      callsign: 'Vozilo 12',
      level: 'revoked',
      decision: decision(now, { level: 'revoked', at: now - 2 * dayMs, reason: 'stolen' }),
      link: { state: 'down', since: now - 2 * dayMs, lastHeard: now - 3 * hourMs, reason: 'peer-revoked' }
    })
  ]
}

function settingsOf(): Settings {
  return {
    callsign: 'OSC Sežana',
    laptop: 'Toughbook 1',
    federation: 'kras-2026',
    linkPort: 47110,
    isDiscoverable: true,
    interfaces: {},
    dnsServer: '',
    dnsDomain: '',
    isShownToStrangers: true,
    introducesPeers: false,
    hasLocalApi: true,
    theme: 'system',
    language: 'system',
    hasSingleKeys: true,
    closing: 'ask',
    filesMostMb: 0,
    filesAutoMb: 50,
    lockAfterMin: 0,
    isSetUp: true
  }
}

export function certificateOf(now: number, name: string, over: Partial<CertificateFacts> = {}): CertificateFacts {
  return {
    subject: `CN=${name}`,
    name,
    issuer: `CN=${name}`,
    issuerName: name,
    serial: hex(`serial ${name}`).slice(0, 32),
    sha256: hex(`certificate ${name}`),
    notBefore: now - 3 * dayMs,
    notAfter: now + 3650 * dayMs,
    ca: false,
    key: 'P-256',
    usages: ['digitalSignature'],
    extendedUsages: ['serverAuth', 'clientAuth'],
    alternativeNames: [],
    isSelfSigned: true,
    ...over
  }
}

function ownCertificate(now: number): CertificateFacts {
  return certificateOf(now, own.slice(0, 16), { sha256: hex('certificate') })
}

function wireless(now: number, heard: number): NetworkInterface {
  return {
    name: 'wlp3s0',
    address: '10.20.4.17',
    kind: 'wireless',
    isOn: true,
    sent: 14,
    heard,
    lastSentAt: now - 3000,
    ...(heard === 0 ? {} : { lastHeardAt: now - 2000 })
  }
}

function networkOf(now: number): NetworkStatus {
  return {
    isLooking: true,
    lookingSince: now - 7 * hourMs,
    interfaces: [
      wireless(now, 211),
      {
        name: 'enx0',
        address: '10.20.9.2',
        kind: 'cable',
        isOn: true,
        sent: 96,
        heard: 31,
        lastSentAt: now - 8000,
        lastHeardAt: now - 9000
      },
      { name: 'wg-agency', address: '10.66.0.9', kind: 'vpn', isOn: false, sent: 0, heard: 0 }
    ],
    sources: [{ source: 'mdns', since: now - 7 * hourMs, found: 0 }],
    nearby: [],
    checks: [
      {
        check: 'interface',
        outcome: 'good',
        facts: { count: 2, names: 'wlp3s0, enx0', addresses: '10.20.4.17, 10.20.9.2' }
      },
      { check: 'send', outcome: 'good', facts: { sent: 110, names: 'wlp3s0, enx0', secondsAgo: 3 } },
      { check: 'hear', outcome: 'good', facts: { heard: 242, names: 'wlp3s0, enx0', seconds: 25_200, secondsAgo: 2 } },
      { check: 'reach', outcome: 'good', facts: { found: 5, met: 5, failed: 0, linked: 5 } },
      { check: 'listen', outcome: 'good', facts: { port: 47110 } },
      { check: 'firewall', outcome: 'good', facts: {} }
    ]
  }
}

/** Nobody is found: announcements go out, and nothing comes back. */
export function deafNetwork(now: number): NetworkStatus {
  return {
    isLooking: true,
    lookingSince: now - 42_000,
    interfaces: [
      wireless(now, 0),
      { name: 'wg-agency', address: '10.66.0.9', kind: 'vpn', isOn: false, sent: 0, heard: 0 }
    ],
    sources: [{ source: 'mdns', since: now - 42_000, found: 0 }],
    nearby: [],
    checks: [
      { check: 'interface', outcome: 'good', facts: { count: 1, names: 'wlp3s0', addresses: '10.20.4.17' } },
      { check: 'vpn', outcome: 'caution', facts: { count: 1, names: 'wg-agency', addresses: '10.66.0.9', used: 0 } },
      { check: 'send', outcome: 'good', facts: { sent: 14, names: 'wlp3s0', secondsAgo: 3 } },
      { check: 'hear', outcome: 'bad', facts: { heard: 0, names: 'wlp3s0', seconds: 42 } },
      { check: 'reach', outcome: 'unknown', facts: { found: 0, met: 0, failed: 0, linked: 0 } },
      { check: 'listen', outcome: 'good', facts: { port: 47110 } },
      { check: 'firewall', outcome: 'unknown', facts: {} }
    ],
    finding: problem('nothing-heard')
  }
}

function holdersOf(peers: readonly PeerSummary[], now: number, seeds: readonly number[]): readonly Holder[] {
  return seeds.flatMap((seed) => {
    const found = peers.find((item) => item.nodeId === nodeIdOf(seed))
    if (found === undefined) return []
    const { state, theyLack, weLack, at } = found.step
    return [
      {
        nodeId: found.nodeId,
        callsign: found.callsign,
        linked: found.link.state === 'linked',
        state,
        theyLack,
        weLack,
        at: at || now - 47 * minuteMs,
        lacksFiles: { files: 0, bytes: 0 },
        ...(state === 'unknown' ? {} : { receipt: receiptOf(now, seed, state === 'in-step') })
      }
    ]
  })
}

/** The clock of every fifth is two hours behind. */
function receiptOf(now: number, seed: number, isWhole: boolean): ReceiptView {
  const heardAt = now - (isWhole ? 1 : 47) * minuteMs
  return { heardAt, at: seed % 5 === 0 ? heardAt - 2 * 60 * minuteMs : heardAt, isWhole }
}

function mission(now: number, seed: number, name: string, over: Partial<MissionSummary>): MissionSummary {
  return {
    id: missionIdOf(seed),
    name,
    description: '',
    labels: [],
    onward: 'federation',
    creator: own,
    creatorName: 'OSC Sežana',
    createdAt: now - 3 * dayMs,
    role: 'owner',
    members: 6,
    entries: 0,
    conflicts: 0,
    changes: 0,
    waiting: 0,
    lastChangeAt: now - minuteMs,
    version: 1,
    digest: hex(`digest ${seed}`),
    onlyHere: 0,
    filesOnlyHere: { files: 0, bytes: 0 },
    holders: [],
    ...over
  }
}

function entityOf(
  entity: string,
  author: readonly [number, string],
  at: number,
  fields: Readonly<Record<string, Json | readonly FieldValue[]>>
): EntityView {
  const nodeId = nodeIdOf(author[0])
  return {
    entity,
    createdAt: at,
    createdBy: nodeId,
    createdByName: author[1],
    deleted: false,
    fields: Object.entries(fields).map(([field, value], index) => ({
      field,
      values: isValues(value)
        ? value
        : [
            {
              name: changeName(nodeId, (at % 100_000) + index),
              value: value as Json,
              author: nodeId,
              authorName: author[1],
              at
            }
          ]
    }))
  }
}

function isValues(value: Json | readonly FieldValue[]): value is readonly FieldValue[] {
  return Array.isArray(value)
}

function value(seed: number, author: string, at: number, text: Json): FieldValue {
  return {
    name: changeName(nodeIdOf(seed), at % 1_000_000),
    value: text,
    author: nodeIdOf(seed),
    authorName: author,
    at
  }
}

const reports = [
  'Canadair I-DPCU: two drops on line B below Cerje. Third load in 12 min.',
  'Hose line laid, 1 400 m from the Kostanjevica tank. 6.5 bar at the ridge.',
  'Support point moves to the Sežana sports hall at 16:00.',
  'Crew of 8 relieved at the crossing, water and fuel for 3 h.',
  'Smoke column at the northern edge, no open flame from here.',
  'Μαρία: medevac point is the football field, 45.7806 N 13.6362 E.'
]
const people: readonly (readonly [number, string])[] = [
  [1, 'Palmanova 1'],
  [2, 'GFFF-V Polska 1'],
  [3, 'DVD Umag'],
  [4, 'FüKW Kärnten'],
  [5, 'GZ Koper']
]

function karst(now: number, entries: number): RecordedMission {
  const log: EntityView[] = [
    entityOf('log/a1', [1, 'Palmanova 1'], now - minuteMs, { text: reports[0] ?? '' }),
    entityOf('log/a2', [0, 'OSC Sežana'], now - 4 * minuteMs, {
      text: 'Road 617 closed at Opatje selo. Two families will not leave, numbers 41 and 43.'
    }),
    entityOf('log/a3', [2, 'GFFF-V Polska 1'], now - 10 * minuteMs, { text: reports[1] ?? '' }),
    entityOf('log/a4', [3, 'DVD Umag'], now - 13 * minuteMs, {
      text: [
        value(
          3,
          'DVD Umag',
          now - 8 * minuteMs,
          'Wind 320°, 18 kn, gusts 31. Spot fire past the railway, about 40 × 60 m.'
        ),
        value(
          4,
          'FüKW Kärnten',
          now - 9 * minuteMs,
          'Wind 230°, 18 kn, gusts 31. Spot fire past the railway, out at 14:21.'
        )
      ]
    })
  ]
  for (let index = log.length; index < entries; index++) {
    const author = people[index % people.length] ?? [1, 'Palmanova 1']
    log.push(
      entityOf(`log/b${index}`, author, now - (12 + index * 4) * minuteMs, {
        text: reports[index % reports.length] ?? ''
      })
    )
  }
  const task = (
    id: string,
    author: readonly [number, string],
    title: string,
    state: Json | readonly FieldValue[],
    ageMin: number
  ): EntityView => entityOf(`task/${id}`, author, now - ageMin * minuteMs, { title, state })
  return {
    entities: [
      ...log,
      entityOf('mission', [0, 'OSC Sežana'], now - 3 * dayMs, {
        name: 'Karst Ridge Fire, Sector North',
        description: 'Požar Kras · Incendio del Carso.'
      }),
      task(
        't1',
        [0, 'OSC Sežana'],
        'Evacuate Opatje selo 41 to 67',
        [value(0, 'OSC Sežana', now - 20 * minuteMs, 'done'), value(1, 'Palmanova 1', now - 19 * minuteMs, 'work')],
        60
      ),
      task('t2', [2, 'GFFF-V Polska 1'], 'Hold line B, Cerje to road 617', 'work', 90),
      task('t3', [3, 'DVD Umag'], 'Refuel point Kostanjevica, 4 000 l', 'open', 100),
      task('t4', [0, 'OSC Sežana'], 'UXO sweep before mop-up, UL 9178', 'open', 120),
      task('t5', [4, 'FüKW Kärnten'], 'Night crew change, 18 people', 'done', 140)
    ],
    members: [
      { nodeId: own, name: 'OSC Sežana', role: 'owner', changes: 214 },
      ...people.map(([seed, name], index) => ({
        nodeId: nodeIdOf(seed),
        name,
        role: index === 4 ? ('read-only' as const) : ('subscriber' as const),
        admittedBy: own,
        admittedByName: 'OSC Sežana',
        changes: 366 - index * 60
      }))
    ]
  }
}

function auditOf(now: number): AuditEntry[] {
  const entries: Omit<AuditEntry, 'seq'>[] = [
    {
      at: now - minuteMs,
      kind: 'pending',
      nodeId: nodeIdOf(8),
      callsign: 'Polizia Locale Trieste 4',
      code: 'peer-untrusted',
      text: 'from 10.20.4.44, federation claimed: kras-2026'
    },
    {
      at: now - 6 * minuteMs,
      kind: 'warning',
      nodeId: nodeIdOf(9),
      callsign: 'Civilna zaščita Nova Gorica',
      code: 'two-places'
    },
    { at: now - 45 * minuteMs, kind: 'link-down', nodeId: nodeIdOf(6), callsign: 'Falke 2', code: 'peer-silent' },
    { at: now - 2 * hourMs, kind: 'refused', nodeId: nodeIdOf(11), callsign: 'Vozilo 12', code: 'peer-revoked' },
    { at: now - 3 * hourMs, kind: 'decision', nodeId: nodeIdOf(4), callsign: 'FüKW Kärnten', decision: decision(now) },
    { at: now - 5 * hourMs, kind: 'link-up', nodeId: nodeIdOf(7), callsign: 'HQ Ljubljana' },
    {
      at: now - 2 * dayMs,
      kind: 'decision',
      nodeId: nodeIdOf(11),
      callsign: 'Vozilo 12',
      decision: decision(now, { level: 'revoked', reason: 'stolen' })
    },
    { at: now - 3 * dayMs, kind: 'decision', nodeId: nodeIdOf(1), callsign: 'Palmanova 1', decision: decision(now) },
    { at: now - 3 * dayMs - hourMs, kind: 'started' }
  ]
  return entries.map((entry, index) => ({ seq: entries.length - index, ...entry }))
}

export function richField(now: number, logEntries = 60): Recorded {
  const peers = richPeers(now)
  const targets: readonly Target[] = [
    {
      address: '10.20.4.31',
      port: 47110,
      state: 'waiting',
      since: now - 5 * minuteMs,
      attempts: 7,
      nextTryAt: now + 14_000,
      reason: 'refused'
    },
    { address: '10.20.4.22', port: 47110, state: 'reached', since: now - 3 * hourMs, attempts: 1, nodeId: nodeIdOf(1) }
  ]
  const fire = karst(now, logEntries)
  const audit = auditOf(now)
  const missions = new Map<MissionId, RecordedMission>([
    [missionIdOf(1), fire],
    [
      missionIdOf(2),
      {
        entities: [entityOf('mission', [3, 'EUCPT'], now - dayMs, { name: 'Host nation support' })],
        members: fire.members.slice(0, 3)
      }
    ],
    [
      missionIdOf(3),
      {
        entities: [entityOf('mission', [0, 'OSC Sežana'], now - dayMs, { name: 'Kras: air operations' })],
        members: fire.members.slice(0, 4)
      }
    ]
  ])
  const summaries = [
    mission(now, 1, 'Karst Ridge Fire, Sector North', {
      description: 'Požar Kras · Incendio del Carso.',
      entries: logEntries,
      changes: logEntries + 12,
      conflicts: 2,
      holders: holdersOf(peers, now, [1, 2, 3, 4, 5, 6])
    }),
    mission(now, 2, 'Host nation support', {
      creator: nodeIdOf(3),
      creatorName: 'EUCPT',
      role: 'subscriber',
      onward: 'none',
      members: 3,
      entries: 23,
      changes: 30,
      lastChangeAt: now - 2 * hourMs,
      holders: holdersOf(peers, now, [1, 2, 3])
    }),
    mission(now, 3, 'Kras: air operations', {
      members: 4,
      entries: 96,
      changes: 120,
      lastChangeAt: now - 40 * minuteMs,
      holders: holdersOf(peers, now, [1, 2, 7])
    })
  ]
  return {
    overview: {
      node: {
        nodeId: own,
        callsign: 'OSC Sežana',
        federation: 'kras-2026',
        boundary: strictBoundary,
        version: '0.1.0',
        words: wordsOf(0),
        certificateSha256: hex('certificate'),
        certificate: { ...ownCertificate(now), isOwn: true },
        startedAt: now - 7 * hourMs,
        linkPort: 47110,
        interfaces: [
          { name: 'wlp3s0', address: '10.20.4.17' },
          { name: 'enx0', address: '10.20.9.2' }
        ],
        dataFolder: '/home/osc/.config/muster',
        settings: settingsOf(),
        isFirstRun: false,
        keys: { state: 'file' }
      },
      network: networkOf(now),
      health: { problems: [] },
      anchors: [],
      pins: [],
      auditTotal: audit.length,
      peers,
      targets,
      pairing: noPairing,
      missions: summaries
    },
    missions,
    audit,
    snapshots: [
      { name: '000004-asked', kind: 'asked', at: now - 5 * minuteMs, bytes: 5_350_000, missions: 4 },
      { name: '000003-hourly', kind: 'hourly', at: now - hourMs, bytes: 5_300_000, missions: 4 },
      { name: '000002-restore', kind: 'restore', at: now - 5 * hourMs, bytes: 5_100_000, missions: 4 },
      { name: '000001-daily', kind: 'daily', at: now - dayMs, bytes: 940_000, missions: 2 }
    ]
  }
}

export function emptyField(now: number): Recorded {
  const rich = richField(now, 4)
  return {
    overview: {
      ...rich.overview,
      network: deafNetwork(now),
      auditTotal: 0,
      peers: [],
      targets: [],
      missions: []
    },
    missions: new Map(),
    audit: [],
    snapshots: []
  }
}

export function aloneField(now: number): Recorded {
  const rich = richField(now, 6)
  const missions = rich.overview.missions
    .slice(0, 1)
    .map((item) => ({ ...item, conflicts: 0, holders: [], onlyHere: 6, members: 1 }))
  return { ...rich, overview: { ...rich.overview, peers: [], targets: [], missions } }
}

export function busyField(now: number): Recorded {
  const rich = richField(now, 1500)
  const more = Array.from({ length: 29 }, (_, index) => {
    const seed = 20 + index
    const away = index % 4 === 3
    return peer(now, {
      seed,
      callsign: `Engine ${seed} of the mutual aid column, Østerbro and neighbours`,
      level: 'trusted',
      theirLevel: 'trusted',
      decision: decision(now),
      link: away
        ? { state: 'down', since: now - seed * minuteMs, lastHeard: now - seed * minuteMs, reason: 'no-answer' }
        : linked(now, `10.20.5.${seed}`, seed, 1000)
    })
  })
  return { ...rich, overview: { ...rich.overview, peers: [...rich.overview.peers, ...more] } }
}

export function brokenField(now: number): Recorded {
  const rich = richField(now)
  const node = { ...rich.overview.node, listenProblem: problem('port-in-use', 'TCP 47110') }
  delete (node as { linkPort?: number }).linkPort
  const problems = [
    { ...problem('disk-full'), since: now - 30_000 },
    { ...problem('journal-damaged'), since: now - hourMs }
  ]
  return { ...rich, overview: { ...rich.overview, node, health: { problems } } }
}
