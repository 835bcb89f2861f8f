/**
 * A stand-in for the engine: serves the built window on loopback and speaks the contract from a recorded field. It
 * changes what it recorded as a command says, but has no disk, no links and no policy.
 */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { WebSocketServer, type WebSocket } from 'ws'
import type { ClientMessage, CommandHandlers, CommandName } from '@shared/contract'
import { applyFeed, type FeedState, type OverviewChange } from '@shared/feed'
import type {
  ConflictView,
  EntityView,
  FieldView,
  HistoryEntry,
  Member,
  MissionId,
  MissionSummary,
  NodeId,
  PeerSummary,
  SearchAnswer,
  WriteRequest
} from '@shared/model'
import { fail, ok, type Result } from '@shared/result'
import { isInBox, mapItem } from '../../src/main/engine/missions/map-item'
import { changeName, missionIdOf, type Recorded } from './recorded'
import { keyHandlers } from './recorded-keys'
import { pairingHandlers } from './recorded-pairing'
import { lackedIn, previewOf, storyOf, tasksIn } from './recorded-standing'

export interface RecordedEngine {
  /** Address with a fresh one-time code. */
  readonly url: string
  /** Says a change of the overview to every window. */
  say(...changes: readonly OverviewChange[]): void
  /** Somebody else writes in a mission. */
  writeAs(author: PeerSummary, missionId: MissionId, changes: readonly WriteRequest[]): void
  /** The next write fails so. */
  failNextWrite(result: Result<never>): void
  /** Ends every connection and refuses new ones until `answer` is called. */
  fallSilent(): void
  answer(): void
  close(): Promise<void>
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff'
}
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self' ws://127.0.0.1:* ws://localhost:*"

/** @param own answers of a test's own, instead of the usual ones. */
export async function startRecordedEngine(
  recorded: Recorded,
  folder: string,
  own: Partial<CommandHandlers> = {}
): Promise<RecordedEngine> {
  const code = randomBytes(12).toString('hex')
  const token = randomBytes(16).toString('hex')
  const windows = new Set<WebSocket>()
  let state: FeedState = { revision: 1, overview: recorded.overview }
  let codeUsed = false
  let silent = false
  let failure: Result<never> | undefined
  let seq = 5000

  function say(...changes: readonly OverviewChange[]): void {
    const message = { type: 'changes' as const, revision: state.revision + 1, changes }
    state = applyFeed(state, message) ?? state
    for (const window of windows) window.send(JSON.stringify(message))
  }

  function write(
    author: Pick<PeerSummary, 'nodeId' | 'callsign'>,
    missionId: MissionId,
    changes: readonly WriteRequest[]
  ) {
    const mission = recorded.missions.get(missionId)
    const summary = state.overview.missions.find((item) => item.id === missionId)
    if (mission === undefined || summary === undefined)
      return fail<{ changes: { name: ReturnType<typeof changeName> }[] }>('mission-unknown')
    const names = changes.map((change) => {
      const at = Date.now()
      const value = {
        name: changeName(author.nodeId, ++seq),
        value: change.value,
        author: author.nodeId,
        authorName: author.callsign,
        at
      }
      const index = mission.entities.findIndex((item) => item.entity === change.entity)
      const entity: EntityView = mission.entities[index] ?? {
        entity: change.entity,
        createdAt: at,
        createdBy: author.nodeId,
        createdByName: author.callsign,
        deleted: false,
        fields: []
      }
      const before = entity.fields.find((field) => field.field === change.field)?.values ?? []
      const values = [...before.filter((item) => change.seen !== undefined && !change.seen.includes(item.name)), value]
      const field: FieldView = { field: change.field, values }
      const fields = [...entity.fields.filter((item) => item.field !== change.field), field]
      const deleted = fields.some((item) => item.field === 'deleted' && item.values.some((one) => one.value === true))
      const next = { ...entity, fields, deleted }
      if (index < 0) mission.entities.unshift(next)
      else mission.entities[index] = next
      return { name: value.name }
    })
    say({ slice: 'mission', value: summarize(summary, mission.entities) })
    return ok({ changes: names })
  }

  const me = () => ({ nodeId: state.overview.node.nodeId, name: state.overview.node.callsign })

  function setMember(missionId: MissionId, nodeId: NodeId, change: Partial<Member>) {
    const mission = recorded.missions.get(missionId)
    const summary = state.overview.missions.find((item) => item.id === missionId)
    if (mission === undefined || summary === undefined) return fail('mission-unknown')
    const members = mission.members.map((one) => (one.nodeId === nodeId ? { ...one, ...change } : one))
    recorded.missions.set(missionId, { ...mission, members })
    say({ slice: 'mission', value: { ...summary, version: summary.version + 1 } })
    return ok(null)
  }

  const handlers: CommandHandlers = {
    ...pairingHandlers(() => state.overview.pairing, say),
    ...keyHandlers(() => state.overview.node, say),
    viewEntity: async ({ missionId, entity }) =>
      ok(recorded.missions.get(missionId)?.entities.find((one) => one.entity === entity) ?? null),
    listItems: async ({ missionId, box, text = '' }) => {
      const all = (recorded.missions.get(missionId)?.entities ?? []).filter(
        (one) => one.entity.startsWith('item/') && !one.deleted
      )
      const items = all
        .map(({ entity, createdByName, createdAt, fields }) =>
          mapItem(entity.slice(5), createdByName, createdAt, new Map(fields.map((one) => [one.field, one.values])))
        )
        .filter((item) => (box === undefined || isInBox(item, box)) && item.title.toLowerCase().includes(text))
      const counts = { more: 0, found: items.length, total: all.length, left: 0 }
      return ok({ cursor: `${'0'.repeat(16)}.0`, isWhole: true, items, gone: [], ...counts })
    },
    trustStory: async ({ nodeId }) => {
      const story = storyOf(state.overview, recorded.audit, nodeId)
      return story === undefined ? fail('not-found') : ok(story)
    },
    retire: async () => ok(null),
    listMaps: async () => ok({ maps: [] }),
    addMap: async ({ path }) => fail('map-not-readable', path),
    removeMap: async () => fail('not-found'),
    addPeer: async ({ address, port }) => {
      if (!/^[\w.:-]+$/.test(address)) return fail('bad-address')
      const target = { address, port, state: 'trying' as const, since: Date.now(), attempts: 1 }
      say({ slice: 'targets', value: [...state.overview.targets, target] })
      return ok(null)
    },
    removeAddress: async ({ address, port }) => {
      say({
        slice: 'targets',
        value: state.overview.targets.filter((item) => item.address !== address || item.port !== port)
      })
      return ok(null)
    },
    tryNow: async () => ok(null),
    decide: async (request) => {
      const peer = state.overview.peers.find((item) => item.nodeId === request.nodeId)
      if (peer === undefined) return fail('not-found')
      const decision = {
        level: request.level,
        at: Date.now(),
        by: state.overview.node.callsign,
        ground: request.ground ?? 'unseen',
        scope: request.scope ?? { out: ['*'], in: ['*'], access: 'write' as const },
        ...(request.until === undefined ? {} : { until: request.until }),
        ...(request.reason === undefined ? {} : { reason: request.reason })
      }
      say({ slice: 'peer', value: { ...peer, level: request.level, decision } })
      return ok(null)
    },
    continueLate: async () => ok(null),
    forgetPeer: async ({ nodeId }) => {
      const peer = state.overview.peers.find((item) => item.nodeId === nodeId)
      if (peer === undefined) return fail('not-found')
      if (peer.level === 'revoked') return fail('peer-revoked')
      say({ slice: 'peer-gone', nodeId })
      return ok(null)
    },
    changeSettings: async (changes) => {
      const { node, network } = state.overview
      const interfacesChosen = { ...node.settings.interfaces, ...changes.interfaces }
      const settings = { ...node.settings, ...changes, interfaces: interfacesChosen }
      const { callsign, federation } = settings
      if (callsign.trim() === '') return fail('bad-setting', 'callsign: 1 to 64 characters')
      const interfaces = network.interfaces.map((item) => ({
        ...item,
        isOn: settings.interfaces[item.name] ?? item.isOn
      }))
      say(
        { slice: 'node', value: { ...node, callsign, federation, settings, isFirstRun: !settings.isSetUp } },
        { slice: 'network', value: { ...network, isLooking: settings.isDiscoverable, interfaces } }
      )
      return ok(null)
    },
    lookAgain: async () => ok(null),
    openTeamList: async ({ text }) =>
      text.includes('nodes')
        ? ok({ nodes: 3, addresses: 4 })
        : fail('team-list-refused', 'line 1: the file: not a list'),
    removeTeamList: async () => ok(null),
    listCatalogue: async () => ok({ nodes: [] }),
    listSnapshots: async () => ok({ snapshots: recorded.snapshots }),
    takeSnapshot: async () => fail('no-room-for-snapshot'),
    estimateBundle: async () =>
      ok({
        missions: state.overview.missions.map(({ id, changes }, index) => ({
          ...{ id, changes, files: index === 0 ? 3 : 0, bytes: 290 * changes + (index === 0 ? 48_300_000 : 0) }
        }))
      }),
    writeBundle: async () => fail('disk-full'),
    previewBundle: async () => fail('not-a-bundle'),
    takeBundle: async () => fail('not-a-bundle'),
    takeReceipt: async () => fail('bad-receipt'),
    bundleProgress: async () => ok(null),
    cancelBundle: async () => ok(null),
    listForks: async () => ok({ forks: [] }),
    settleFork: async () => ok(null),
    removeMember: async ({ missionId, nodeId }) => setMember(missionId, nodeId, { removedBy: [me()] }),
    setRole: async ({ missionId, nodeId, role }) => setMember(missionId, nodeId, { role }),
    listBeyond: async ({ missionId, nodeId, offset, limit }) => {
      const lines = recorded.missions.get(missionId)?.beyond?.get(nodeId) ?? []
      return ok({ total: lines.length, lines: lines.slice(offset, offset + limit) })
    },
    adoptBeyond: async ({ missionId, nodeId }) => setMember(missionId, nodeId, { beyond: 0 }),
    listDeleted: async ({ missionId, offset, limit }) => {
      const found = (recorded.missions.get(missionId)?.entities ?? []).filter((item) => item.deleted)
      const items = found.flatMap((entity) => {
        const last = entity.fields.find(({ field }) => field === 'deleted')?.values.at(-1)
        return last === undefined ? [] : { entity, at: last.at, by: last.author, byName: last.authorName }
      })
      return ok({ version: 1, total: items.length, items: items.slice(offset, offset + limit) })
    },
    listAsked: async ({ missionId, offset, limit }) => {
      const found = (recorded.missions.get(missionId)?.entities ?? []).filter((item) => !item.deleted)
      const items = found.flatMap((entity) => {
        const asked = entity.fields.find(({ field }) => field === 'deletionAsked')?.values
        const last = asked?.filter(({ value }) => value === true).at(-1)
        return last === undefined ? [] : [{ entity, at: last.at, by: last.author, byName: last.authorName }]
      })
      return ok({ version: 1, total: items.length, items: items.slice(offset, offset + limit) })
    },
    restoreSnapshot: async ({ name }) => ok({ name }),
    previewCertificates: async () => fail('no-certificate'),
    importCertificates: async () => fail('no-certificate'),
    removeAnchor: async ({ id }) => {
      say({ slice: 'anchors', value: state.overview.anchors.filter((item) => item.id !== id) })
      return ok(null)
    },
    removePin: async ({ id }) => {
      say({ slice: 'pins', value: state.overview.pins.filter((item) => item.id !== id) })
      return ok(null)
    },
    exportCertificate: async ({ format }) => ok({ fileName: `muster.${format}`, data: btoa('certificate') }),
    renewCertificate: async () => ok(null),
    viewAuthority: async () => ok(null),
    makeAuthority: async () => fail('not-yet'),
    takeAuthority: async () => fail('not-yet'),
    previewRequest: async () => fail('not-yet'),
    issueCertificate: async () => fail('not-yet'),
    revokeIssued: async () => fail('not-yet'),
    publishList: async () => fail('not-yet'),
    exportAuthority: async () => fail('not-yet'),
    requestCertificate: async () => ok({ fileName: 'muster.csr', data: btoa('request') }),
    confirmJournal: async () => {
      const problems = state.overview.health.problems.filter((item) => item.code !== 'journal-damaged')
      say({ slice: 'health', value: { problems } })
      return ok(null)
    },
    createMission: async ({ name, description = '', changes = [] }) => {
      const id = missionIdOf(100 + state.overview.missions.length)
      const { nodeId, callsign } = state.overview.node
      recorded.missions.set(id, { entities: [], members: [{ nodeId, name: callsign, role: 'owner', changes: 1 }] })
      const summary: MissionSummary = {
        id,
        name,
        description,
        labels: [],
        onward: 'federation',
        creator: nodeId,
        creatorName: callsign,
        createdAt: Date.now(),
        role: 'owner',
        members: 1,
        entries: 0,
        conflicts: 0,
        changes: 1,
        waiting: 0,
        lastChangeAt: Date.now(),
        version: 1,
        digest: '',
        onlyHere: 1,
        filesOnlyHere: { files: 0, bytes: 0 },
        holders: []
      }
      say({ slice: 'mission', value: summary })
      write(state.overview.node, id, [
        { entity: 'mission', field: 'name', value: name },
        { entity: 'mission', field: 'description', value: description },
        ...changes
      ])
      return ok({ id })
    },
    write: async ({ missionId, changes }) => {
      const refused = failure
      failure = undefined
      return refused ?? write(state.overview.node, missionId, changes)
    },
    viewMission: async ({ missionId }) => {
      const mission = recorded.missions.get(missionId)
      const summary = state.overview.missions.find((item) => item.id === missionId)
      if (mission === undefined || summary === undefined) return fail('mission-unknown')
      const entity = mission.entities.find((item) => item.entity === 'mission')
      if (entity === undefined) return fail('internal', 'a recorded mission has no mission entity')
      return ok({
        ...summary,
        entity,
        memberList: mission.members,
        unknownKinds: []
      })
    },
    listEntities: async ({ missionId, type, offset, limit, order, filter }) => {
      const mission = recorded.missions.get(missionId)
      if (mission === undefined) return fail('mission-unknown')
      const wanted = filter?.toLowerCase() ?? ''
      const found = mission.entities
        .filter((item) => item.entity.startsWith(`${type}/`) && !item.deleted)
        .filter((item) => wanted === '' || JSON.stringify(item.fields).toLowerCase().includes(wanted))
        .sort((a, b) => (order === 'newest' ? b.createdAt - a.createdAt : a.createdAt - b.createdAt))
      const version = state.overview.missions.find((item) => item.id === missionId)?.version ?? 0
      return ok({ version, total: found.length, offset, items: found.slice(offset, offset + limit) })
    },
    listTasks: async ({ missionId, offset, limit }) => {
      const page = tasksIn(recorded.missions.get(missionId)?.entities ?? [], offset, limit)
      return ok({ version: state.overview.missions.find((item) => item.id === missionId)?.version ?? 0, ...page })
    },
    listConflicts: async ({ missionId, offset, limit }) => {
      const mission = recorded.missions.get(missionId)
      if (mission === undefined) return fail('mission-unknown')
      const found = conflictsIn(mission.entities)
      return ok({ version: 1, total: found.length, offset, items: found.slice(offset, offset + limit) })
    },
    listDeletedEdits: async () => ok({ items: [] }),
    listHistory: async ({ missionId, limit }) => {
      const entries = historyOf(recorded.missions.get(missionId)?.entities ?? [])
      return ok({ entries: entries.slice(0, limit), searched: 1 })
    },
    openPast: async () => fail('past-closed'),
    search: async ({ text }) => ok(searchIn(recorded, state.overview.missions, text)),
    listOnlyHere: async (question) => {
      const page = lackedIn(recorded, state.overview, question)
      return page === undefined ? fail('mission-unknown') : ok(page)
    },
    previewScope: async (question) => ok(previewOf(state.overview, question)),
    setBoundary: async (boundary) => {
      say({ slice: 'node', value: { ...state.overview.node, boundary } })
      return ok(null)
    },
    previewBoundary: async ({ mode }) => {
      const ending = mode === 'strict' ? state.overview.peers.filter(({ federation }) => isForeign(federation)) : []
      const effects = ending.map(({ nodeId, callsign, federation }) => ({
        nodeId,
        callsign,
        federation,
        mayLink: [true, false] as const,
        missions: [2, 0] as const
      }))
      return ok({ total: effects.length, effects })
    },
    listContents: async ({ offset }) => ok({ version: 0, total: 0, offset, items: [] }),
    wantContent: async () => ok(null),
    previewContent: async () => fail('content-not-here'),
    sharePresence: async () => ok(null),
    listPresence: async () => ok({ presence: [], takenBack: [] }),
    listAudit: async ({ offset, limit }) =>
      ok({ total: recorded.audit.length, items: recorded.audit.slice(offset, offset + limit) }),
    ...own
  }

  function isForeign(federation: string): boolean {
    return federation !== '' && federation !== state.overview.node.federation
  }

  async function answerCall(name: CommandName, argument: unknown): Promise<Result<unknown>> {
    const handle = handlers[name] as (argument: unknown) => Promise<Result<unknown>>
    return handle(argument)
  }

  const server = createServer((request, response) => {
    if (request.url === '/api/v1/session') return void openSession(request, response)
    void serveFile(folder, request.url ?? '/', response)
  })

  async function openSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const asked = JSON.parse(Buffer.concat(chunks).toString()) as { code: string }
    const granted = asked.code === code && !codeUsed
    codeUsed = codeUsed || granted
    response.writeHead(granted ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify(granted ? { token } : { code: 'unauthorized' }))
  }

  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (request, socket, head) => {
    if (silent || request.url !== '/api/v1/feed') return void socket.destroy()
    sockets.handleUpgrade(request, socket, head, (window) => serveWindow(window))
  })

  function serveWindow(window: WebSocket): void {
    let known = false
    window.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as ClientMessage
      if (message.type === 'token') {
        known = message.token === token
        if (!known) window.close(4401)
        return
      }
      if (!known) return window.close(4401)
      if (message.type === 'subscribe') {
        windows.add(window)
        window.send(JSON.stringify({ type: 'snapshot', ...state }))
        return
      }
      void answerCall(message.name, message.argument).then((result) => {
        window.send(JSON.stringify({ type: 'answer', id: message.id, result }))
      })
    })
    window.on('close', () => windows.delete(window))
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/#code=${code}`,
    say,
    writeAs: (author, missionId, changes) => void write(author, missionId, changes),
    failNextWrite: (result) => {
      failure = result
    },
    fallSilent: () => {
      silent = true
      for (const window of sockets.clients) window.terminate()
    },
    answer: () => {
      silent = false
    },
    close: () =>
      new Promise((resolve) => {
        for (const window of sockets.clients) window.terminate()
        server.closeAllConnections()
        server.close(() => resolve())
      })
  }
}

function conflictsIn(entities: readonly EntityView[]): readonly ConflictView[] {
  return entities.flatMap((entity) =>
    entity.fields
      .filter((field) => field.values.length > 1)
      .map((field) => ({ entity: entity.entity, createdAt: entity.createdAt, field }))
  )
}

/** Newest claim first: nothing of a record tells when it came. */
function historyOf(entities: readonly EntityView[]): readonly HistoryEntry[] {
  return entities
    .flatMap(({ entity, fields }) =>
      fields.flatMap(({ field, values }) =>
        values.map(({ name, value, author, authorName, at }) => ({
          ...{ name, author, authorName, at, receivedAt: at },
          change: {
            ...{ kind: 'set' as const, entity, createdAt: at, field, value },
            ...{ replaces: [], isFirst: true, isCurrent: true }
          },
          tak: {}
        }))
      )
    )
    .sort((a, b) => b.at - a.at)
}

function searchIn(recorded: Recorded, missions: readonly MissionSummary[], text: string): SearchAnswer {
  const wanted = text.toLowerCase()
  const groups = missions.map(({ id, name }) => {
    const hits = historyOf(recorded.missions.get(id)?.entities ?? []).flatMap(({ change, author, authorName, at }) => {
      const shown = change.kind === 'set' && typeof change.value === 'string' ? change.value : ''
      const from = shown.toLowerCase().indexOf(wanted)
      if (change.kind !== 'set' || from < 0) return []
      const { entity, field } = change
      return [{ entity, field, text: shown, marks: [[from, from + wanted.length] as const], author, authorName, at }]
    })
    return { missionId: id, name, total: hits.length, hits }
  })
  return { groups: groups.filter(({ total }) => total > 0), searched: 1 }
}

function summarize(before: MissionSummary, entities: readonly EntityView[]): MissionSummary {
  const entity = entities.find((item) => item.entity === 'mission')
  const text = (name: string, fallback: string): string => {
    const found = entity?.fields.find((field) => field.field === name)?.values[0]?.value
    return typeof found === 'string' ? found : fallback
  }
  return {
    ...before,
    name: text('name', before.name),
    description: text('description', before.description),
    entries: entities.filter((item) => item.entity.startsWith('log/')).length,
    items: entities.filter((item) => item.entity.startsWith('item/') && !item.deleted).length,
    conflicts: conflictsIn(entities).length,
    changes: before.changes + 1,
    lastChangeAt: Date.now(),
    version: before.version + 1
  }
}

async function serveFile(folder: string, url: string, response: ServerResponse): Promise<void> {
  const path = normalize(new URL(url, 'http://localhost').pathname)
  const file = join(folder, path === '/' ? 'index.html' : path)
  try {
    const bytes = await readFile(file)
    response.writeHead(200, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': policy
    })
    response.end(bytes)
  } catch {
    response.writeHead(404)
    response.end()
  }
}
