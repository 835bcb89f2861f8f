/**
 * A disk that is only looked at: a folder of a newer version, or one that cannot be written. Opening a folder writes (a
 * torn tail is cut, damage is copied aside, what is rebuilt is kept); here that stays in memory and ends with the process,
 * so that the same opening works. Nobody's edit may come here: the engine refuses every command that changes something.
 */
import type { Disk, FileFacts, LogFile } from './disk.js'

/** What a file holds now: the beginning of a stored one, and what would have been written after it. */
interface Held {
  readonly source: string | undefined
  /** Bytes of the stored file that still count. */
  readonly kept: number
  readonly tail: Buffer
}

export function readOnlyView(stored: Disk): Disk {
  const held = new Map<string, Held>()
  const gone = new Set<string>()
  let writes = 0

  const isBelow = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`)
  const isGone = (path: string) => [...gone].some((one) => isBelow(path, one))

  /** `undefined`: there is no such file. */
  async function find(path: string): Promise<Held | undefined> {
    const known = held.get(path)
    if (known !== undefined || isGone(path)) return known
    const facts = await stored.facts(path)
    return facts === undefined ? undefined : { source: path, kept: facts.size, tail: Buffer.alloc(0) }
  }
  const sizeOf = ({ kept, tail }: Held) => kept + tail.length
  async function part(one: Held, offset: number, length: number): Promise<Buffer> {
    const fromStored = Math.max(0, Math.min(length, one.kept - offset))
    const head =
      fromStored === 0 || one.source === undefined
        ? Buffer.alloc(0)
        : await stored.readPart(one.source, offset, fromStored)
    const from = Math.max(0, offset - one.kept)
    return Buffer.concat([head, one.tail.subarray(from, from + length - fromStored)])
  }
  function cut(one: Held, size: number): Held {
    return { ...one, kept: Math.min(one.kept, size), tail: one.tail.subarray(0, Math.max(0, size - one.kept)) }
  }
  function hold(path: string, one: Held): Held {
    writes++
    held.set(path, one)
    return one
  }
  async function factsOf(path: string): Promise<FileFacts | undefined> {
    const known = held.get(path)
    if (known !== undefined) return { path, size: sizeOf(known), modified: writes }
    return isGone(path) ? undefined : stored.facts(path)
  }

  return {
    async read(path) {
      const one = await find(path)
      return one === undefined ? undefined : part(one, 0, sizeOf(one))
    },
    async replace(path, bytes) {
      hold(path, { source: undefined, kept: 0, tail: Buffer.from(bytes) })
    },
    async openLog(path) {
      let one = (await find(path)) ?? hold(path, { source: undefined, kept: 0, tail: Buffer.alloc(0) })
      const log: LogFile = {
        get size() {
          return sizeOf(one)
        },
        async append(...parts) {
          one = hold(path, { ...one, tail: Buffer.concat([one.tail, ...parts]) })
        },
        sync: () => Promise.resolve(),
        async truncate(size) {
          one = hold(path, cut(one, size))
        },
        close: () => Promise.resolve()
      }
      return log
    },
    async list(folder) {
      const start = folder === '.' ? '' : `${folder}/`
      const names = (await stored.list(folder)).filter((name) => !isGone(start + name))
      const ours = [...held.keys()].filter((path) => path.startsWith(start))
      return [...new Set([...names, ...ours.map((path) => path.slice(start.length).split('/', 1)[0] ?? '')])]
    },
    async move(from, to) {
      const paths = (await this.files(from)).map(({ path }) => path)
      if (paths.length === 0 && (await find(from)) !== undefined) paths.push(from)
      if (paths.length === 0) throw Object.assign(new Error(`ENOENT: ${from}`), { code: 'ENOENT' })
      for (const path of paths) {
        const one = await find(path)
        if (one !== undefined) hold(to + path.slice(from.length), one)
      }
      await this.remove(from)
    },
    async remove(path) {
      gone.add(path)
      for (const one of [...held.keys()]) if (isBelow(one, path)) held.delete(one)
    },
    facts: factsOf,
    async files(folder) {
      const paths = (await stored.files(folder)).map(({ path }) => path).filter((path) => !isGone(path))
      const ours = [...held.keys()].filter((path) => path.startsWith(`${folder}/`))
      const all = [...new Set([...paths, ...ours])].sort()
      return (await Promise.all(all.map(factsOf))).filter((one) => one !== undefined)
    },
    async readPart(path, offset, length) {
      const one = await find(path)
      if (one === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })
      return part(one, offset, Math.max(0, Math.min(length, sizeOf(one) - offset)))
    },
    // Nothing is kept here, so there is room for everything.
    free: () => Promise.resolve(Number.MAX_SAFE_INTEGER),
    place: () => stored.place()
  }
}
