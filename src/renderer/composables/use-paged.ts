/**
 * A list of any length, held as pages around what is being looked at. When the mission changes, the pages
 * in sight are asked for again and replaced at once; while a person reads further down, what is new waits above.
 */
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue'
import type { Problem, Result } from '@shared/result'

export const pageSize = 50

/** As the engine answers it. */
export interface Page<Item> {
  readonly total: number
  readonly items: readonly Item[]
}

export interface PagedQuery<Item> {
  /** What the list is of: another one is another list, seen from its top. */
  key(): string
  /** Grows when the list may have changed. */
  version(): number
  ask(offset: number, limit: number): Promise<Result<Page<Item>>>
}

export interface PagedList<Item> {
  readonly total: ComputedRef<number>
  /** New items above the first row, held back while somebody reads. */
  readonly waiting: Readonly<Ref<number>>
  readonly loaded: Readonly<Ref<boolean>>
  readonly problem: Readonly<Ref<Problem | undefined>>
  /** Another one whenever what `at` gives may be another. */
  readonly version: Readonly<Ref<unknown>>
  at(index: number): Item | undefined
  /** @param held is looked at too, wherever it is. */
  show(first: number, last: number, held?: number): void
  /** While true, new items wait instead of moving what is being read. */
  hold(on: boolean): void
  release(): void
}

export function usePaged<Item>(query: PagedQuery<Item>): PagedList<Item> {
  const pages = shallowRef<ReadonlyMap<number, readonly Item[]>>(new Map())
  const engineTotal = ref(0)
  const waiting = ref(0)
  const loaded = ref(false)
  const problem = shallowRef<Problem>()
  let range: readonly [number, number] = [0, pageSize - 1]
  let heldRow: number | undefined
  let isHeld = false
  let running = false
  let again = false
  let gone = false

  const ask = (page: number): Promise<Result<Page<Item>>> => query.ask(page * pageSize, pageSize)

  function pagesFor(skip: number): readonly number[] {
    const first = Math.floor((range[0] + skip) / pageSize)
    const last = Math.floor((range[1] + skip) / pageSize)
    const wanted = Array.from({ length: last - first + 1 }, (_, index) => first + index)
    const also = heldRow === undefined ? first : Math.floor((heldRow + skip) / pageSize)
    return wanted.includes(also) ? wanted : [...wanted, also]
  }

  async function refresh(): Promise<void> {
    if (running) {
      again = true
      return
    }
    running = true
    do {
      again = false
      await replace()
    } while (again && !gone)
    running = false
  }

  async function replace(): Promise<void> {
    const fresh = new Map<number, readonly Item[]>()
    const [probe = 0] = pagesFor(waiting.value)
    const first = await ask(probe)
    if (!first.ok) return void (problem.value = first.problem)
    fresh.set(probe, first.value.items)
    const grown = loaded.value ? first.value.total - engineTotal.value : 0
    const skip = isHeld ? Math.max(0, waiting.value + grown) : 0
    const missing = pagesFor(skip).filter((page) => !fresh.has(page) && page * pageSize < first.value.total)
    for (const [index, answer] of (await Promise.all(missing.map(ask))).entries()) {
      if (!answer.ok) return void (problem.value = answer.problem)
      fresh.set(missing[index] ?? 0, answer.value.items)
    }
    if (again) return
    pages.value = fresh
    engineTotal.value = first.value.total
    waiting.value = skip
    problem.value = undefined
    loaded.value = true
  }

  function show(first: number, last: number, row?: number): void {
    range = [Math.max(0, first), Math.max(first, last)]
    heldRow = row
    if (pagesFor(waiting.value).some((page) => !pages.value.has(page))) void refresh()
  }

  watch(
    () => query.key(),
    () => {
      range = [0, pageSize - 1]
      heldRow = undefined
      waiting.value = 0
      isHeld = false
      loaded.value = false
      void refresh()
    },
    { immediate: true }
  )
  watch(
    () => query.version(),
    () => void refresh()
  )
  onScopeDispose(() => (gone = true))

  return {
    total: computed(() => Math.max(0, engineTotal.value - waiting.value)),
    waiting,
    loaded,
    problem,
    version: pages,
    at: (index) => {
      const offset = index + waiting.value
      return pages.value.get(Math.floor(offset / pageSize))?.[offset % pageSize]
    },
    show,
    hold: (on) => {
      isHeld = on
    },
    release: () => {
      isHeld = false
      range = [0, pageSize - 1]
      waiting.value = 0
      void refresh()
    }
  }
}
