/**
 * Turns sightings into hellos: each address that the air names is dialled once, a few at a time, to learn which node is
 * there. A sighting of a node that is linked already costs nothing.
 */
import type { Address } from '@shared/model.js'

/** An address, and what tells one start of a node there from another. */
export interface Sighted extends Address {
  readonly instance: string
}

const atOnce = 4
const waitingMost = 200

export class Greeter {
  readonly #greet: (to: Sighted) => Promise<unknown>
  readonly #isNeeded: (to: Sighted) => boolean
  readonly #waiting = new Map<string, Sighted>()
  readonly #underWay = new Set<string>()

  constructor(greet: (to: Sighted) => Promise<unknown>, isNeeded: (to: Sighted) => boolean) {
    this.#greet = greet
    this.#isNeeded = isNeeded
  }

  sighted({ address, port, instance }: Sighted): void {
    const key = `${address} ${String(port)}`
    if (this.#underWay.has(key) || this.#waiting.size >= waitingMost) return
    this.#waiting.set(key, { address, port, instance })
    this.#next()
  }

  gone({ address, port }: Address): void {
    this.#waiting.delete(`${address} ${String(port)}`)
  }

  #next(): void {
    for (const [key, to] of this.#waiting) {
      if (this.#underWay.size >= atOnce) return
      this.#waiting.delete(key)
      if (!this.#isNeeded(to)) continue
      this.#underWay.add(key)
      void this.#greet(to).finally(() => {
        this.#underWay.delete(key)
        this.#next()
      })
    }
  }
}
