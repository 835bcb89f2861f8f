/**
 * What happened in a run of the field, as data, and the question whether it may have: pure, so that it can be asked of
 * histories that no engine would make. Nodes are numbers; whoever is no node of ours (a hostile peer) is -1.
 */
import type { ChangeName, MissionId, NodeId } from '@shared/model.js'

/** Lines of one log in a frame. */
export interface Lines {
  readonly mission: MissionId
  /** Author and epoch. */
  readonly log: string
  readonly first: number
  readonly last: number
}

export type HistoryEvent =
  /** Acknowledged: its author was told that it is saved. */
  | {
      readonly kind: 'saved'
      readonly node: number
      readonly mission: MissionId
      readonly entity: string
      readonly field: string
      readonly name: ChangeName
      /** Nobody else writes this field: its value is there until the entity is deleted. */
      readonly isOnly: boolean
    }
  | {
      readonly kind: 'deleted'
      readonly node: number
      readonly mission: MissionId
      readonly entity: string
      readonly name: ChangeName
    }
  /** What a node shows; entities that are deleted are not among them. */
  | {
      readonly kind: 'shown'
      readonly node: number
      readonly mission: MissionId
      readonly entities: ReadonlySet<string>
    }
  /** The node went back to an older copy of its folder; these changes of its own were in no other folder. */
  | { readonly kind: 'went-back'; readonly node: number; readonly lost: readonly ChangeName[] }
  /** From now on the node knows this of the other. */
  | { readonly kind: 'trust'; readonly node: number; readonly about: number; readonly isRevoked: boolean }
  /** A frame was handed to the system. `lines`: of a run. */
  | {
      readonly kind: 'frame'
      readonly connection: number
      readonly from: number
      readonly to: number
      /** `t` of a message, else `run`. */
      readonly type: string
      readonly lines?: Lines
    }
  /** The other end has read a run, or the question for runs: it says what it holds. */
  | {
      readonly kind: 'read'
      readonly connection: number
      readonly from: number
      readonly lines: Lines
    }
  | {
      readonly kind: 'wanted'
      /** Virtual milliseconds. */
      readonly at: number
      readonly connection: number
      readonly from: number
      readonly mission: MissionId
      readonly holds: readonly { readonly log: string; readonly last: number }[]
    }
  /** The creator of the mission cut an author, and the others were told. */
  | {
      readonly kind: 'cut'
      readonly mission: MissionId
      /** Author, epoch and number of the line that says so. */
      readonly place: string
      readonly author: NodeId
      readonly accepted: readonly { readonly epoch: string; readonly last: number }[]
    }
  /** The creator took cuts back. */
  | { readonly kind: 'lifted'; readonly mission: MissionId; readonly places: readonly string[] }
  /** Something that must not happen whatever the field does, such as a command that throws. */
  | { readonly kind: 'broke'; readonly node: number; readonly what: string }

/** How a mission stands on a node at the end. */
export interface Standing {
  readonly node: number
  /** Nodes of one group reach each other over links that both sides trust without limits. */
  readonly group: number
  readonly mission: MissionId
  /** Undefined: the node does not have the mission. */
  readonly digest: string | undefined
  readonly isCreator: boolean
  /** Values that are shown; a deleted entity has none. */
  readonly values: readonly {
    readonly entity: string
    readonly field: string
    readonly name: ChangeName
    readonly text: string
  }[]
}

export interface History {
  readonly events: readonly HistoryEvent[]
  readonly end: readonly Standing[]
}

/** Everything that may not have happened, as text; empty when all is well. */
export function faultsOf(history: History): string[] {
  return [
    ...broken(history),
    ...parted(history),
    ...lost(history),
    ...returned(history),
    ...beyondCuts(history),
    ...toldToRevoked(history),
    ...crossedTwice(history)
  ]
}

function broken({ events }: History): string[] {
  return events.flatMap((event) => (event.kind === 'broke' ? [`node ${String(event.node)}: ${event.what}`] : []))
}

/** Digests are equal where scope and admission are equal, and equal digests show the same. */
function parted({ end }: History): string[] {
  const faults: string[] = []
  const firsts = new Map<string, Standing>()
  for (const standing of end) {
    const key = `${String(standing.group)} ${standing.mission}`
    const first = firsts.get(key)
    if (first === undefined) firsts.set(key, standing)
    else if (first.digest !== standing.digest)
      faults.push(`nodes ${String(first.node)} and ${String(standing.node)} hold different sets of changes`)
    else if (viewOf(first) !== viewOf(standing))
      faults.push(`nodes ${String(first.node)} and ${String(standing.node)} show different things for one digest`)
  }
  return faults
}

function viewOf({ values }: Standing): string {
  return values
    .map(({ entity, field, name, text }) => `${entity} ${field} ${name} ${text}`)
    .sort()
    .join('\n')
}

/** Nothing acknowledged is lost: it is shown by its author and by all whom its author's changes reach. */
function lost({ events, end }: History): string[] {
  const gone = new Set<ChangeName>()
  const deleted = new Set<string>()
  for (const event of events) {
    if (event.kind === 'went-back') for (const name of event.lost) gone.add(name)
    if (event.kind === 'deleted') deleted.add(`${event.mission} ${event.entity}`)
  }
  const cuts = cutsOf(events)
  const groupOf = new Map(end.map(({ node, group }) => [node, group]))
  const shown = new Map(end.map((standing) => [standing, new Set(standing.values.map(({ name }) => name))] as const))
  return events.flatMap((event) => {
    if (event.kind !== 'saved' || !event.isOnly) return []
    if (gone.has(event.name) || deleted.has(`${event.mission} ${event.entity}`)) return []
    if (isBeyond(cuts.get(event.mission), event.name)) return []
    return end.flatMap((standing) =>
      standing.group === groupOf.get(event.node) &&
      standing.mission === event.mission &&
      shown.get(standing)?.has(event.name) !== true
        ? [`node ${String(standing.node)} lacks ${event.entity}, which node ${String(event.node)} had saved`]
        : []
    )
  })
}

/** Nothing deleted returns: not at the end where the deletion is known, and not on a node that did not show it before. */
function returned({ events, end }: History): string[] {
  const faults: string[] = []
  const groupOf = new Map(end.map(({ node, group }) => [node, group]))
  const cuts = cutsOf(events)
  // What an author deletes after it was cut is not deleted.
  const deletions = events.flatMap((event) =>
    event.kind === 'deleted' && !isBeyond(cuts.get(event.mission), event.name) ? [event] : []
  )
  const gone = new Set(events.flatMap((event) => (event.kind === 'went-back' ? [event.node] : [])))
  for (const { node, mission, entity } of deletions) {
    if (gone.has(node)) continue // Its deletion may have been in the lost part.
    for (const standing of end)
      if (
        standing.group === groupOf.get(node) &&
        standing.mission === mission &&
        standing.values.some((value) => value.entity === entity)
      )
        faults.push(`node ${String(standing.node)} shows ${entity}, which node ${String(node)} deleted`)
  }
  const everDeleted = new Set(deletions.map(({ mission, entity }) => `${mission} ${entity}`))
  /** By node and mission: what it showed once and no more, among what was deleted by somebody. */
  const hidden = new Map<string, { readonly before: Set<string>; readonly away: Set<string> }>()
  const look = (node: number, mission: MissionId, entities: ReadonlySet<string>) => {
    const key = `${String(node)} ${mission}`
    const known = hidden.get(key) ?? { before: new Set<string>(), away: new Set<string>() }
    hidden.set(key, known)
    for (const entity of entities) {
      if (known.away.has(entity)) faults.push(`node ${String(node)} shows ${entity} again`)
      known.before.add(entity)
    }
    for (const entity of known.before)
      if (!entities.has(entity) && everDeleted.has(`${mission} ${entity}`)) known.away.add(entity)
  }
  for (const event of events) {
    if (event.kind === 'shown') look(event.node, event.mission, event.entities)
    else if (event.kind === 'went-back')
      for (const key of [...hidden.keys()]) if (key.startsWith(`${String(event.node)} `)) hidden.delete(key)
  }
  for (const { node, mission, values } of end) look(node, mission, new Set(values.map(({ entity }) => entity)))
  return faults
}

/** Nothing of a cut author is shown beyond its cut by those who hold all that the mission's creator holds. */
function beyondCuts({ events, end }: History): string[] {
  const cuts = cutsOf(events)
  return end
    .filter(({ isCreator }) => isCreator)
    .flatMap(({ group, mission }) => end.filter((other) => other.group === group && other.mission === mission))
    .flatMap((standing) =>
      standing.values
        .filter(({ name }) => isBeyond(cuts.get(standing.mission), name))
        .map(({ entity }) => `node ${String(standing.node)} shows ${entity}, written after its author was cut`)
    )
}

type Cuts = ReadonlyMap<NodeId, ReadonlyMap<string, number>>

/** The narrowest cut of each author, of those that stand. */
function cutsOf(events: readonly HistoryEvent[]): ReadonlyMap<MissionId, Cuts> {
  const lifted = new Set(events.flatMap((event) => (event.kind === 'lifted' ? event.places : [])))
  const cuts = new Map<MissionId, Map<NodeId, Map<string, number>>>()
  for (const event of events) {
    if (event.kind !== 'cut' || lifted.has(event.place)) continue
    const authors = cuts.get(event.mission) ?? new Map<NodeId, Map<string, number>>()
    cuts.set(event.mission, authors)
    const accepted = new Map(event.accepted.map(({ epoch, last }) => [epoch, last]))
    const before = authors.get(event.author)
    if (before === undefined) authors.set(event.author, accepted)
    else for (const [epoch, last] of before) before.set(epoch, Math.min(last, accepted.get(epoch) ?? 0))
  }
  return cuts
}

function isBeyond(cuts: Cuts | undefined, name: ChangeName): boolean {
  const [author = '', epoch = '', seq = ''] = name.split('.')
  const accepted = cuts?.get(author as NodeId)
  return accepted !== undefined && Number(seq) > (accepted.get(epoch) ?? 0)
}

/** Of a hello only what is said before it is known who the other is. */
const beforeWho = new Set(['intro', 'proof'])

/** Nobody gets a frame from one that knows it as revoked. */
function toldToRevoked({ events }: History): string[] {
  const revoked = new Set<string>()
  return events.flatMap((event) => {
    if (event.kind === 'trust') {
      const pair = `${String(event.node)} ${String(event.about)}`
      if (event.isRevoked) revoked.add(pair)
      else revoked.delete(pair)
    } else if (
      event.kind === 'frame' &&
      !beforeWho.has(event.type) &&
      revoked.has(`${String(event.from)} ${String(event.to)}`)
    )
      return [`node ${String(event.from)} sent ${event.type} to node ${String(event.to)}, which it had revoked`]
    return []
  })
}

/**
 * No run crosses a connection twice, in whichever direction: neither what was sent nor what was read is sent again,
 * unless the other end asks anew and does not name it among what it holds. A run with lines that are new to the other
 * end may begin with some that are not: it is sent whole.
 */
function crossedTwice({ events }: History): string[] {
  /** By connection and sender, then mission and log: how far the other end holds it, as the sender must know. */
  const held = new Map<string, Map<string, number>>()
  const of = (connection: number, from: number) => {
    const key = `${String(connection)} ${String(from)}`
    const known = held.get(key) ?? new Map<string, number>()
    held.set(key, known)
    return known
  }
  const raise = (known: Map<string, number>, key: string, last: number) =>
    known.set(key, Math.max(last, known.get(key) ?? 0))
  const otherOf = new Map<string, number>()
  return events.flatMap((event) => {
    if (event.kind === 'frame') {
      otherOf.set(`${String(event.connection)} ${String(event.from)}`, event.to)
      if (event.lines === undefined || event.from < 0 || event.to < 0) return []
      const { mission, log, first, last } = event.lines
      const known = of(event.connection, event.from)
      const until = known.get(`${mission} ${log}`) ?? 0
      raise(known, `${mission} ${log}`, last)
      if (last > until) return []
      const what = `${String(first)} to ${String(last)} of log ${log.slice(0, 8)}`
      return [`node ${String(event.from)} sent ${what} to node ${String(event.to)}, which held up to ${String(until)}`]
    }
    if (event.kind === 'read' || event.kind === 'wanted') {
      const sender = otherOf.get(`${String(event.connection)} ${String(event.from)}`)
      if (sender === undefined) return []
      const known = of(event.connection, sender)
      if (event.kind === 'read') raise(known, `${event.lines.mission} ${event.lines.log}`, event.lines.last)
      else {
        for (const key of [...known.keys()]) if (key.startsWith(`${event.mission} `)) known.delete(key)
        for (const { log, last } of event.holds) known.set(`${event.mission} ${log}`, last)
      }
    }
    return []
  })
}

const askedMost = { inMs: 1_000, times: 30 }

/** Who could not use what it was given waits before it asks for the same again. */
export function askedWithoutPause({ events }: History): string[] {
  const faults = new Map<string, string>()
  const times = new Map<string, number[]>()
  for (const event of events) {
    if (event.kind !== 'wanted') continue
    const key = `${String(event.connection)} ${String(event.from)} ${event.mission}`
    const recent = (times.get(key) ?? []).filter((at) => at > event.at - askedMost.inMs)
    recent.push(event.at)
    times.set(key, recent)
    if (recent.length > askedMost.times)
      faults.set(key, `node ${String(event.from)} asked more than ${String(askedMost.times)} times within a second`)
  }
  return [...faults.values()]
}
