/** The end: what is under way is written first, with a limit, and a person hears what is not. */
import { dialog } from 'electron'
import type { Problem } from '@shared/result.js'
import type { Log } from '../engine/index.js'

const stopWithinMs = 5_000
/** How often a person can choose to wait again. */
const waitsMost = 20

/** What to say about data that may not be written. Pure. */
export function unsavedText(problems: readonly Problem[]): string {
  const found = problems.map(({ message, advice, ref }) => `${message} ${advice} (${ref})`)
  return ['What was shown as saved is kept. What was being written just now may be lost.', ...found].join('\n\n')
}

/** Resolves when the engine has stopped, or when a person does not want to wait for it any longer. */
export async function stopOrAsk(stop: Promise<void>, problems: () => readonly Problem[], log: Log): Promise<void> {
  const stopped = stop
    .catch((error: unknown) => log('error', 'stop-failed', { error: String(error) }))
    .then(() => 'stopped' as const)
  for (let waits = 0; waits < waitsMost; waits++) {
    if ((await Promise.race([stopped, after(stopWithinMs)])) === 'stopped') return
    log('error', 'stop-too-slow')
    const question = new AbortController()
    const { response } = await Promise.race([
      dialog.showMessageBox({
        type: 'warning',
        title: 'Muster',
        message: 'Muster is not done with writing.',
        detail: unsavedText(problems()),
        buttons: ['Wait', 'Quit now'],
        defaultId: 0,
        cancelId: 0,
        noLink: true,
        signal: question.signal
      }),
      stopped.then(() => ({ response: 1 }))
    ])
    question.abort()
    if (response === 1) return
  }
}

function after(delayMs: number): Promise<'late'> {
  return new Promise((done) => setTimeout(() => done('late'), delayMs).unref())
}
