/**
 * What a person set on this laptop: a lowdb document. The federation is not in it: it belongs to the signed identity
 * record (identity.json), so that there is one truth about it.
 */
import * as v from 'valibot'
import { themes, type Settings } from '@shared/settings.js'
import type { Problem } from '@shared/result.js'
import { parseDnsServer } from './discovery/dns-client.js'
import { limits } from './limits.js'
import { openDocument, type Document } from './storage/document.js'
import type { Disk } from './storage/disk.js'

const isName = (least: number) =>
  v.pipe(
    v.string(),
    v.trim(),
    v.check(
      (text) => text.isWellFormed() && text.length >= least && [...text].length <= limits.nameLength,
      `${String(least)} to ${String(limits.nameLength)} characters`
    )
  )
const interfacesMost = 64
const Megabytes = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000_000))

/** Of a request: only what changes. */
export const SettingsSchema = v.partial(
  v.strictObject({
    callsign: isName(1),
    laptop: isName(0),
    federation: isName(1),
    linkPort: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65535)),
    isDiscoverable: v.boolean(),
    interfaces: v.pipe(
      v.record(v.pipe(v.string(), v.maxLength(128)), v.boolean()),
      v.check(
        (choices) => Object.keys(choices).length <= interfacesMost,
        `at most ${String(interfacesMost)} interfaces`
      )
    ),
    dnsServer: v.pipe(
      v.string(),
      v.trim(),
      v.maxLength(64),
      v.check((text) => text === '' || parseDnsServer(text) !== undefined, 'an IP address, with a port or without')
    ),
    dnsDomain: v.pipe(
      v.string(),
      v.trim(),
      v.maxLength(200),
      v.regex(/^(|[\p{L}\p{N}_-]{1,63}(\.[\p{L}\p{N}_-]{1,63})*)$/u)
    ),
    isShownToStrangers: v.boolean(),
    introducesPeers: v.boolean(),
    hasLocalApi: v.boolean(),
    theme: v.picklist(['system', ...themes]),
    language: v.pipe(v.string(), v.regex(/^[A-Za-z0-9-]{2,35}$/, 'the name of a language')),
    hasSingleKeys: v.boolean(),
    closing: v.picklist(['ask', 'tray', 'quit']),
    filesMostMb: Megabytes,
    filesAutoMb: Megabytes,
    lockAfterMin: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(24 * 60)),
    isSetUp: v.boolean()
  })
)

/** Choices by name: those left out stay. Devices come and go; the oldest choices give way, as the document has a bound. */
export function withChoices(
  before: Settings['interfaces'],
  chosen: Partial<Settings>['interfaces'] = {}
): Settings['interfaces'] {
  const others = Object.entries(before).filter(([name]) => !Object.hasOwn(chosen, name))
  return Object.fromEntries([...others, ...Object.entries(chosen)].slice(-interfacesMost))
}

const SettingsFile = v.partial(v.object(v.omit(SettingsSchema, ['federation']).entries))

export type KeptSettings = Omit<Settings, 'federation'>

export class SettingsBook {
  readonly #document: Document<Partial<KeptSettings>>
  #settings: KeptSettings
  /** A newer version wrote the document; what this one would leave out must not be lost. */
  readonly #isReadOnly: boolean

  private constructor(document: Document<Partial<KeptSettings>>, settings: KeptSettings, isReadOnly: boolean) {
    this.#document = document
    this.#settings = settings
    this.#isReadOnly = isReadOnly
  }

  /** @param usual what holds until a person sets something else. @param given what holds whatever was set before. */
  static async open(
    disk: Disk,
    usual: KeptSettings,
    given: Partial<KeptSettings>,
    onProblem: (problem: Problem) => void
  ): Promise<SettingsBook> {
    // exactOptionalPropertyTypes: valibot leaves absent keys absent, which its types do not say.
    const schema = SettingsFile as unknown as v.GenericSchema<unknown, Partial<KeptSettings>>
    const document = openDocument<Partial<KeptSettings>>(disk, 'settings.json', schema)
    const read = await document.read()
    if (!read.ok) onProblem(read.problem)
    const kept = read.ok ? (read.value ?? {}) : {}
    const isReadOnly = !read.ok && read.problem.code === 'newer-data'
    return new SettingsBook(document, { ...usual, ...kept, ...given }, isReadOnly)
  }

  get all(): KeptSettings {
    return this.#settings
  }

  /** Takes effect when it is kept. */
  async change(changes: Partial<KeptSettings>): Promise<void> {
    const next = { ...this.#settings, ...changes }
    if (!this.#isReadOnly) await this.#document.write(next)
    this.#settings = next
  }
}
