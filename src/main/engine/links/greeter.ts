/**
 * Turns sightings into hellos: each address that the air names is dialled once, a few at a time, to learn which node is
 * there. A sighting of a node that is linked already costs nothing.
 */
import type { Address } from '@shared/model.js'

const atOnce = 4
const waitingMost = 200

export class Greeter {
  readonly #greet: (to: Address) => Promise<unknown>
  readonly #isNeeded: (to: Address) => boolean
  readonly #waiting = new Map<string, Address>()
  readonly #underWay = new Set<string>()

  constructor(greet: (to: Address) => Promise<unknown>, isNeeded: (to: Address) => boolean) {
    this.#greet = greet
    this.#isNeeded = isNeeded
  }

  sighted({ address, port }: Address): void {
    const key = `${address} ${String(port)}`
    if (this.#underWay.has(key) || this.#waiting.size >= waitingMost) return
    this.#waiting.set(key, { address, port })
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
