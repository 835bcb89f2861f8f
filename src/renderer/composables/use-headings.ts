import { computed, inject, provide, type ComputedRef, type InjectionKey } from 'vue'
import { fieldsOf } from '@shared/mission-model'
import type { MissionView } from '@shared/model'

const key: InjectionKey<ComputedRef<readonly string[]>> = Symbol('headings of the log')

/** The headings that a mission offers for its log, for everything below the view of that mission. */
export function provideHeadings(view: () => MissionView | undefined): void {
  provide(
    key,
    computed(() => {
      const entity = view()?.entity
      return entity === undefined ? [] : (fieldsOf('mission', entity).headings ?? [])
    })
  )
}

export function useHeadings(): ComputedRef<readonly string[]> {
  return inject(
    key,
    computed(() => [])
  )
}
