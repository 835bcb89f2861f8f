/** Looking for words in missions: the texts of each are indexed when first asked for, as far as one answer's patience goes. */
import type { Json, SearchAnswer, SearchGroup, SearchHit } from '@shared/model.js'
import type { Clock } from '../runtime/clock.js'
import type { EntityIndex, Fold } from './fold.js'
import type { Mission } from './mission.js'
import { excerpt, plainText, wordsOf } from './plain-text.js'
import { searchedText, TextIndex } from './text-index.js'
import { currentText, titlesOf } from './views.js'

export interface SearchQuery {
  readonly text: string
  /** Hits of each mission. */
  readonly limit: number
}

/** How long one answer waits for texts that are being read. */
const patienceMs = 150

/** Indexes live as long as the folds that they speak of. */
const indexes = new WeakMap<Fold, TextIndex>()

export async function search(missions: readonly Mission[], clock: Clock, query: SearchQuery): Promise<SearchAnswer> {
  const words = wordsOf(query.text)
  if (words.length === 0) return { groups: [], searched: 1 }
  const sorted = [...missions].sort((a, b) => b.summary.lastChangeAt - a.summary.lastChangeAt)
  const until = clock.monotonic() + patienceMs
  const groups: SearchGroup[] = []
  let done = 0
  let total = 0
  for (const mission of sorted) {
    const all = mission.logs.changes
    total += all
    const index = clock.monotonic() < until ? await indexOf(mission, clock, until) : undefined
    if (index === undefined) continue
    const progress = index.texts.progress
    done += progress.total === 0 ? all : (all * progress.done) / progress.total
    const group = await groupOf(mission, index, words, query.limit)
    if (group.total > 0) groups.push(group)
  }
  return { groups, searched: total === 0 ? 1 : Math.min(1, done / total) }
}

interface Indexed {
  readonly fold: Fold
  readonly texts: TextIndex
}

/** As far as it is when the time is over; the work goes on meanwhile. */
async function indexOf(mission: Mission, clock: Clock, until: number): Promise<Indexed | undefined> {
  const work = workOn(mission, clock)
  let stop = (): void => undefined
  const patience = new Promise<'late'>(
    (done) => (stop = clock.after(Math.max(0, until - clock.monotonic()), () => done('late')))
  )
  const outcome = await Promise.race([work, patience]).finally(stop)
  if (outcome !== 'late') return outcome
  work.catch(() => undefined) // Whoever asks next hears of it.
  const fold = mission.foldNow
  const texts = fold === undefined ? undefined : indexes.get(fold)
  return fold === undefined || texts === undefined ? undefined : { fold, texts }
}

async function workOn(mission: Mission, clock: Clock): Promise<Indexed> {
  const fold = await mission.fold()
  let texts = indexes.get(fold)
  if (texts === undefined || texts.isWornOut) {
    texts = new TextIndex(fold, mission.logs)
    indexes.set(fold, texts)
  }
  try {
    await texts.catchUp(clock)
  } catch (error) {
    mission.noteReading(error)
    throw error
  }
  return { fold, texts }
}

async function groupOf(
  mission: Mission,
  { fold, texts }: Indexed,
  words: readonly string[],
  limit: number
): Promise<SearchGroup> {
  const found = texts.find(words)
  const numbers: number[] = []
  // The latest made first, which is nearly the order that they are shown in.
  for (let number = found.length - 1; number >= 0; number--)
    if (found[number] === 1 && !fold.isDeleted(number)) numbers.push(number)
  const shown = newest(fold, numbers, limit)
  const { create } = mission.signed
  const name = currentText(mission.summary, 'name') ?? create.name
  return { missionId: mission.id, name, total: numbers.length, hits: await hitsOf(mission, fold, texts, shown, words) }
}

/** By the time their authors claim; ties by number. Of a hundred thousand only those that are shown are sorted. */
function newest(fold: Fold, numbers: readonly number[], limit: number): readonly number[] {
  const shown: number[] = []
  const isBefore = (a: number, b: number): boolean => (fold.createdAt(a) - fold.createdAt(b) || a - b) > 0
  for (const number of numbers) {
    const last = shown[limit - 1]
    if (last !== undefined && isBefore(last, number)) continue
    const place = shown.findIndex((other) => isBefore(number, other))
    shown.splice(place < 0 ? shown.length : place, 0, number)
    if (shown.length > limit) shown.pop()
  }
  return shown
}

async function hitsOf(
  mission: Mission,
  fold: Fold,
  texts: TextIndex,
  numbers: readonly number[],
  words: readonly string[]
): Promise<readonly SearchHit[]> {
  const entities = numbers.map((number) => fold.at(number))
  const places = numbers.map((number) => texts.placeIn(number, words))
  const refs = entities.map((entity, index) => refAt(entity, places[index]))
  const lines = await mission.read(refs)
  const titles = await titlesOf(mission, entities)
  return entities.map((entity, index) => {
    const { log } = refs[index] ?? entity.created.ref
    const line = lines[index] ?? {}
    const field = line['field'] as string
    const whole = searchedText(line['value'] as Json)
    const title = titles.get(entity.entity)
    return {
      entity: entity.entity,
      field,
      ...excerpt(whole, words),
      ...(title === undefined || plainText(title) === plainText(whole) ? {} : { title }),
      author: log.author,
      authorName: mission.nameOf(log.author),
      at: line['at'] as number
    }
  })
}

/** The value that stands at a place of the index. */
function refAt(entity: EntityIndex, place: ReturnType<TextIndex['placeIn']>) {
  const values = entity.fields.find(({ field }) => field === place?.field)?.values ?? []
  return values.find(({ seq }) => seq === place?.seq) ?? entity.created.ref
}

/** For a list: the fold, and the entities of it in which all words are found; all of them where nothing is looked for. */
export async function filtered(
  mission: Mission,
  clock: Clock,
  text: string
): Promise<{ readonly fold: Fold; readonly found?: Uint8Array }> {
  const words = wordsOf(text)
  if (words.length === 0) return { fold: await mission.fold() }
  const { fold, texts } = await workOn(mission, clock)
  return { fold, found: texts.find(words) }
}
