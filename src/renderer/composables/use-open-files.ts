import { useRouter } from 'vue-router'
import type { OpenedFiles } from '@shared/contract'
import { useImportStore } from '../stores/import'

/** The one way in for certificate files, from wherever they come: look at them, and show what they hold under Trust. */
export function useOpenFiles() {
  const router = useRouter()
  const imports = useImportStore()

  async function show(reading: Promise<void>): Promise<void> {
    await router.push('/trust/import')
    await reading
  }

  return {
    open: (files: readonly File[]): Promise<void> => show(imports.open(files)),
    openRead: (opened: OpenedFiles): Promise<void> => show(imports.openRead(opened))
  }
}
