/** Changed settings, kept and put into effect while the node runs. */
import { ok, type Result } from '@shared/result.js'
import type { Settings } from '@shared/settings.js'
import type { Ways } from './discovery/ways.js'
import type { OwnIdentity } from './identity/identity.js'
import type { LinkTable } from './links/link-table.js'
import type { HealthBook } from './overview.js'
import { withChoices, type KeptSettings, type SettingsBook } from './settings.js'
import { kept } from './storage/disk.js'
import type { TrustBook } from './trust/trust-book.js'

export interface SettingsParts {
  readonly book: SettingsBook
  readonly identity: OwnIdentity
  readonly trust: TrustBook
  readonly links: LinkTable
  readonly discovery: Ways
  readonly health: HealthBook
  /** Where the node listens for links. */
  readonly linkHost: string | undefined
  /** The signed identity record is another one. */
  readonly onIdentity: () => void
  /** What the window shows of this node changed. */
  readonly onNode: () => void
}

/** What peers are told about this node. */
const told = ['callsign', 'laptop', 'isShownToStrangers'] as const
/** What the audit names; how a window looks is nobody's business. */
const audited = [...told, 'linkPort', 'isDiscoverable', 'hasLocalApi'] as const

export class SettingsChanger {
  readonly #parts: SettingsParts
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: SettingsParts) {
    this.#parts = parts
  }

  /** One after the other: each begins with what the one before it left. */
  change(changes: Partial<Settings>): Promise<Result<null>> {
    const next = this.#last.then(() => this.#apply(changes))
    this.#last = next.catch(() => undefined)
    return next
  }

  async settled(): Promise<void> {
    await this.#last
  }

  async #apply({ federation, interfaces, ...changes }: Partial<Settings>): Promise<Result<null>> {
    const { book, identity, trust, onIdentity } = this.#parts
    const before = book.all
    // Signed first: if that fails, nothing has changed.
    const isRenamed = federation !== undefined && federation !== identity.federation
    if (isRenamed) {
      const signed = await kept(identity.useFederation(federation))
      if (!signed.ok) return signed
      onIdentity()
    }
    const chosen = interfaces === undefined ? {} : { interfaces: withChoices(before.interfaces, interfaces) }
    const saved = await kept(book.change({ ...changes, ...chosen }))
    if (!saved.ok) return saved
    await this.#takeEffect(before, book.all)
    const named: string[] = audited.filter((name) => book.all[name] !== before[name])
    if (isRenamed) named.push('federation')
    if (named.length > 0) await trust.noteDone('settings', { text: named.join(', ') })
    return ok(null)
  }

  async #takeEffect(before: KeptSettings, after: KeptSettings): Promise<void> {
    const { identity, links, discovery, health, linkHost, onNode } = this.#parts
    identity.callsign = after.callsign
    identity.laptop = after.laptop
    if (told.some((name) => after[name] !== before[name])) links.tellSelf()
    if (after.interfaces !== before.interfaces) discovery.choose(after.interfaces)
    await discovery.follow(after)
    if (after.linkPort !== before.linkPort) {
      health.set('listen', await links.relisten(linkHost, after.linkPort))
      if (links.linkPort !== undefined) discovery.announce(links.linkPort)
    }
    onNode()
  }
}
