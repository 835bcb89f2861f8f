import type { Link } from '../links/link.js'

/** Takes what a link brings one after the other; while something waits for the disk, the link is read no further. */
export class Inbox {
  readonly #link: Link
  readonly #tasks: (() => Promise<void> | undefined)[] = []
  #isBusy = false

  constructor(link: Link) {
    this.#link = link
  }

  take(task: () => Promise<void> | undefined): void {
    this.#tasks.push(task)
    if (!this.#isBusy) this.#work()
  }

  #work(): void {
    for (let task = this.#tasks.shift(); task !== undefined; task = this.#tasks.shift()) {
      if (this.#link.state === 'closed') return
      const waiting = task()
      if (waiting === undefined) continue
      this.#isBusy = true
      this.#link.pause()
      waiting
        .catch((error: unknown) => this.#link.close('internal', String(error)))
        .finally(() => {
          this.#isBusy = false
          this.#link.resume()
          this.#work()
        })
      return
    }
  }
}
