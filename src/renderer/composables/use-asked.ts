import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import type { AnswerOf, ArgumentOf, CommandName } from '@shared/contract'
import type { Problem } from '@shared/result'
import { useFeedStore } from '../stores/feed'

export interface Asked<Name extends CommandName> {
  readonly answer: Readonly<Ref<AnswerOf<Name> | undefined>>
  readonly problem: Readonly<Ref<Problem | undefined>>
}

/** What the engine says to a question that changes while it is edited: one at a time, the newest counts. */
export function useAsked<Name extends CommandName>(name: Name, question: () => ArgumentOf<Name>): Asked<Name> {
  const feed = useFeedStore()
  const answer = shallowRef<AnswerOf<Name>>()
  const problem = shallowRef<Problem>()
  let running = false
  let again = false
  let gone = false

  async function ask(): Promise<void> {
    again = true
    if (running) return
    running = true
    while (again && !gone) {
      again = false
      const result = await feed.call(name, question())
      if (again) continue
      answer.value = result.ok ? result.value : undefined
      problem.value = result.ok ? undefined : result.problem
    }
    running = false
  }

  watch(
    () => JSON.stringify(question()),
    () => void ask(),
    { immediate: true }
  )
  onScopeDispose(() => (gone = true))
  return { answer, problem }
}
