/** The items of one mission as a map needs them, kept in memory while somebody looks at the map. */
import type { MapItem, MapItemPage } from '@shared/model.js'
import type { EntityIndex } from './fold.js'
import { isInBox, mapFields, mapItem, type Box } from './map-item.js'
import type { Mission } from './mission.js'
import { ValueIndex, type ReadValues } from './value-index.js'

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

export class ItemIndex extends ValueIndex<Kept> {
  /** Names this index: what another one answered, or one before the fold was made anew, is not the same any more. */
  #stamp: string
  readonly #newStamp: () => string

  constructor(mission: Mission, newStamp: () => string) {
    super(mission, 'item', mapFields)
    this.#newStamp = newStamp
    this.#stamp = newStamp()
  }

  /** What is known now; `left` says how much is still being read. */
  answer({ box, text, since }: ItemQuery): MapItemPage {
    const words = text?.toLowerCase() ?? ''
    const after = this.left === 0 ? this.#versionIn(since) : undefined
    const items: MapItem[] = []
    const gone: string[] = []
    let found = 0
    let points = 0
    let total = 0
    const fits = (kept: Kept) =>
      kept.item !== undefined && kept.words.includes(words) && (box === undefined || isInBox(kept.item, box))
    const matching: MapItem[] = []
    for (const [entity, kept] of this.kept) {
      if (kept.item !== undefined) total++
      const isIn = fits(kept)
      if (isIn) found++
      if (after !== undefined && kept.version <= after) continue
      if (isIn && kept.item !== undefined) matching.push(kept.item)
      else if (after !== undefined) gone.push(entity.slice('item/'.length))
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
      cursor: `${this.#stamp}.${String(this.version)}`,
      isWhole: after === undefined,
      items,
      gone,
      more: after === undefined ? matching.length - items.length : 0,
      found,
      total,
      left: this.left
    }
  }

  #versionIn(since: string | undefined): number | undefined {
    const [stamp, version] = since?.split('.') ?? []
    return stamp === this.#stamp ? Number(version) : undefined
  }

  protected override keptOf({ entity, created, deleted }: EntityIndex, values: ReadValues, version: number): Kept {
    const by = this.mission.nameOf(created.ref.log.author)
    const item = deleted ? undefined : mapItem(entity.slice('item/'.length), by, created.at, values)
    const words = item === undefined ? '' : `${item.title}\n${item.uid}\n${item.type}\n${by}`.toLowerCase()
    return { ...(item === undefined ? {} : { item }), words, version }
  }

  protected override forgot(): void {
    this.#stamp = this.#newStamp()
  }
}
