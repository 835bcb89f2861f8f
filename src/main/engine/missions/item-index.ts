/**
 * The items of one mission as a map needs them, kept in memory while somebody looks at the map: the fold holds places,
 * not values, so each item is read from the journal once and then again when it was written to.
 */
import type { MapItem, MapItemPage } from '@shared/model.js'
import type { EntityIndex, Fold } from './fold.js'
import { isInBox, mapFields, mapItem, type Box, type CurrentValue } from './map-item.js'
import type { Mission } from './mission.js'

export interface ItemQuery {
  readonly box?: Box | undefined
  /** Case does not matter. */
  readonly text?: string | undefined
  /** From an earlier answer to the same question: only what changed since is given. */
  readonly since?: string | undefined
}

interface Kept {
  /** Left out: deleted. */
  readonly item?: MapItem
  readonly words: string
  /** The version at which it was read. */
  readonly version: number
}

/** In one answer; points are what makes an answer large. */
const itemsMost = 5_000
const pointsMost = 100_000
const readAtOnce = 200

export class ItemIndex {
  readonly #mission: Mission
  /** Names this index: what another one answered, or one before the fold was made anew, is not the same any more. */
  #stamp: string
  readonly #newStamp: () => string
  readonly #kept = new Map<string, Kept>()
  #fold: Fold | undefined
  #version = -1
  #left = 0
  #refreshing: Promise<void> | undefined

  constructor(mission: Mission, newStamp: () => string) {
    this.#mission = mission
    this.#newStamp = newStamp
    this.#stamp = newStamp()
  }

  /** Reads what changed, some at a time. Rejects when the disk does not give it. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined))
    return this.#refreshing
  }

  /** What is known now; `left` says how much is still being read. */
  answer({ box, text, since }: ItemQuery): MapItemPage {
    const words = text?.toLowerCase() ?? ''
    const after = this.#left === 0 ? this.#versionIn(since) : undefined
    const items: MapItem[] = []
    const gone: string[] = []
    let found = 0
    let points = 0
    let total = 0
    const fits = (kept: Kept) =>
      kept.item !== undefined && kept.words.includes(words) && (box === undefined || isInBox(kept.item, box))
    const matching: MapItem[] = []
    for (const [uid, kept] of this.#kept) {
      if (kept.item !== undefined) total++
      const isIn = fits(kept)
      if (isIn) found++
      if (after !== undefined && kept.version <= after) continue
      if (isIn && kept.item !== undefined) matching.push(kept.item)
      else if (after !== undefined) gone.push(uid)
    }
    // Beyond the limit something that was left out before may have moved up: then all is told anew.
    if (after !== undefined && found > itemsMost) return this.answer({ box, text })
    if (matching.length > itemsMost) matching.sort((a, b) => b.at - a.at)
    for (const item of matching) {
      points += item.points?.length ?? 1
      if (items.length === itemsMost || points > pointsMost) break
      items.push(item)
    }
    if (after !== undefined && items.length < matching.length) return this.answer({ box, text })
    return {
      cursor: `${this.#stamp}.${String(this.#version)}`,
      isWhole: after === undefined,
      items,
      gone,
      more: after === undefined ? matching.length - items.length : 0,
      found,
      total,
      left: this.#left
    }
  }

  #versionIn(since: string | undefined): number | undefined {
    const [stamp, version] = since?.split('.') ?? []
    return stamp === this.#stamp ? Number(version) : undefined
  }

  async #refresh(): Promise<void> {
    const fold = await this.#mission.fold()
    if (fold !== this.#fold) {
      // What counts may have become less: nothing that is known can be relied on.
      this.#kept.clear()
      this.#stamp = this.#newStamp()
      this.#version = -1
      this.#fold = fold
    }
    const { version } = fold
    if (version === this.#version) return
    const changed = fold.changedSince('item', this.#version)
    this.#left = changed.length
    try {
      for (let from = 0; from < changed.length; from += readAtOnce) {
        await this.#read(fold, changed.slice(from, from + readAtOnce), version)
        this.#left = Math.max(0, changed.length - from - readAtOnce)
        await new Promise((resume) => setImmediate(resume))
      }
      this.#version = version
    } finally {
      this.#left = 0
    }
  }

  async #read(fold: Fold, names: readonly string[], version: number): Promise<void> {
    const entities = names.flatMap((name) => {
      const entity = fold.entity(name)
      return entity === undefined ? [] : [entity]
    })
    const refs = entities.filter(({ deleted }) => !deleted).flatMap(wantedRefs)
    const lines = await this.#mission.read(refs.map(({ ref }) => ref))
    const values = new Map<string, Map<string, CurrentValue[]>>()
    for (const [index, { entity, field }] of refs.entries()) {
      const { value = null, at } = lines[index] ?? {}
      const fields = values.get(entity) ?? new Map<string, CurrentValue[]>()
      fields.set(field, [...(fields.get(field) ?? []), { value, at: at as number }])
      values.set(entity, fields)
    }
    for (const { entity, created, deleted } of entities) {
      const uid = entity.slice('item/'.length)
      const by = this.#mission.nameOf(created.ref.log.author)
      const item = deleted ? undefined : mapItem(uid, by, created.at, values.get(entity) ?? new Map())
      const words = item === undefined ? '' : `${item.title}\n${item.uid}\n${item.type}\n${by}`.toLowerCase()
      this.#kept.set(uid, { ...(item === undefined ? {} : { item }), words, version })
    }
  }
}

function wantedRefs({ entity, fields }: EntityIndex) {
  return fields
    .filter(({ field }) => mapFields.has(field))
    .flatMap(({ field, values }) => values.map((ref) => ({ entity, field, ref })))
}
