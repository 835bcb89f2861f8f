/** Adding files to a mission and saving copies: by the desktop host's dialogs, in a browser over the local API. */
import { shallowRef, type ShallowRef } from 'vue'
import { safeFileName } from '@shared/file-name'
import type { MissionId } from '@shared/model'
import { fail, ok, type Problem, type Result } from '@shared/result'
import { download } from '../display/download'
import { desktopHost } from '../engine-client'
import { saying, type Saying } from '../i18n'
import { useFeedStore } from '../stores/feed'
import { useNoticesStore } from '../stores/notices'

export interface Adding {
  readonly name: string
  readonly sent: number
  readonly size: number
}

export interface MissionFiles {
  /** What is being added now; `name` is empty while only the host knows. */
  readonly adding: ShallowRef<Adding | undefined>
  readonly problem: ShallowRef<Problem | undefined>
  /** The host asks which; a browser's own button chooses them. */
  readonly pick: (() => Promise<void>) | undefined
  add(files: readonly File[]): Promise<void>
  /** What to say about it; `undefined`: the person changed their mind. */
  save(file: string, name: string): Promise<Result<Saying | undefined>>
}

export function useMissionFiles(missionId: MissionId): MissionFiles {
  const feed = useFeedStore()
  const notices = useNoticesStore()
  const desktop = desktopHost()
  const adding = shallowRef<Adding>()
  const problem = shallowRef<Problem>()

  async function run(work: () => Promise<Result<{ readonly added: number } | null>>): Promise<void> {
    if (adding.value !== undefined) return
    adding.value = { name: '', sent: 0, size: 0 }
    problem.value = undefined
    const done = await work().catch((error: unknown) => fail<never>('internal', String(error)))
    adding.value = undefined
    if (!done.ok) problem.value = done.problem
    else if (done.value !== null) notices.show(saying('files.added', {}, done.value.added))
  }

  async function putAll(files: readonly File[]): Promise<Result<{ readonly added: number }>> {
    for (const file of files) {
      const { name, size } = file
      adding.value = { name, sent: 0, size }
      const put = await feed.files()?.put(missionId, file, (sent) => {
        adding.value = { name, sent, size }
      })
      if (put === undefined) return fail('engine-lost')
      if (!put.ok) return { ok: false, problem: { ...put.problem, detail: `${name}: ${put.problem.detail ?? ''}` } }
    }
    return ok({ added: files.length })
  }

  return {
    adding,
    problem,
    pick: desktop === undefined ? undefined : () => run(() => desktop.pickFiles(missionId)),
    add: (files) => run(() => (desktop === undefined ? putAll(files) : desktop.addFiles(missionId, files))),
    async save(file, name) {
      try {
        if (desktop !== undefined) {
          const saved = await desktop.saveContent(missionId, file)
          if (!saved.ok) return saved
          return ok(saved.value === null ? undefined : saying('export.savedAt', { path: saved.value.path }))
        }
        const got = (await feed.files()?.get(missionId, file)) ?? fail<Blob>('engine-lost')
        if (!got.ok) return got
        const plain = safeFileName(name)
        download(got.value, plain)
        return ok(saying('export.downloaded', { name: plain }))
      } catch (error) {
        return fail('internal', String(error))
      }
    }
  }
}
