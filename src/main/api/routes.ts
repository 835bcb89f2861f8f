/** The calls of the local API (frozen: add, never change; docs/api.md), each turned into a command of the engine. */
import { callCommand, type Engine } from '../engine/index.js'
import type { AnswerOf, ArgumentOf, CommandName } from '@shared/contract.js'
import type { ConflictView, EntityView, FieldView, MissionId, MissionView, NodeId } from '@shared/model.js'
import { fail, ok, type Result } from '@shared/result.js'
import { pairingCommand, pairingWith } from './pairing.js'

export interface Call {
  readonly method: string
  /** Decoded parts of the path after /api/v1/. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  /** Parsed JSON; `undefined` without a body. */
  readonly body: unknown
}

export type Reply =
  | { readonly status: number; readonly json: unknown }
  | { readonly status: number; readonly type: string; readonly bytes: Uint8Array }

/** `GET missions/:id/heads` for any mission. */
function routeOf(method: string, [first, id, second, third]: readonly string[]): string {
  return `${method} ${[first, id && ':id', second, third && ':id'].filter(Boolean).join('/')}`
}

export async function answerCall(engine: Engine, call: Call): Promise<Result<Reply>> {
  const id = call.path[1]
  if (call.method === 'GET' && call.path[0] === 'maps' && call.path.length === 5) return mapTile(engine, call.path)
  const route = routeOf(call.method, call.path)
  const run = <Name extends CommandName>(name: Name, argument: unknown) =>
    callCommand(engine.commands, name, argument as ArgumentOf<Name>)

  switch (route) {
    case 'GET node': {
      const { startedAt, ...node } = engine.overview().node
      return reply({ ...node, startedAt, uptimeMs: Date.now() - startedAt })
    }
    case 'GET peers': {
      const { peers, targets } = engine.overview()
      return reply({ peers, targets })
    }
    case 'POST peers':
      return replyTo(await run('addPeer', call.body), () => call.body, 202)
    case 'POST peers/:id/decision': {
      const body = objectOf(call.body)
      return replyTo(await run('decide', { ground: 'api', ...body, nodeId: id }), () => ({
        nodeId: id,
        level: body['level']
      }))
    }
    case 'GET peers/:id/story':
      return replyTo(await run('trustStory', { nodeId: id }), (story) => story)
    case 'PUT settings':
      return replyTo(await run('changeSettings', call.body), () => engine.overview().node.settings)
    case 'GET catalogue': {
      const stale = call.query.get('stale')
      const query = stale === null ? null : { staleAfterMs: Number(stale) * 1000 }
      return replyTo(await run('listCatalogue', query), (listed) => listed)
    }
    case 'PUT team-list':
      return replyTo(await run('openTeamList', call.body), (opened) => opened)
    case 'DELETE team-list':
      return replyTo(await run('removeTeamList', null), () => ({}))
    case 'GET boundary':
      return reply(engine.overview().node.boundary)
    case 'PUT boundary':
      return replyTo(await run('setBoundary', call.body), () => call.body)
    case 'POST boundary/preview':
      return replyTo(await run('previewBoundary', call.body), (preview) => preview)
    case 'GET peers/:id/pairing': {
      const { peers, pairing } = engine.overview()
      if (!peers.some((peer) => peer.nodeId === id)) return fail('not-found', 'no peer of this node ID has said hello')
      return reply(pairingWith(pairing, id as NodeId))
    }
    case 'POST peers/:id/pairing': {
      const command = pairingCommand(id, objectOf(call.body))
      if (command === undefined) return fail('bad-request', 'action: start, open, equal, differ or cancel')
      const done = await run(command.name, command.argument)
      return replyTo<unknown>(done, () => pairingWith(engine.overview().pairing, id as NodeId))
    }
    case 'GET missions':
      return reply({ missions: engine.overview().missions })
    case 'POST missions':
      return replyTo(await run('createMission', call.body), (made) => made, 201)
    case 'GET missions/:id':
      return wholeMission(engine, id)
    case 'POST missions/:id/changes': {
      const changes = Array.isArray(call.body) ? call.body : [call.body]
      return replyTo(await run('write', { missionId: id, changes }), (written) => written)
    }
    case 'GET missions/:id/heads':
      if (!/^[0-9a-f]{64}$/.test(id ?? '')) return fail('bad-request', 'a mission ID: 64 hexadecimal digits')
      return replyTo(engine.heads(id as MissionId), (heads) => heads)
    case 'GET missions/:id/history': {
      const { limit = '100', ...query } = Object.fromEntries(call.query)
      return replyTo(await run('listHistory', { ...query, missionId: id, limit: Number(limit) }), (page) => page)
    }
    case 'GET missions/:id/conflicts': {
      const { offset = '0', limit = '100', ...query } = Object.fromEntries(call.query)
      const argument = { ...query, missionId: id, offset: Number(offset), limit: Number(limit) }
      return replyTo(await run('listConflicts', argument), (page) => page)
    }
    case 'GET search': {
      const { limit = '20', ...query } = Object.fromEntries(call.query)
      return replyTo(await run('search', { ...query, limit: Number(limit) }), (found) => found)
    }
    case 'GET missions/:id/only-here': {
      const nodeId = call.query.get('node')
      const about = { missionId: id, ...(nodeId === null ? {} : { nodeId }), ...pageOf(call.query) }
      return replyTo(await run('listOnlyHere', about), (page) => page)
    }
    case 'POST peers/:id/scope':
      return replyTo(await run('previewScope', { ...objectOf(call.body), nodeId: id }), (preview) => preview)
    case 'DELETE missions/:id/members/:id': {
      const nodeId = call.path[3]
      return replyTo(await run('removeMember', { missionId: id, nodeId }), () => ({ nodeId }))
    }
    case 'GET missions/:id/forks':
      return replyTo(await run('listForks', { missionId: id }), (listed) => listed)
    case 'POST missions/:id/forks/:id': {
      if (call.path[3] !== 'settle') break
      const argument = { ...objectOf(call.body), missionId: id }
      return replyTo(await run('settleFork', argument), () => ({}))
    }
    case 'POST missions/:id/members/:id': {
      const nodeId = call.path[3]
      const { role } = objectOf(call.body)
      return replyTo(await run('setRole', { missionId: id, nodeId, role }), () => ({ nodeId, role }))
    }
    case 'GET missions/:id/beyond/:id':
      return replyTo(
        await run('listBeyond', { missionId: id, nodeId: call.path[3], ...pageOf(call.query) }),
        (page) => page
      )
    case 'POST missions/:id/beyond/:id': {
      const nodeId = call.path[3]
      return replyTo(await run('adoptBeyond', { missionId: id, nodeId }), () => ({ nodeId }))
    }
    case 'GET missions/:id/deleted':
      return replyTo(await run('listDeleted', { missionId: id, ...pageOf(call.query) }), (page) => page)
    case 'GET missions/:id/asked':
      return replyTo(await run('listAsked', { missionId: id, ...pageOf(call.query) }), (page) => page)
    case 'GET missions/:id/presence':
      return replyTo(await run('listPresence', { missionId: id }), (listed) => listed)
    case 'POST missions/:id/presence':
      return replyTo(await run('sharePresence', { ...objectOf(call.body), missionId: id }), () => ({}))
    case 'POST bundles/:id':
      if (id === 'export') return replyTo(await run('writeBundle', call.body), (written) => written, 201)
      if (id === 'preview') return replyTo(await run('previewBundle', call.body), (preview) => preview)
      if (id === 'import') return replyTo(await run('takeBundle', call.body), (taken) => taken, 201)
      if (id === 'receipt') return replyTo(await run('takeReceipt', call.body), (taken) => taken)
      break
    case 'GET bundles/:id':
      if (id !== 'progress') break
      return replyTo(await run('bundleProgress', null), (progress) => ({ progress }))
    case 'DELETE bundles/:id':
      if (id !== 'progress') break
      return replyTo(await run('cancelBundle', null), () => ({}))
    case 'GET missions/:id/items': {
      const box = call.query.get('box')?.split(',').map(Number)
      const [text, since] = [call.query.get('text'), call.query.get('since')]
      const asked = {
        missionId: id,
        ...(box && { box }),
        ...(text !== null && { text }),
        ...(since !== null && { since })
      }
      return replyTo(await run('listItems', asked), (page) => page)
    }
    case 'GET missions/:id/tasks':
      return replyTo(await run('listTasks', { missionId: id, ...pageOf(call.query) }), (page) => page)
    case 'GET maps':
      return replyTo(await run('listMaps', null), (listed) => listed)
    case 'POST maps':
      return replyTo(await run('addMap', call.body), (map) => map, 201)
    case 'DELETE maps/:id':
      return replyTo(await run('removeMap', { id }), () => ({ id }))
    case 'GET network':
      return reply(engine.overview().network)
    case 'DELETE peers/:id':
      return replyTo(await run('forgetPeer', { nodeId: id }), () => ({ nodeId: id }))
    case 'POST certificates/:id': {
      if (id !== 'preview') break
      return replyTo(await run('previewCertificates', certificateFiles(call.body)), (preview) => preview)
    }
    case 'POST certificates':
      return replyTo(await run('importCertificates', certificateFiles(call.body)), (imported) => imported, 201)
    case 'GET certificates/:id': {
      if (id !== 'own') break
      const format = call.query.get('format') ?? 'pem'
      return replyTo(await run('exportCertificate', { format }), (saved) => saved)
    }
    case 'GET anchors': {
      const { anchors, pins } = engine.overview()
      return reply({ anchors, pins })
    }
    case 'DELETE anchors/:id':
      return replyTo(await run('removeAnchor', { id }), () => ({ id }))
    case 'DELETE pins/:id':
      return replyTo(await run('removePin', { id }), () => ({ id }))
    case 'GET snapshots':
      return replyTo(await run('listSnapshots', null), (listed) => listed)
    case 'POST snapshots':
      return replyTo(await run('takeSnapshot', null), (taken) => taken, 201)
    case 'POST snapshots/:id/restore':
      return replyTo(await run('restoreSnapshot', { name: id }), (chosen) => chosen, 202)
    case 'POST unlock':
      return replyTo(await run('unlock', call.body), () => ({}))
    case 'POST lock':
      return replyTo(await run('lockNow', null), () => ({}))
    case 'POST identity/:id':
      if (id === 'export') return replyTo(await run('exportIdentity', call.body), (saved) => saved)
      if (id === 'import') return replyTo(await run('importIdentity', call.body), (taken) => taken, 201)
      if (id === 'reset') return replyTo(await run('resetIdentity', call.body), (made) => made, 201)
      break
    case 'GET identity/:id':
      if (id !== 'reset') break
      return replyTo(await run('previewReset', null), (preview) => preview)
    case 'PUT passphrase':
      return replyTo(await run('setPassphrase', call.body), () => ({}))
    case 'GET audit':
      return replyTo(await run('listAudit', pageOf(call.query)), (page) => page)
  }
  return fail('not-found', `${call.method} /api/v1/${call.path.join('/')}`)
}

async function mapTile(engine: Engine, [, id = '', ...place]: readonly string[]): Promise<Result<Reply>> {
  const [z = NaN, x = NaN, y = NaN] = place.map((part) => (/^\d{1,7}$/.test(part) ? Number(part) : NaN))
  const found = await engine.mapTile(id, z, x, y)
  if (!found.ok) return found
  // Nothing there is an answer: a map has holes, and the sea.
  return found.value === undefined ? reply(null, 204) : ok({ status: 200, ...found.value })
}

function pageOf(query: URLSearchParams): { readonly offset: number; readonly limit: number } {
  return { offset: Number(query.get('offset') ?? 0), limit: Number(query.get('limit') ?? 100) }
}

/** `data` is one file, or several that belong together. */
function certificateFiles(body: unknown): Readonly<Record<string, unknown>> {
  const { data, ...rest } = objectOf(body)
  return { ...rest, files: Array.isArray(data) ? data : [data] }
}

/** The folded view whole, for programs; the window asks for ranges instead. */
async function wholeMission(engine: Engine, id: string | undefined): Promise<Result<Reply>> {
  const view = await callCommand(engine.commands, 'viewMission', { missionId: id })
  if (!view.ok) return view
  const entities: EntityView[] = [view.value.entity]
  for (const type of engine.entityTypes(view.value.id))
    entities.push(...(await allEntities(engine, view.value.id, type)))
  const conflicts = await allConflicts(engine, view.value.id)
  return reply({ ...plain(view.value, conflicts), entities: entities.map(plainEntity) })
}

async function allConflicts(engine: Engine, missionId: MissionId): Promise<readonly ConflictView[]> {
  const conflicts: ConflictView[] = []
  for (;;) {
    const argument = { missionId, offset: conflicts.length, limit: 200 }
    const page: Result<AnswerOf<'listConflicts'>> = await callCommand(engine.commands, 'listConflicts', argument)
    if (!page.ok || page.value.items.length === 0) return conflicts
    conflicts.push(...page.value.items)
  }
}

async function allEntities(engine: Engine, missionId: MissionId, type: string): Promise<readonly EntityView[]> {
  const entities: EntityView[] = []
  for (;;) {
    const argument = { missionId, type, offset: entities.length, limit: 200, order: 'oldest' }
    const page: Result<AnswerOf<'listEntities'>> = await callCommand(engine.commands, 'listEntities', argument)
    if (!page.ok || page.value.items.length === 0) return entities
    entities.push(...page.value.items)
  }
}

function plain({ memberList, ...mission }: MissionView, conflicts: readonly ConflictView[]) {
  return {
    ...mission,
    entity: undefined,
    members: memberList,
    conflicts: conflicts.map(({ field, ...conflict }) => ({ ...conflict, field: field.field, values: field.values }))
  }
}

/** A field with one value is that value; with several, all of them and `conflict`. */
function plainEntity({ fields, ...entity }: EntityView) {
  return { ...entity, fields: Object.fromEntries(fields.map((field) => [field.field, plainField(field)])) }
}

function plainField({ values }: FieldView) {
  const contents = new Set(values.map(({ value }) => JSON.stringify(value)))
  return { value: values[0]?.value, conflict: contents.size > 1, values }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function reply(json: unknown, status = 200): Result<Reply> {
  return ok({ status, json })
}

function replyTo<T>(result: Result<T>, shape: (value: T) => unknown, status = 200): Result<Reply> {
  return result.ok ? reply(shape(result.value), status) : result
}
