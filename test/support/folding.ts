/** The fold over lines given as objects, and what it shows in a form that can be compared and kept as a vector. */
import type { ChangeName, NodeId } from '@shared/model.js'
import type { JsonObject } from '../../src/main/engine/bytes/line.js'
import { nameOfLine, type LogLine } from '../../src/main/engine/logs/log-store.js'
import type { CreateRecord } from '../../src/main/engine/missions/create-record.js'
import { parseChange } from '../../src/main/engine/missions/change.js'
import { Fold, type Ref } from '../../src/main/engine/missions/fold.js'
import { permissionsOf, type AdminLine, type Permissions } from '../../src/main/engine/missions/permissions.js'

/** A line by its name; of the chain hash a name holds the first 8 bytes. */
export function namedLine(name: string, line: JsonObject): LogLine {
  const [author = '', epoch = '', seq = '', hash = ''] = name.split('.')
  return {
    log: { author: author as NodeId, epoch },
    seq: Number(seq),
    hash: Buffer.from(hash.padEnd(64, '0'), 'hex'),
    line
  }
}

export function judged(create: CreateRecord, lines: readonly LogLine[]): Permissions {
  const admins: AdminLine[] = lines
    .filter(({ line }) => (line['kind'] as string).startsWith('admin/'))
    .map((one) => ({
      ...{ log: one.log, seq: one.seq, hash: one.hash.toString('hex'), name: nameOfLine(one) },
      change: parseChange(one.line) as AdminLine['change']
    }))
  return permissionsOf(create, admins, [], () => false)
}

export class Folded {
  readonly fold: Fold
  readonly permissions: Permissions
  readonly #lines = new Map<ChangeName, LogLine>()

  /** Lines of one log must be in their order; those of authors who do not count are left out. */
  constructor(create: CreateRecord, lines: readonly LogLine[], seed = Buffer.alloc(8, 7)) {
    this.permissions = judged(create, lines)
    this.fold = new Fold(seed, create.at, 0, this.permissions.askers)
    for (const line of lines) {
      this.#lines.set(nameOfLine(line), line)
      if (this.permissions.counts(line.log.author)) this.fold.apply(line)
    }
  }

  values(entity: string, field: string): readonly unknown[] {
    return this.fold.current(entity, field).map((name) => this.#lines.get(name)?.line['value'])
  }

  view() {
    const value = ({ name, log }: Ref) => {
      const line = this.#lines.get(name)?.line ?? {}
      return { name, value: line['value'], author: log.author, at: line['at'] }
    }
    const { counts, unknownKinds, conflicts } = this.fold.summary()
    return {
      entities: [...this.fold.entityNames()].sort().map((entity) => {
        const index = this.fold.entity(entity)
        const { at, ref } = index?.created ?? {}
        return {
          entity,
          created: { at, name: ref?.name, author: ref?.log.author },
          fields: [...(index?.fields ?? [])]
            .sort((a, b) => (a.field < b.field ? -1 : 1))
            .map(({ field, values }) => ({ field, values: values.map(value) }))
        }
      }),
      members: [...this.permissions.members]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([nodeId, membership]) => ({ nodeId, ...membership })),
      counts: Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)),
      conflicts: this.fold.conflicts().map(({ entity, field }) => `${entity}\n${field}`),
      conflictCount: conflicts,
      unknownKinds: Object.entries(unknownKinds).sort(([a], [b]) => (a < b ? -1 : 1)),
      readOnly: this.permissions.isReadOnly
    }
  }
}
