import { computed, type ComputedRef } from 'vue'
import type { MissionSummary } from '@shared/model'
import { showName } from '../display/name'
import { orderFolders, type Folder } from '../facts/layers'
import { useText } from '../i18n'
import { useFew } from './use-few'

export interface Folders {
  readonly folders: ComputedRef<readonly Folder[]>
  /** To choose one, or none. */
  readonly options: ComputedRef<readonly { readonly value: string; readonly word: string }[]>
}

/** Folders of a mission in their order. */
export function useFolders(mission: () => MissionSummary): Folders {
  const { t } = useText()
  const { list } = useFew('layer', mission)
  const folders = computed(() => orderFolders(list.value))
  const options = computed(() => [
    { value: '', word: t('task.noFolder') },
    ...folders.value.map(({ uid, name, depth }) => ({ value: uid, word: `${'– '.repeat(depth)}${showName(name)}` }))
  ])
  return { folders, options }
}
