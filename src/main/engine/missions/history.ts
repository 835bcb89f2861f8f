/**
 * Who wrote what, in the order in which it came to this laptop, newest first. Read from the journal a stretch at a time;
 * a question that finds little ends after a while with what was found and where to go on.
 */
import type { HistoryChange, HistoryEntry, HistoryPage, NodeId } from '@shared/model.js'
import type { Position, StoredRun } from '../logs/journal.js'
import { nameOfLine, type LogLine } from '../logs/log-store.js'
import { lastSeq, logKey, type LogKey } from '../logs/run.js'
import type { Clock } from '../runtime/clock.js'
import { parseChange, type Change, type UnknownChange } from './change.js'
import type { Fold } from './fold.js'
import type { Mission } from './mission.js'
import { receivedAt, type Receipt } from './received.js'
import { takName } from './tak-change.js'
import { titlesOf } from './views.js'

export interface HistoryQuery {
  /** Left out: of the whole mission. */
  readonly entity?: string | undefined
  readonly field?: string | undefined
  /** Where an earlier page ended. */
  readonly before?: string | undefined
  readonly limit: number
}

/** How long one answer is looked for. */
const patienceMs = 150
const cursorPattern = /^(\d{1,6})\.(\d{1,15})\.(\d{1,16})$/

interface Cursor extends Position {
  /** Of the run that begins there, lines before this number are wanted. */
  readonly seq: number
}

export function isHistoryCursor(text: string): boolean {
  return cursorPattern.test(text)
}

function parseCursor(text: string): Cursor | undefined {
  const [, segment, offset, seq] = cursorPattern.exec(text) ?? []
  return segment === undefined ? undefined : { segment: Number(segment), offset: Number(offset), seq: Number(seq) }
}

function printCursor({ segment, offset, seq }: Cursor): string {
  return [segment, offset, seq].join('.')
}

export async function historyPage(mission: Mission, clock: Clock, query: HistoryQuery): Promise<HistoryPage> {
  const fold = await mission.fold()
  const receipts = await mission.received.all()
  const before = query.before === undefined ? undefined : parseCursor(query.before)
  // As every node writes it: lines are what JSON.stringify gives.
  const needle = query.entity === undefined ? undefined : Buffer.from(`"entity":${JSON.stringify(query.entity)}`)
  const entries: HistoryEntry[] = []
  const startedAt = clock.monotonic()
  for await (const stretch of mission.logs.stretchesBack(before)) {
    const found = needle === undefined ? stretch : stretch.filter(({ run }) => run.body.includes(needle))
    for (const { line, place } of (await linesOf(mission, found)).reverse()) {
      if (before !== undefined && isSame(place, before) && line.seq >= before.seq) continue
      const change = standingChange(fold, line)
      if (!isWanted(change, query)) continue
      if (entries.length === query.limit) {
        // The newest that did not fit any more: the next page begins with it.
        const next = { ...place, seq: line.seq + 1 }
        return { ...(await titled(mission, fold, entries)), next: printCursor(next), searched: share(mission, next) }
      }
      entries.push(entryOf(mission, fold, receipts, line, place, change))
    }
    const first = stretch[0]?.place
    if (first !== undefined && clock.monotonic() - startedAt > patienceMs) {
      const next = { segment: first.segment, offset: first.offset, seq: 0 }
      return { ...(await titled(mission, fold, entries)), next: printCursor(next), searched: share(mission, next) }
    }
  }
  return { ...(await titled(mission, fold, entries)), searched: 1 }
}

async function titled(
  mission: Mission,
  fold: Fold,
  entries: readonly HistoryEntry[]
): Promise<{ readonly entries: readonly HistoryEntry[] }> {
  const names = new Set(entries.flatMap(({ change }) => (change.kind === 'set' ? [change.entity] : [])))
  const titles = await titlesOf(
    mission,
    [...names].flatMap((name) => fold.entity(name) ?? [])
  )
  return {
    entries: entries.map((entry) => {
      const title = entry.change.kind === 'set' ? titles.get(entry.change.entity) : undefined
      return title === undefined ? entry : { ...entry, change: { ...entry.change, title } as HistoryChange }
    })
  }
}

function isSame(a: Position, b: Position): boolean {
  return a.segment === b.segment && a.offset === b.offset
}

/** How much of the journal lies behind this place: what was looked through. */
function share(mission: Mission, { segment, offset }: Position): number {
  let after = 0
  for (const [number, size] of mission.logs.coverage())
    after += number > segment ? size : number === segment ? size - offset : 0
  return mission.logs.bytes === 0 ? 1 : Math.min(1, after / mission.logs.bytes)
}

interface PlacedLine {
  readonly line: LogLine
  readonly place: Position
}

/** Verified lines of runs that lie near each other, in the order of the runs, as far as they count. */
async function linesOf(mission: Mission, runs: readonly StoredRun[]): Promise<PlacedLine[]> {
  const spans = new Map<LogKey, { from: number; to: number }>()
  for (const { run } of runs) {
    const key = logKey(run.header)
    const { from, to } = spans.get(key) ?? { from: Infinity, to: 0 }
    spans.set(key, { from: Math.min(from, run.header.first), to: Math.max(to, lastSeq(run.header)) })
  }
  const found = new Map<LogKey, { readonly from: number; readonly lines: LogLine[] }>()
  for (const [key, { from, to }] of spans) {
    const lines: LogLine[] = []
    try {
      for await (const some of mission.logs.readLines(key, from, to)) lines.push(...some)
    } catch (error) {
      mission.noteReading(error)
      throw error
    }
    found.set(key, { from, lines })
  }
  return runs.flatMap(({ run, place }) => {
    const key = logKey(run.header)
    const { from = 0, lines = [] } = found.get(key) ?? {}
    const to = Math.min(lastSeq(run.header), mission.logs.countingSeq(key))
    return lines.slice(run.header.first - from, Math.max(0, to + 1 - from)).map((line) => ({ line, place }))
  })
}

/** A deletion that is a request is a change of the field in which it stands. */
function standingChange(fold: Fold, { line, log }: LogLine): Change | UnknownChange {
  const change = parseChange(line)
  if (change.kind !== 'set') return change
  return { ...change, field: fold.fieldFor(log.author as NodeId, change.field) }
}

function isWanted(change: Change | UnknownChange, { entity, field }: HistoryQuery): boolean {
  if (entity === undefined) return change.kind !== 'start'
  return change.kind === 'set' && change.entity === entity && (field === undefined || change.field === field)
}

function entryOf(
  mission: Mission,
  fold: Fold,
  receipts: readonly Receipt[],
  line: LogLine,
  place: Position,
  change: Change | UnknownChange
): HistoryEntry {
  const { author } = line.log
  const name = nameOfLine(line)
  const received = receivedAt(receipts, place)
  const index = change.kind === 'set' ? fold.entity(change.entity) : undefined
  const isFirst = index?.created.ref.name === name
  return {
    name,
    author,
    authorName: mission.nameOf(author),
    at: line.line['at'] as number,
    ...(received === undefined ? {} : { receivedAt: received }),
    change: changeView(mission, change, {
      isFirst,
      createdAt: index?.created.at ?? 0,
      isCurrent: index?.fields.some(({ values }) => values.some((value) => value.name === name)) === true
    }),
    tak: change.kind === 'unknown' ? {} : takName(change, isFirst)
  }
}

function changeView(
  mission: Mission,
  change: Change | UnknownChange,
  set: { readonly isFirst: boolean; readonly isCurrent: boolean; readonly createdAt: number }
): HistoryChange {
  switch (change.kind) {
    case 'set': {
      const { entity, field, value, seen } = change
      return { kind: 'set', entity, field, value, replaces: seen, ...set }
    }
    case 'admin/admit':
      return { kind: 'admit', nodeId: change.author, name: mission.nameOf(change.author), role: change.role }
    case 'admin/cut':
    case 'admin/adopt':
    case 'admin/settle':
      return {
        kind: adminWords[change.kind],
        nodeId: change.author,
        name: mission.nameOf(change.author)
      }
    case 'start':
      return { kind: 'other', what: 'start' }
    default:
      return { kind: 'other', what: change.name }
  }
}

const adminWords = { 'admin/cut': 'cut', 'admin/adopt': 'adopt', 'admin/settle': 'settle' } as const
