import { ref, shallowRef } from 'vue'
import type { Problem, Result } from '@shared/result'

/** One command at a time from one form: whether it is under way, and why the last one failed. */
export function useCommand() {
  const busy = ref(false)
  const problem = shallowRef<Problem>()

  async function run<T>(command: () => Promise<Result<T>>): Promise<Result<T> | undefined> {
    if (busy.value) return undefined
    busy.value = true
    problem.value = undefined
    const result = await command()
    busy.value = false
    if (!result.ok) problem.value = result.problem
    return result
  }

  return { busy, problem, run }
}
