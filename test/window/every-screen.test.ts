/**
 * Every screen empty, busy and broken, in real Chromium on a recorded engine: every theme, at 1366x768 and at 200 % zoom.
 * What network-settings.test.ts and trust-first-run.test.ts show is not shown again.
 */
import encodeQR from 'qr'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Browser, Page } from 'playwright-core'
import { openPolicy, type Boundary } from '@shared/boundary'
import type { CommandHandlers } from '@shared/contract'
import type { EntityView, MissionSummary, Overview, Target } from '@shared/model'
import { fail, ok, problem } from '@shared/result'
import { themes } from '@shared/settings'
import { openBrowser } from './browser'
import { byEngine, canLook, goTo, inEveryLook, isRedOnly, withRecorded } from './looks'
import {
  aloneField,
  brokenField,
  busyField,
  changeName,
  emptyField,
  missionIdOf,
  nodeIdOf,
  richField,
  type Recorded
} from './recorded'
import { dropFiles } from './real-window'
import type { RecordedEngine } from './recorded-engine'
import { certificateHandlers, firstRunField, trustField } from './recorded-trust'

interface Screen {
  readonly name: string
  readonly path: string
  readonly field: (now: number) => Recorded
  readonly own?: Partial<CommandHandlers>
  /** What a person does there first. */
  readonly way?: (page: Page, engine: RecordedEngine) => Promise<void>
}

const minuteMs = 60_000
const fire = `/missions/${missionIdOf(1)}`

function withOverview(recorded: Recorded, change: (overview: Overview) => Partial<Overview>): Recorded {
  return { ...recorded, overview: { ...recorded.overview, ...change(recorded.overview) } }
}

/** Peers are known, and the network takes nothing any more. */
function deaf(now: number): Recorded {
  return withOverview(brokenField(now), ({ network, peers, missions }) => ({
    missions: missions.map((mission) => ({
      ...mission,
      holders: mission.holders.map((holder) => ({ ...holder, linked: false }))
    })),
    peers: peers.map((peer) => ({
      ...peer,
      link: { state: 'down', since: now - minuteMs, lastHeard: now - 2 * minuteMs, reason: 'peer-silent' }
    })),
    network: { ...network, finding: problem('cannot-send', 'wlp3s0: EPERM') },
    health: { problems: [] }
  }))
}

function manyMissions(now: number): Recorded {
  return withOverview(richField(now), ({ missions }) => ({
    missions: Array.from({ length: 40 }, (_, index): MissionSummary[] => {
      const [first] = missions
      if (first === undefined) return []
      const id = index === 0 ? first.id : missionIdOf(100 + index)
      const name = `${first.name} ${String(index + 1)}, with a name that takes all the room it is given`
      const onlyHere = index % 7 === 0 ? 31 : 0
      return [
        { ...first, id, name, onlyHere, conflicts: index % 11 === 0 ? 2 : 0, lastChangeAt: now - index * minuteMs }
      ]
    }).flat()
  }))
}

/** A mission in which nothing was written yet, on a laptop that knows nobody. */
function blank(now: number): Recorded {
  const alone = aloneField(now)
  const entities = alone.missions.get(missionIdOf(1))?.entities.filter(({ entity }) => entity === 'mission') ?? []
  return {
    ...withOverview(alone, ({ missions }) => ({
      missions: missions.map((mission) => ({ ...mission, entries: 0, onlyHere: 3, changes: 3 }))
    })),
    missions: new Map([
      [missionIdOf(1), { entities, members: alone.missions.get(missionIdOf(1))?.members.slice(0, 1) ?? [] }]
    ])
  }
}

/** A laptop of an accepted organisation, whose certificate expired yesterday. */
function late(now: number): Recorded {
  return withOverview(richField(now), ({ peers }) => ({
    peers: peers.map((peer) => {
      if (peer.nodeId !== nodeIdOf(4)) return peer
      const { decision: _, ...rest } = peer
      return {
        ...rest,
        level: 'untrusted',
        late: {
          code: 'certificate-expired',
          notBefore: now - 366 * 24 * 60 * minuteMs,
          notAfter: now - 24 * 60 * minuteMs,
          certificate: { sha256: 'ab'.repeat(32), name: 'LFV Feld-CA 2026' }
        }
      }
    })
  }))
}

/** Everything is held elsewhere but for changes and files of one mission. */
function leaving(now: number, onlyHere = 214): Recorded {
  return withOverview(richField(now), ({ missions }) => ({
    missions: missions.map((mission, index) => ({
      ...mission,
      onlyHere: index === 0 ? onlyHere : 0,
      filesOnlyHere: index === 0 ? { files: 3, bytes: 48_300_000 } : mission.filesOnlyHere,
      holders: mission.holders.map((holder, place) => ({
        ...holder,
        lacksFiles: index === 0 ? { files: 3 + place, bytes: 48_300_000 + 9_000_000 * place } : holder.lacksFiles
      }))
    }))
  }))
}

/** The first peer introduced two others; of a third one both words and warnings are here. */
function vouched(now: number): Recorded {
  const said = { nodeId: nodeIdOf(1), callsign: 'Palmanova 1', since: now - 90 * minuteMs }
  const by = [{ nodeId: nodeIdOf(1), callsign: 'Palmanova 1' }]
  return withOverview(richField(now), ({ peers }) => ({
    peers: peers.map((one) => {
      const { decision } = one
      if (one.nodeId === nodeIdOf(1) && decision !== undefined)
        return { ...one, decision: { ...decision, mayIntroduce: { letsIn: decision.scope } } }
      if (one.nodeId === nodeIdOf(2) && decision !== undefined)
        return { ...one, decision: { ...decision, ground: 'introduced', introducedBy: by } }
      if (one.nodeId === nodeIdOf(3) && decision !== undefined)
        return { ...one, decision: { ...decision, introducedBy: by } }
      if (one.nodeId !== nodeIdOf(8)) return one
      return {
        ...one,
        introductions: [
          { ...said, ground: 'code', effect: 'suggests' },
          { ...said, nodeId: nodeIdOf(2), callsign: 'GFFF-V Polska 1', ground: 'unseen', effect: 'differs' }
        ],
        statements: [
          {
            nodeId: nodeIdOf(3),
            callsign: 'DVD Umag',
            at: now - 20 * minuteMs,
            reason: 'laptop lost',
            effect: 'advice'
          }
        ]
      } as const
    })
  }))
}

const press =
  (...names: readonly string[]) =>
  async (page: Page): Promise<void> => {
    for (const name of names) await page.getByRole('button', { name, exact: true }).first().click()
  }

/** What is behind lines that open, by their place; with the keyboard. */
function openSummaries(...places: readonly number[]) {
  return async (page: Page): Promise<void> => {
    for (const place of places) {
      await page.locator('summary').nth(place).focus()
      await page.keyboard.press('Enter')
    }
  }
}

function openRows(...places: readonly number[]) {
  return async (page: Page): Promise<void> => {
    await openSummaries(...places)(page)
    await page.locator('.lacked li, [role=alert]').first().waitFor()
  }
}

/** Two addresses of a picture answered: one as the laptop in it, one as another. */
function answered(now: number): readonly Target[] {
  const at = { port: 47_110, state: 'reached', since: now - minuteMs, attempts: 1 } as const
  return [
    { ...at, address: '10.20.0.31', nodeId: nodeIdOf(8) },
    { ...at, address: '10.20.0.32', nodeId: nodeIdOf(3) }
  ]
}

/** An owner asks this laptop to become one, too. */
function invited(now: number): Recorded {
  const recorded = richField(now)
  const mission = recorded.missions.get(missionIdOf(1))
  if (mission === undefined) throw new Error('no such mission in the field')
  const by = { author: nodeIdOf(1), authorName: 'Palmanova 1', at: now - 9 * minuteMs }
  const values = { invitee: nodeIdOf(0), role: 'owner', state: 'open', note: 'You take over at 18:00.' }
  const fields = Object.entries(values).map(([field, value], index) => ({
    field,
    values: [{ name: changeName(nodeIdOf(1), 800 + index), value, ...by }]
  }))
  const asked: EntityView = {
    ...{ entity: 'invitation/i1', createdAt: by.at, createdBy: by.author, createdByName: by.authorName },
    ...{ deleted: false, fields }
  }
  const missions = new Map(recorded.missions)
  missions.set(missionIdOf(1), { ...mission, entities: [...mission.entities, asked] })
  return { ...recorded, missions }
}

/** Somebody asks to delete the newest task and the newest log entry. */
function askedBy(recorded: Recorded, now: number, author: number, authorName: string): Recorded {
  const mission = recorded.missions.get(missionIdOf(1))
  if (mission === undefined) throw new Error('no such mission in the field')
  const by = { author: nodeIdOf(author), authorName, at: now - minuteMs }
  const values = [{ name: changeName(nodeIdOf(author), 900), value: true, ...by }]
  const newest = (type: string) =>
    mission.entities
      .filter(({ entity, deleted }) => entity.startsWith(`${type}/`) && !deleted)
      .reduce((one, other) => (other.createdAt > one.createdAt ? other : one)).entity
  const some = [newest('task'), newest('log')]
  const entities = mission.entities.map((one) =>
    some.includes(one.entity) ? { ...one, fields: [...one.fields, { field: 'deletionAsked', values }] } : one
  )
  return { ...recorded, missions: new Map(recorded.missions).set(missionIdOf(1), { ...mission, entities }) }
}

const asked = (now: number): Recorded => askedBy(richField(now), now, 3, 'Gasilci Maribor')

/** By this laptop, which can only ask. */
function asking(now: number): Recorded {
  return withOverview(askedBy(richField(now), now, 0, 'OSC Sežana'), ({ missions }) => ({
    missions: missions.map((mission) => ({ ...mission, role: 'subscriber', asksToDelete: true }))
  }))
}

async function showRequests(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: /^Keep / })
    .first()
    .scrollIntoViewIfNeeded()
}

const drava = { name: 'drava-2026', ...openPolicy, out: [`id:${missionIdOf(1)}`], vouching: true }

/** Two other federations are dealt with. */
function bridging(now: number): Recorded {
  const boundary: Boundary = { mode: 'bridging', federations: [drava, { ...drava, name: 'Protezione Civile FVG' }] }
  return withOverview(richField(now), ({ node }) => ({ node: { ...node, boundary } }))
}

async function showBoundary(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Change Protezione Civile FVG' }).scrollIntoViewIfNeeded()
}

/** What a boundary does to some peers. */
const touched = {
  total: 204,
  effects: [
    { ...{ nodeId: nodeIdOf(1), callsign: 'Palmanova 1', federation: 'Protezione Civile FVG' }, ...ends(3) },
    { ...{ nodeId: nodeIdOf(2), callsign: 'DVD Umag', federation: 'drava-2026' }, ...ends(1) },
    {
      ...{ nodeId: nodeIdOf(3), callsign: 'Gasilci Maribor, vozilo 4', federation: 'drava-2026' },
      ...{ mayLink: [true, true] as const, missions: [4, 1] as const }
    }
  ]
}

function ends(missions: number) {
  return { mayLink: [true, false] as const, missions: [missions, 0] as const }
}

/** This laptop decides who may do what. */
function deciding(now: number): Recorded {
  const recorded = richField(now)
  const mission = recorded.missions.get(missionIdOf(1))
  if (mission === undefined) throw new Error('no such mission in the field')
  const members = mission.members.map((member, index) => (index === 0 ? { ...member, rank: 0 } : member))
  return { ...recorded, missions: new Map([...recorded.missions, [missionIdOf(1), { ...mission, members }]]) }
}

/** This laptop shares its position, until it stops. */
function sharing(): Partial<CommandHandlers> {
  let isOn = true
  return {
    sharePresence: async () => {
      isOn = false
      return ok(null)
    },
    listPresence: async () => {
      const now = Date.now()
      const about = { source: nodeIdOf(0), callsign: 'OSC Sežana', key: 'position', at: now - minuteMs, isOwn: true }
      const value = { lat: 45.84, lon: 13.6, how: 'h-g-i-g-o', setAt: now - minuteMs }
      return ok({ presence: isOn ? [{ ...about, value, remainingMs: 40 * minuteMs }] : [], takenBack: [] })
    }
  }
}

const searchFor = (words: string, then: string) => async (page: Page) => {
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill(words)
  await page.getByText(then).first().waitFor()
}

/** The engine says no to a bundle; Chromium says each such answer, and this one is meant. */
async function refuseBundle(page: Page): Promise<void> {
  await page.route('**/api/v1/bundles/download', (route) => route.fulfill({ status: 500, json: full.problem }))
  page.removeAllListeners('console')
  await press('Write bundle')(page)
  const sheet = page.getByRole('dialog')
  await sheet.getByText('Missions', { exact: true }).click()
  await sheet.getByRole('checkbox').first().press('Space')
  await sheet.getByRole('button', { name: 'Write bundle' }).click()
  await sheet.getByText('DSK-01').waitFor()
}

const drop = (page: Page, name: string, content: string) => dropFiles(page, [{ name, content }])
const full = { ok: false as const, problem: problem('disk-full', 'ENOSPC: no space left on device, write') }
const unread = fail<never>('disk-failed', 'EIO: i/o error, read')

const noHistory = ok({ entries: [], searched: 1 })

/** Keys under a passphrase; without `isLocked`, somebody gave it. */
function underPassphrase(now: number, isLocked: boolean): Recorded {
  return withOverview(richField(now), ({ node }) => ({
    node: { ...node, keys: { state: 'passphrase' }, ...(isLocked ? { isLocked } : {}) }
  }))
}

const unprotected = (now: number): Recorded =>
  withOverview(richField(now), ({ node }) => ({
    node: { ...node, keys: { state: 'file', problem: problem('no-key-store') } }
  }))

const showButton = (name: string) => (page: Page) => page.getByRole('button', { name }).scrollIntoViewIfNeeded()

const screens: readonly Screen[] = [
  {
    name: 'lock-wrong',
    path: '/peers',
    field: (now) => underPassphrase(now, true),
    way: async (page) => {
      await page.getByLabel('Passphrase').fill('a wrong one')
      await page.keyboard.press('Enter')
      await page.getByText('KEY-02').waitFor()
      await page.getByText('The passphrase is forgotten').click()
    }
  },
  {
    name: 'settings-passphrase',
    path: '/settings',
    field: (now) => underPassphrase(now, false),
    way: showButton('Lock now')
  },
  {
    name: 'passphrase-set',
    path: '/settings',
    field: unprotected,
    way: async (page) => {
      await press('Set a passphrase')(page)
      const sheet = page.getByRole('dialog')
      await sheet.getByLabel('New passphrase').fill('short')
      await sheet.getByRole('button', { name: 'Set a passphrase' }).click()
      await sheet.getByText('Take 10 characters or more').waitFor()
    }
  },
  {
    name: 'identity-take',
    path: '/peers',
    field: firstRunField,
    way: async (page) => {
      await press('I had this laptop’s identity before')(page)
      const sheet = page.getByRole('dialog')
      const data = { name: 'alpha.muster-identity', mimeType: '', buffer: Buffer.from('identity') }
      await sheet.locator('input[type=file]').setInputFiles(data)
      await sheet.getByLabel('Passphrase of the file').fill('a wrong one')
      await page.keyboard.press('Enter')
      await sheet.getByText('KEY-02').waitFor()
    }
  },
  {
    name: 'identity-reset',
    path: '/settings',
    field: unprotected,
    way: async (page) => {
      await press('New identity')(page)
      await page.getByText('Nobody else owns').waitFor()
    }
  },
  { name: 'identity-retire', path: '/settings', field: unprotected, way: press('Retire this laptop') },
  { name: 'peers-busy', path: '/peers', field: busyField },
  { name: 'picture-show', path: '/peers/add', field: richField, way: press('Show as picture') },
  {
    name: 'picture-read',
    path: '/peers/add',
    field: richField,
    way: async (page, engine) => {
      await press('Read a picture')(page)
      const picture = encodeQR(`muster:add?node=${nodeIdOf(8)}&at=10.20.0.31:47110&at=10.20.0.32:47110`, 'svg')
      const file = { name: 'code.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(picture) }
      await page.getByRole('dialog').locator('input[type=file]').setInputFiles(file)
      await press('Look for it')(page)
      engine.say({ slice: 'targets', value: answered(Date.now()) })
      await page.getByRole('dialog').getByRole('button', { name: 'Compare codes' }).waitFor()
    }
  },
  {
    name: 'picture-unread',
    path: '/peers/add',
    field: richField,
    way: async (page) => {
      await press('Read a picture')(page)
      const file = { name: 'photo.png', mimeType: 'image/png', buffer: Buffer.from('no picture') }
      await page.getByRole('dialog').locator('input[type=file]').setInputFiles(file)
      await page.getByText('PAI-18').waitFor()
    }
  },
  { name: 'peers-broken', path: '/peers', field: deaf },
  { name: 'peer-positions', path: `/peers/${nodeIdOf(5)}`, field: richField },
  { name: 'decide-busy', path: `/peers/${nodeIdOf(8)}/decide`, field: busyField },
  {
    name: 'decide-broken',
    path: `/peers/${nodeIdOf(8)}/decide`,
    field: richField,
    own: { decide: async () => full },
    way: async (page) => {
      await press('Trust unseen')(page)
      await page.getByRole('dialog').getByText('DSK-01').waitFor()
    }
  },
  { name: 'revoke', path: `/peers/${nodeIdOf(1)}/revoke`, field: richField },
  { name: 'peers-vouched', path: `/peers/${nodeIdOf(2)}`, field: vouched },
  { name: 'decide-vouched', path: `/peers/${nodeIdOf(8)}/decide`, field: vouched },
  {
    name: 'introducer-change',
    path: `/peers/${nodeIdOf(1)}/share`,
    field: vouched,
    way: async (page) => {
      await page.getByLabel('May introduce others').selectOption('nobody')
      await page.getByText('What becomes of those it introduced').scrollIntoViewIfNeeded()
    }
  },
  { name: 'introducer-revoke', path: `/peers/${nodeIdOf(1)}/revoke`, field: vouched },
  { name: 'missions-empty', path: '/missions', field: emptyField },
  { name: 'missions-busy', path: '/missions', field: manyMissions },
  { name: 'missions-broken', path: '/missions', field: brokenField, way: press('New mission') },
  { name: 'mission-empty', path: fire, field: blank },
  { name: 'mission-busy', path: fire, field: busyField },
  { name: 'mission-log', path: `${fire}/log`, field: busyField },
  { name: 'mission-conflicts', path: `${fire}/conflicts`, field: richField },
  { name: 'mission-people', path: `${fire}/people`, field: richField },
  { name: 'mission-asked', path: `${fire}/conflicts`, field: asked, way: showRequests },
  {
    name: 'mission-asked-task',
    path: fire,
    field: asking,
    way: async (page) => {
      await page
        .getByRole('button', { name: /You asked to delete it/ })
        .first()
        .click()
      await page.getByRole('button', { name: 'Take the request back' }).first().scrollIntoViewIfNeeded()
    }
  },
  {
    name: 'mission-broken',
    path: `${fire}/log`,
    field: brokenField,
    way: async (page, engine) => {
      engine.failNextWrite(full)
      await page.getByLabel('Write to the log').fill('Road 617 closed at Opatje selo.')
      await press('Add entry')(page)
      await page.getByText('DSK-01').nth(1).waitFor()
    }
  },
  { name: 'mission-unknown', path: `/missions/${missionIdOf(9)}`, field: richField },
  { name: 'trust-empty', path: '/trust', field: emptyField },
  { name: 'trust-broken', path: '/trust', field: brokenField },
  { name: 'trust-confirm', path: '/trust', field: brokenField, way: press('Look and confirm') },
  { name: 'boundary', path: '/trust', field: bridging, way: showBoundary },
  {
    name: 'boundary-change',
    path: '/trust',
    field: bridging,
    own: { previewBoundary: async () => ok(touched), setBoundary: async () => full },
    way: async (page) => {
      await press('Change drava-2026')(page)
      await page.getByText('Links end').waitFor()
      await press('Save drava-2026')(page)
      await page.getByText('DSK-01').waitFor()
    }
  },
  { name: 'activity-empty', path: '/activity', field: emptyField },
  { name: 'activity-broken', path: '/activity', field: brokenField },
  { name: 'settings-empty', path: '/settings', field: emptyField },
  { name: 'leave-empty', path: '/leave', field: emptyField },
  { name: 'leave-busy', path: '/leave', field: leaving, way: openRows(0, 1, 2, 5) },
  { name: 'leave-files', path: '/leave', field: (now) => leaving(now, 0), way: openSummaries(0, 1) },
  {
    name: 'leave-broken',
    path: '/leave',
    field: deaf,
    own: { listOnlyHere: async () => fail('file-damaged', 'missions/0000…: chain hash differs') },
    way: openRows(0, 1)
  },
  { name: 'history-empty', path: `${fire}/history`, field: blank, own: { listHistory: async () => noHistory } },
  { name: 'history-broken', path: `${fire}/history`, field: richField, own: { listHistory: async () => unread } },
  {
    name: 'past-busy',
    path: `${fire}/history?at=1700000000000`,
    field: busyField,
    own: { openPast: async ({ at }) => ok({ state: 'reading', at, read: 41_000, total: 150_000 }) }
  },
  { name: 'past-broken', path: `${fire}/history?at=1700000000000`, field: richField },
  { name: 'search-empty', path: '/peers', field: richField, way: searchFor('zzyzx', 'Nothing found') },
  {
    name: 'search-broken',
    path: '/peers',
    field: richField,
    own: { search: async () => unread },
    way: searchFor('wind', 'DSK-03')
  },
  {
    name: 'map-broken',
    path: `${fire}/map`,
    field: richField,
    own: { listItems: async () => unread },
    way: (page) => page.getByText('DSK-03').first().waitFor()
  },
  { name: 'share-empty', path: `${fire}/map`, field: richField, way: press('Share my position') },
  {
    name: 'share-set',
    path: `${fire}/map`,
    field: richField,
    own: { sharePresence: async () => full },
    way: async (page) => {
      await press('Share my position')(page)
      await page.getByLabel('Coordinates').fill('33T UL 92000 78000')
      await press('Set')(page)
      await page.getByLabel('Coordinates').fill('at the church')
      await press('Set')(page)
      await page.getByText('No such place.').waitFor()
      await press('Share it')(page)
      await page.getByText('DSK-01').waitFor()
    }
  },
  { name: 'share-on', path: `${fire}/map`, field: busyField, own: sharing(), way: press('Change') },
  {
    name: 'share-ended',
    path: `${fire}/map`,
    field: richField,
    own: sharing(),
    way: async (page, engine) => {
      await press('Change', 'Stop sharing')(page)
      await page.getByText('Your position is not shared any more.').waitFor()
      const [summary] = richField(Date.now()).overview.missions
      if (summary !== undefined) engine.say({ slice: 'mission', value: { ...summary, presenceVersion: 2 } })
      await page.getByRole('button', { name: 'Share my position' }).waitFor()
    }
  },
  { name: 'bundle-broken', path: fire, field: manyMissions, way: refuseBundle },
  {
    name: 'receipt-broken',
    path: '/missions',
    field: richField,
    way: async (page) => {
      await drop(page, 'Karst Ridge Fire.muster-receipt', 'not a receipt')
      await press('Take receipt')(page)
      await page.getByRole('dialog').getByRole('alert').waitFor()
    }
  },
  { name: 'invited', path: `${fire}/people`, field: invited, way: (page) => page.getByText('You take over').waitFor() },
  { name: 'invite', path: `${fire}/people`, field: deciding, way: press('Invite an owner') },
  {
    name: 'template',
    path: '/missions',
    field: richField,
    way: async (page) => {
      await press('New mission')(page)
      await page.getByLabel('Begin with').selectOption('flood')
    }
  },
  {
    name: 'first-broken',
    path: '/peers',
    field: firstRunField,
    own: { changeSettings: async () => full },
    way: async (page) => {
      await press('Continue')(page)
      await page.getByText('DSK-01').waitFor()
    }
  },
  { name: 'peer-late', path: `/peers/${nodeIdOf(4)}`, field: late },
  { name: 'peer-continue', path: `/peers/${nodeIdOf(4)}/continue`, field: late },
  {
    name: 'import-busy',
    path: '/trust',
    field: trustField,
    own: { previewCertificates: () => new Promise(() => undefined) },
    way: (page) => drop(page, 'lfv-feld-ca-2026.pem', 'anchor')
  },
  {
    name: 'import-broken',
    path: '/trust',
    field: trustField,
    own: { importCertificates: async () => full },
    way: async (page) => {
      await drop(page, 'lfv-feld-ca-2026.pem', 'anchor')
      await press('Trust this organisation')(page)
      await page.getByText('DSK-01').waitFor()
    }
  },
  { name: 'keys', path: '/peers', field: richField, way: (page) => page.keyboard.press('?') }
]

describe.runIf(canLook)('every screen', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())

  for (const { name, path, field, own = {}, way } of screens) {
    it(`${name}: every theme and size`, async () => {
      const recorded = field(Date.now())
      const work = async (page: Page, engine: RecordedEngine) => {
        await goTo(page, path)
        await way?.(page, engine)
        await inEveryLook(page, `screen-${name}`, byEngine(engine, recorded.overview))
      }
      await withRecorded(browser, recorded, work, { ...certificateHandlers(Date.now()), ...own })
    })
  }

  it('lost: every theme and size, chosen without an engine', async () => {
    const recorded = richField(Date.now())
    await withRecorded(browser, recorded, async (page, engine) => {
      // Chromium says each connection that fails; those are meant here.
      page.removeAllListeners('console')
      engine.fallSilent()
      await page.getByRole('alertdialog').waitFor()
      await inEveryLook(page, 'screen-lost', async (theme) => {
        for (let turn = 0; turn < themes.length; turn++) {
          if (await page.evaluate((wanted) => document.documentElement.classList.contains(wanted), theme)) return
          await page.keyboard.press('F9')
        }
      })
    })
  })

  it('closed: every theme and size', async () => {
    await withRecorded(browser, emptyField(Date.now()), async (page) => {
      await inEveryLook(page, 'screen-closed', async (theme) => {
        await page.evaluate((name) => localStorage.setItem('muster.theme', name), theme)
        await page.reload()
        await page.getByText('This window is not open yet').waitFor()
      })
    })
  })

  it('knows a pixel that is not red', async () => {
    const page = await browser.newPage()
    const looksRed = async (color: string): Promise<boolean> => {
      await page.setContent(`<body style="background:#ff0000"><p style="width:1px;height:1px;background:${color}">`)
      return isRedOnly(await page.screenshot())
    }
    expect(await looksRed('#a00000')).toBe(true)
    expect(await looksRed('#a00001')).toBe(false)
    expect(await looksRed('#a00100')).toBe(false)
    await page.close()
  })
})
