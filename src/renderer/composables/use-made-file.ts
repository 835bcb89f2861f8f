import type { SavedFile } from '@shared/contract'
import { ok, type Result } from '@shared/result'
import { useNoticesStore } from '../stores/notices'
import { useCommand } from './use-command'
import { useSaveFile } from './use-save-file'

/** Has a file made and hands it to a person; answers whether the person has it now. */
export function useMadeFile() {
  const notices = useNoticesStore()
  const saveFile = useSaveFile()
  const { busy, problem, run } = useCommand()

  async function save(make: () => Promise<Result<SavedFile>>): Promise<boolean> {
    const result = await run(async () => {
      const made = await make()
      if (!made.ok) return made
      const said = await saveFile(made.value.fileName, made.value.data)
      return said.ok ? ok({ said: said.value }) : said
    })
    if (result?.ok !== true || result.value.said === undefined) return false
    notices.show(result.value.said)
    return true
  }

  return { busy, problem, save }
}
