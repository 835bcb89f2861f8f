/** The local API follows its setting: one start or stop at a time, and the newest wish counts. */
import type { Result } from '@shared/result.js'
import type { Log } from '../engine/index.js'

interface RunningApi {
  readonly port: number
  close(): Promise<void>
}

export class LocalApi {
  readonly #start: () => Promise<Result<RunningApi>>
  readonly #publish: (facts: { readonly apiPort?: number }) => Promise<void>
  readonly #log: Log
  #isWanted = false
  #running: RunningApi | undefined
  #turn: Promise<void> = Promise.resolve()

  /** @param publish tells other programs of this machine where it is. */
  constructor(
    start: () => Promise<Result<RunningApi>>,
    publish: (facts: { readonly apiPort?: number }) => Promise<void>,
    log: Log
  ) {
    this.#start = start
    this.#publish = publish
    this.#log = log
  }

  want(isWanted: boolean): void {
    if (isWanted === this.#isWanted) return
    this.#isWanted = isWanted
    this.#turn = this.#turn
      .then(() => this.#apply())
      .catch((error: unknown) => this.#log('error', 'local-api', { error: String(error) }))
  }

  async close(): Promise<void> {
    this.want(false)
    await this.#turn
  }

  async #apply(): Promise<void> {
    if (this.#isWanted === (this.#running !== undefined)) return
    if (this.#isWanted) {
      const started = await this.#start()
      if (!started.ok) {
        this.#log('error', 'local-api', { code: started.problem.code, detail: started.problem.detail })
        return
      }
      this.#running = started.value
      await this.#publish({ apiPort: started.value.port })
    } else {
      const running = this.#running
      this.#running = undefined
      await running?.close()
      await this.#publish({})
    }
  }
}
