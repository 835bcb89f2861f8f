/** Discovery switched on and off while a node runs: each time on is a new one, with a new name in the air. */
import type { Discovery, DiscoveryOptions, DiscoveryView } from './discovery.js'

export interface SwitchParts {
  /** Left out: this node can only be reached by address. */
  readonly make: (() => Discovery) | undefined
  readonly options: () => DiscoveryOptions
  /** A person's choices of interfaces. */
  readonly choices: () => Readonly<Record<string, boolean>>
  /** Nobody listens any more; what was heard is of no use. */
  readonly onOff: () => void
}

export class DiscoverySwitch {
  readonly #parts: SwitchParts
  #discovery: Discovery | undefined

  constructor(parts: SwitchParts) {
    this.#parts = parts
  }

  on(): void {
    const { make, options, choices } = this.#parts
    this.#discovery = make?.()
    this.#discovery?.choose(choices())
    this.#discovery?.start(options())
  }

  async off(): Promise<void> {
    const before = this.#discovery
    this.#discovery = undefined
    this.#parts.onOff()
    await before?.stop()
  }

  choose(): void {
    this.#discovery?.choose(this.#parts.choices())
  }

  announce(port: number): void {
    this.#discovery?.announce(port)
  }

  look(): void {
    this.#discovery?.look()
  }

  /** `undefined` while it is off. */
  view(): DiscoveryView | undefined {
    return this.#discovery?.view()
  }
}
