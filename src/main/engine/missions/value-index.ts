/**
 * Something kept in memory of all entities of one type while somebody looks at them: the fold holds places, not values,
 * so each entity is read from the journal once, and then again when it was written to.
 */
import type { EntityIndex, Fold } from './fold.js'
import type { CurrentValue } from './map-item.js'
import type { Mission } from './mission.js'

/** Current values by field, of those fields that are looked at. */
export type ReadValues = ReadonlyMap<string, readonly CurrentValue[]>

const readAtOnce = 200

export abstract class ValueIndex<Kept> {
  protected readonly mission: Mission
  readonly #type: string
  readonly #fields: ReadonlySet<string>
  /** By the names of the entities, deleted ones too. */
  protected readonly kept = new Map<string, Kept>()
  /** Of the fold, when it was read last. */
  protected version = -1
  /** Still to be read. */
  protected left = 0
  #fold: Fold | undefined
  #refreshing: Promise<void> | undefined

  /** @param fields whose values are read. */
  constructor(mission: Mission, type: string, fields: ReadonlySet<string>) {
    this.mission = mission
    this.#type = type
    this.#fields = fields
  }

  /** Reads what changed, some at a time. Rejects when the disk does not give it. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined))
    return this.#refreshing
  }

  /** @param values empty for what is deleted. */
  protected abstract keptOf(entity: EntityIndex, values: ReadValues, version: number): Kept

  /** Nothing that was known can be relied on. */
  protected forgot(): void {
    return undefined
  }

  async #refresh(): Promise<void> {
    const fold = await this.mission.fold()
    if (fold !== this.#fold) {
      // What counts may have become less.
      this.kept.clear()
      this.version = -1
      this.#fold = fold
      this.forgot()
    }
    const { version } = fold
    if (version === this.version) return
    const changed = fold.changedSince(this.#type, this.version)
    this.left = changed.length
    try {
      for (let from = 0; from < changed.length; from += readAtOnce) {
        await this.#read(fold, changed.slice(from, from + readAtOnce), version)
        this.left = Math.max(0, changed.length - from - readAtOnce)
        await new Promise((resume) => setImmediate(resume))
      }
      this.version = version
    } finally {
      this.left = 0
    }
  }

  async #read(fold: Fold, names: readonly string[], version: number): Promise<void> {
    const entities = names.flatMap((name) => fold.entity(name) ?? [])
    const refs = entities.flatMap(({ entity, deleted, fields }) =>
      deleted
        ? []
        : fields
            .filter(({ field }) => this.#fields.has(field))
            .flatMap(({ field, values }) => values.map((ref) => ({ entity, field, ref })))
    )
    const lines = await this.mission.read(refs.map(({ ref }) => ref))
    const values = new Map<string, Map<string, CurrentValue[]>>()
    for (const [index, { entity, field }] of refs.entries()) {
      const { value = null, at } = lines[index] ?? {}
      const fields = values.get(entity) ?? new Map<string, CurrentValue[]>()
      fields.set(field, [...(fields.get(field) ?? []), { value, at: at as number }])
      values.set(entity, fields)
    }
    for (const entity of entities)
      this.kept.set(entity.entity, this.keptOf(entity, values.get(entity.entity) ?? new Map(), version))
  }
}
