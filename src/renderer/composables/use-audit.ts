/**
 * The audit log, newest first: a first page, older ones when asked for, and what is new whenever the overview says that
 * the log grew. While a person reads further down, what is new waits above.
 */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'
import type { AuditEntry } from '@shared/model'
import type { Problem } from '@shared/result'
import { useFeedStore } from '../stores/feed'

/** As much as the engine gives at once. */
export const auditPage = 200

export function useAudit() {
  const feed = useFeedStore()
  const known = shallowRef<readonly AuditEntry[]>([])
  const total = ref(0)
  const problem = shallowRef<Problem>()
  const loaded = ref(false)
  /** The engine keeps more in its journal than it gives out. */
  const atEnd = ref(false)
  /** What is newer than this sequence number waits. */
  const heldAt = ref<number>()
  let running = false
  let again = false
  let gone = false

  async function ask(offset: number): Promise<readonly AuditEntry[] | undefined> {
    const page = await feed.call('listAudit', { offset, limit: auditPage })
    problem.value = page.ok ? undefined : page.problem
    if (!page.ok) return undefined
    total.value = page.value.total
    return page.value.items
  }

  /** Reads pages from the newest on until one touches what is known. */
  async function catchUp(): Promise<void> {
    if (running) {
      again = true
      return
    }
    running = true
    do {
      again = false
      const newest = known.value[0]?.seq ?? -1
      const fresh: AuditEntry[] = []
      for (;;) {
        const items = await ask(fresh.length)
        if (items === undefined) break
        loaded.value = true
        fresh.push(...items.filter((item) => item.seq > newest))
        if (newest < 0 || items.length === 0 || items.some((item) => item.seq <= newest)) break
      }
      if (fresh.length > 0) known.value = merge([...fresh, ...known.value])
    } while (again && !gone)
    running = false
  }

  async function older(): Promise<void> {
    const items = await ask(known.value.length)
    if (items === undefined) return
    atEnd.value = items.length === 0
    known.value = merge([...known.value, ...items])
  }

  watch(() => feed.overview?.auditTotal, catchUp, { immediate: true })
  onScopeDispose(() => (gone = true))

  const waiting = computed(() => {
    const held = heldAt.value
    return held === undefined ? 0 : known.value.findIndex((entry) => entry.seq <= held)
  })

  return {
    /** What is shown, newest first. */
    entries: computed(() => known.value.slice(Math.max(0, waiting.value))),
    all: known,
    waiting: computed(() => Math.max(0, waiting.value)),
    total,
    problem,
    loaded,
    hasOlder: computed(() => !atEnd.value && known.value.length < total.value),
    older,
    hold: (on: boolean): void => {
      heldAt.value = on ? (heldAt.value ?? known.value[0]?.seq) : undefined
    }
  }
}

function merge(entries: readonly AuditEntry[]): readonly AuditEntry[] {
  return [...new Map(entries.map((entry) => [entry.seq, entry])).values()].sort((a, b) => b.seq - a.seq)
}
