/**
 * Revocation lists on disk: beside the journal, each in a file by its hash, while the journal says which one counts. So a
 * list that was here is never forgotten in silence: without its file nobody is let in by its authority.
 */
import { sha256 } from '../bytes/hash.js'
import { isNewer, readList, type RevocationList } from '../certificates/crl.js'
import { authorityId, Lists, type AuthorityId } from '../certificates/lists.js'
import { parseCertificate, type Certificate } from '../certificates/x509.js'
import { bounds } from '../limits.js'
import { kept, type Disk } from '../storage/disk.js'
import type { ListLine } from './journal-lines.js'

const ending = '.crl'

export class ListShelf {
  /** What counts now, also before it is on disk. */
  readonly lists = new Lists()
  readonly #disk: Disk
  readonly #folder: string
  readonly #lines = new Map<AuthorityId, ListLine>()
  /** Not on disk yet. */
  readonly #owed = new Map<AuthorityId, RevocationList>()

  constructor(disk: Disk, folder: string) {
    this.#disk = disk
    this.#folder = folder
  }

  /** How the newest list of each authority came here. */
  lines(): readonly ListLine[] {
    return [...this.#lines.values()]
  }

  /** A line of the journal: of one authority the newest list counts, in whatever order the lines are read. */
  remember(line: ListLine): void {
    const before = this.#lines.get(line.authority)
    if (before === undefined || isNewer(line, before)) this.#lines.set(line.authority, line)
  }

  /** Reads what the journal names. What is missing, or is not what the journal says, counts as lost. */
  async load(): Promise<void> {
    for (const line of this.#lines.values()) {
      const signer = parseCertificate(Buffer.from(line.data, 'base64'))
      if (signer === undefined) continue // Of a file that another program wrote: it speaks for nobody.
      const authority = authorityId(signer)
      this.lists.set({ authority, signer, list: await this.#read(line.sha256) })
    }
  }

  async #read(hash: string): Promise<RevocationList | undefined> {
    const bytes = await kept(this.#disk.read(this.#path(hash)))
    if (!bytes.ok || bytes.value === undefined || sha256(bytes.value).toString('hex') !== hash) return undefined
    const list = await readList(bytes.value)
    return list.ok ? list.value : undefined
  }

  /** Whether there is room for one more list of this authority. */
  hasRoomFor(authority: AuthorityId, bytes: number): boolean {
    const others = this.lists.all().filter((one) => one.authority !== authority)
    const held = others.reduce((sum, { list }) => sum + (list?.der.length ?? 0), 0)
    return others.length < bounds.lists && held + bytes <= bounds.listsBytes
  }

  /** From now on it counts; `save` makes it durable. */
  put(authority: AuthorityId, list: RevocationList, signer: Certificate): void {
    this.lists.set({ authority, signer, list })
    this.#owed.set(authority, list)
  }

  /** Writes what is not on disk yet; rejects as the disk does. */
  async save(): Promise<void> {
    for (const [authority, list] of [...this.#owed]) {
      await this.#disk.replace(this.#path(list.sha256), list.der)
      if (this.#owed.get(authority) === list) this.#owed.delete(authority)
    }
  }

  get isOwed(): boolean {
    return this.#owed.size > 0
  }

  /** Removes lists that newer ones have replaced. */
  async sweep(): Promise<void> {
    const wanted = new Set([
      ...this.lines().map((line) => line.sha256),
      ...this.lists.all().flatMap(({ list }) => list?.sha256 ?? [])
    ])
    for (const name of await this.#disk.list(this.#folder))
      if (name.endsWith(ending) && !wanted.has(name.slice(0, -ending.length)))
        await this.#disk.remove(`${this.#folder}/${name}`)
  }

  #path(hash: string): string {
    return `${this.#folder}/${hash}${ending}`
  }
}
