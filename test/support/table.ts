/** Administrative lines for tests: authors with logs whose chain hashes follow from their names. */
import { createHash } from 'node:crypto'
import type { ChangeName, NodeId, Role } from '@shared/model.js'
import type { JsonObject } from '../../src/main/engine/bytes/line.js'
import { nodeIdOf } from '../../src/main/engine/identity/identity-record.js'
import type { ForkPoint } from '../../src/main/engine/logs/fork.js'
import { changeName, type LogId } from '../../src/main/engine/logs/run.js'
import {
  adoptLine,
  admitLine,
  cutLines,
  isAdministrative,
  parseChange,
  settleLine,
  type AcceptedHead
} from '../../src/main/engine/missions/change.js'
import type { CreateRecord } from '../../src/main/engine/missions/create-record.js'
import {
  effectiveEnd,
  permissionsOf,
  type AdminLine,
  type HoldsPoint,
  type Limit,
  type Permissions
} from '../../src/main/engine/missions/permissions.js'

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

const creatorKey = hash('key of alpha')
/** IDs in the order of the alphabet, but for the creator, whose ID is that of its key. */
export const nodes = {
  alpha: nodeIdOf(creatorKey),
  bravo: 'b0'.repeat(32) as NodeId,
  charlie: 'c0'.repeat(32) as NodeId,
  delta: 'd0'.repeat(32) as NodeId,
  echo: 'e0'.repeat(32) as NodeId,
  foxtrot: 'f0'.repeat(32) as NodeId
}
export type Who = keyof typeof nodes

export function createRecord(deputies: readonly Who[] = [], fold = 1): CreateRecord {
  return {
    creator: creatorKey.toString('base64url'),
    nonce: '00'.repeat(16),
    name: 'Fire',
    labels: [],
    deputies: deputies.map((who) => nodes[who]),
    defaultRole: 'subscriber',
    onward: 'federation',
    fold,
    at: 1
  }
}

export function epoch(log: number): string {
  return String(log).padStart(32, '0')
}

export function logOf(who: Who, log = 1): LogId {
  return { author: nodes[who], epoch: epoch(log) }
}

/** Chain hash at a number, on the branch that is held here or on another one. */
export function hashAt(who: Who, log: number, seq: number, branch = 'held'): string {
  return hash(`${who} ${String(log)} ${String(seq)} ${branch}`).toString('hex')
}

/** Each node here holds the branch `held`. */
export const holds: HoldsPoint = (log, seq, other) => {
  const who = (Object.keys(nodes) as Who[]).find((name) => nodes[name] === log.author)
  return who !== undefined && hashAt(who, Number(log.epoch), seq) === other
}

export function nameOf(who: Who, seq: number, log = 1): ChangeName {
  return changeName(logOf(who, log), seq, Buffer.from(hashAt(who, log, seq), 'hex'))
}

export function line(who: Who, seq: number, content: JsonObject, log = 1): AdminLine {
  const change = parseChange(content)
  if (!isAdministrative(change)) throw new Error('not an administrative line')
  return { log: logOf(who, log), seq, hash: hashAt(who, log, seq), name: nameOf(who, seq, log), change }
}

export function admit(who: Who, role: Role = 'subscriber', deletions?: 'request'): JsonObject {
  return admitLine(1, nodes[who], role, deletions)
}

export function cut(who: Who, ...heads: readonly AcceptedHead[]): JsonObject {
  return cutLines(1, nodes[who], heads)[0] ?? {}
}

export function adopt(who: Who, heads: readonly AcceptedHead[], lifts: readonly ChangeName[] = []): JsonObject {
  return adoptLine(1, nodes[who], heads, lifts)
}

export function settle(who: Who, head: AcceptedHead): JsonObject {
  return settleLine(1, nodes[who], head)
}

export function headOf(who: Who, seq: number, log = 1, branch?: string): AcceptedHead {
  return { epoch: epoch(log), seq, hash: hashAt(who, log, seq, branch) }
}

export function fork(who: Who, first: number, log = 1): ForkPoint {
  return { ...logOf(who, log), first, hashBefore: hashAt(who, log, first - 1) }
}

/** All that a table says, in a comparable form. */
export function tableOf(permissions: Permissions): unknown {
  const members = [...permissions.members].sort(([a], [b]) => (a < b ? -1 : 1))
  const limits: [string, Limit | undefined][] = []
  const cuts: unknown[] = []
  for (const who of Object.keys(nodes) as Who[]) {
    for (let log = 1; log <= 4; log++) limits.push([`${who} ${String(log)}`, permissions.limitOf(logOf(who, log))])
    cuts.push([
      who,
      permissions
        .cutsOn(nodes[who])
        .map(({ name, by, rank }) => `${name} ${by} ${String(rank)}`)
        .sort()
    ])
  }
  return { members, limits, cuts, isReadOnly: permissions.isReadOnly }
}

/** Those of the lines that have effect. */
export function linesWithin(permissions: Permissions, lines: readonly AdminLine[]): readonly AdminLine[] {
  return lines.filter(({ log, seq }) => effectiveEnd(permissions.limitOf(log), log, seq, holds) === seq)
}

export function permissions(
  lines: readonly AdminLine[],
  {
    deputies = [],
    forks = [],
    fold = 1
  }: { deputies?: readonly Who[]; forks?: readonly ForkPoint[]; fold?: number } = {}
): Permissions {
  return permissionsOf(createRecord(deputies, fold), lines, forks, holds)
}
