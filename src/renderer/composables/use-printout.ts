import { ref } from 'vue'
import { fieldsOf } from '@shared/mission-model'
import type { EntityView, FieldView, MissionView } from '@shared/model'
import { fail, ok, type Result } from '@shared/result'
import { toBase64 } from '../display/base64'
import { showName, showText } from '../display/name'
import { fieldOf, showValue } from '../display/value'
import { partOf, sortMembers } from '../facts/people'
import { printHtml, type PrintSection } from '../facts/printout'
import { isTaskState, sortTasks, stateWords } from '../facts/task'
import { useText, type Saying } from '../i18n'
import { useFeedStore } from '../stores/feed'
import { useNodeStore } from '../stores/node'
import { useSaveFile } from './use-save-file'

const pageSize = 200
/** Some 500 sheets of paper; what is older is said to be left out. */
const entriesMost = 20_000

/** Log, tasks and members of a mission as a file for paper, as they are now. */
export function usePrintout() {
  const { t, say, format } = useText()
  const feed = useFeedStore()
  const nodes = useNodeStore()
  const saveFile = useSaveFile()
  /** Entries read so far, while it is being made. */
  const read = ref(0)

  async function all(view: MissionView, type: string): Promise<Result<readonly EntityView[]>> {
    // By name: an entry written meanwhile moves the others to the next page.
    const found = new Map<string, EntityView>()
    for (let offset = 0; offset < entriesMost; offset += pageSize) {
      const query = { missionId: view.id, type, offset, limit: pageSize, order: 'newest' } as const
      const page = await feed.call('listEntities', query)
      if (!page.ok) return page
      for (const item of page.value.items) found.set(item.entity, item)
      read.value += page.value.items.length
      if (page.value.items.length < pageSize) break
    }
    return ok([...found.values()])
  }

  /** All values: paper shows a conflict as one. */
  function valuesOf(field: FieldView | undefined, word = showValue): string {
    const texts = (field?.values ?? []).map(({ value, authorName }, _, { length }) =>
      length > 1 ? t('print.either', { text: word(value), name: showName(authorName) }) : word(value)
    )
    return texts.join('\n')
  }

  function logSection(entries: readonly EntityView[], total: number): PrintSection {
    const rows = [...entries]
      .sort((a, b) => a.createdAt - b.createdAt)
      .map((entry) => {
        const { dtg, heading } = fieldsOf('log', entry)
        const text = [heading, valuesOf(fieldOf(entry, 'text'))].filter(Boolean).join('\n')
        return { cells: [format.full(dtg ?? entry.createdAt), showName(entry.createdByName), text] }
      })
    const left = total - entries.length
    return {
      title: left > 0 ? t('print.logPart', { count: format.number(left) }, left) : t('log.title'),
      head: [t('print.when'), t('print.who'), t('print.what')],
      rows,
      none: t('log.empty')
    }
  }

  function taskSection(tasks: readonly EntityView[]): PrintSection {
    const stateWord = (value: Parameters<typeof showValue>[0]) => {
      const text = showValue(value)
      return isTaskState(text) ? t(stateWords[text]) : text
    }
    return {
      title: t('task.title'),
      head: [t('print.task'), t('print.state'), t('task.assignee'), t('task.due'), t('task.notes')],
      rows: sortTasks(tasks).map((task) => {
        const { due } = fieldsOf('task', task)
        return {
          cells: [
            valuesOf(fieldOf(task, 'title')),
            valuesOf(fieldOf(task, 'state'), stateWord),
            valuesOf(fieldOf(task, 'assignee')),
            due === undefined ? '' : format.full(due),
            valuesOf(fieldOf(task, 'notes'))
          ]
        }
      }),
      none: t('task.none')
    }
  }

  function peopleSection(view: MissionView): PrintSection {
    return {
      title: t('people.members'),
      head: [t('people.name'), t('people.role'), t('people.changes')],
      rows: sortMembers(view.memberList, nodes.node?.nodeId).map((member) => ({
        cells: [showName(member.name), say(partOf(member)), format.number(member.changes)]
      })),
      none: ''
    }
  }

  async function save(view: MissionView): Promise<Result<Saying | undefined>> {
    const { node } = nodes
    if (node === undefined) return fail('engine-lost')
    read.value = 0
    const tasks = await all(view, 'task')
    if (!tasks.ok) return tasks
    const entries = await all(view, 'log')
    if (!entries.ok) return entries
    const now = Date.now()
    const html = printHtml({
      language: document.documentElement.lang,
      title: showName(view.name),
      lead: showText(view.description),
      proof: [
        t('print.proof', { at: format.full(now), name: showName(node.callsign) }),
        t('print.digest', { digest: view.digest, count: format.number(view.changes) }, view.changes)
      ],
      sections: [
        taskSection(tasks.value),
        logSection(entries.value, Math.max(view.entries, entries.value.length)),
        peopleSection(view)
      ]
    })
    const name = `${showName(view.name).replace(/[^\p{L}\p{N}]+/gu, '-')}-${new Date(now).toISOString().slice(0, 10)}.html`
    return saveFile(name, toBase64(new TextEncoder().encode(html)))
  }

  return { read, save }
}
