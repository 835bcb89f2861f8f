import { ref } from 'vue'
import type { AuditEntry } from '@shared/model'
import { ok, type Result } from '@shared/result'
import { toBase64 } from '../display/base64'
import { useFeedStore } from '../stores/feed'
import { useNodeStore } from '../stores/node'
import { saying, type Saying } from '../i18n'
import { auditPage } from './use-audit'
import { useAuditWords } from './use-audit-words'
import { useSaveFile } from './use-save-file'

/** A journal of a year is far below this; more is a journal that grows while it is read. */
const pagesMost = 2000

/**
 * Writes everything the engine gives of the audit log to one file: JSON for programs, each entry with its sentence for
 * people. The signed record itself is the journal in the data folder.
 */
export function useSaveRecord() {
  const feed = useFeedStore()
  const nodes = useNodeStore()
  const saveFile = useSaveFile()
  const { titleOf, lineOf } = useAuditWords()
  const read = ref(0)

  async function readAll(): Promise<Result<readonly AuditEntry[]>> {
    const entries = new Map<number, AuditEntry>()
    read.value = 0
    for (let page = 0, offset = 0; page < pagesMost; page++) {
      const answer = await feed.call('listAudit', { offset, limit: auditPage })
      if (!answer.ok) return answer
      // By sequence: an entry written meanwhile moves the others to the next page.
      for (const entry of answer.value.items) entries.set(entry.seq, entry)
      offset += answer.value.items.length
      read.value = entries.size
      if (answer.value.items.length < auditPage) break
    }
    return ok([...entries.values()].sort((a, b) => b.seq - a.seq))
  }

  async function save(): Promise<Result<{ readonly count: number; readonly where: Saying } | undefined>> {
    const entries = await readAll()
    if (!entries.ok) return entries
    const at = new Date()
    const record = {
      format: 'muster-audit/1',
      savedAt: at.toISOString(),
      node: nodes.node?.nodeId,
      callsign: nodes.node?.callsign,
      entries: entries.value.map((entry) => ({
        time: new Date(entry.at).toISOString(),
        sentence: [titleOf(entry), lineOf(entry)].filter((part) => part !== '').join('; '),
        ...entry
      }))
    }
    const bytes = new TextEncoder().encode(`${JSON.stringify(record, undefined, 2)}\n`)
    const saved = await saveFile(`muster-activity-${at.toISOString().slice(0, 10)}.json`, toBase64(bytes))
    if (!saved.ok) return saved
    return ok(saved.value === undefined ? undefined : { count: entries.value.length, where: saved.value })
  }

  return { read, save, savedSaying: (count: number, where: string) => saying('activity.saved', { where }, count) }
}
