/**
 * A zip with certificate files in it, such as a TAK connection package (docs/protocol/certificates.md#packages). Nothing of it is
 * written anywhere: names are for people, and what a file is its content says. The library is loaded when one is opened.
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises'
import { fail, ok, type Result } from '@shared/result.js'
import { fitAs } from './preview.js'
import { Effort } from './password-lock.js'
import { holdsCertificates, readWithin, type ReadFiles } from './read-files.js'
import { limits } from '../limits.js'
import type { ImportAs } from '@shared/model.js'

/** A file of the package, and what it holds. */
export interface PackageFile {
  readonly name: string
  readonly read: Result<ReadFiles>
}

const entriesMost = 100
/** What all files unpack to: larger than any connection package, and unpacked in some tens of milliseconds. */
const bytesMost = 4 * 1024 * 1024
/** Text packs to a tenth; what packs to less than a hundredth was made to fill a disk. */
const ratioMost = 100
/** Some programs put the package into another one. */
const depthMost = 1
const nameMost = 200

/** The password that TAK programs give everything they make. */
const usualPassword = 'atakatak'

export function isPackage(file: Uint8Array): boolean {
  return file[0] === 0x50 && file[1] === 0x4b && file[2] === 3 && file[3] === 4
}

/**
 * The files in it that hold certificates or lists, in their order, at least one.
 * @param password tried before the one that TAK programs use.
 * Codes: `package-refused`, `certificate-damaged`, `no-certificate`, `chain-too-long`. What is wrong with one file is in its `read`.
 */
export async function readPackage(
  file: Uint8Array,
  password: string | undefined
): Promise<Result<readonly PackageFile[]>> {
  const found: Entry[] = []
  const unpacked = await unpack(Buffer.from(file), { entries: 0, bytes: 0 }, 0, '', found)
  if (!unpacked.ok) return unpacked
  const files = found.filter(({ bytes }) => holdsCertificates(bytes))
  if (files.length === 0) return fail('no-certificate')
  if (files.length > limits.certificates) return fail('chain-too-long', `${String(files.length)} files`)
  const effort = new Effort()
  const read: PackageFile[] = []
  for (const { name, bytes } of files) read.push({ name, read: await readLocked(bytes, password, effort) })
  return ok(read.map((one) => withIssuers(one, read)))
}

/** The file by this name; without one, of those that can become something (or `as`) the only one, or the first if `any`. */
export function chooseFile(
  files: readonly PackageFile[],
  now: number,
  wanted: { readonly name?: string | undefined; readonly as?: ImportAs | undefined }
): Result<PackageFile> {
  const { name, as } = wanted
  if (name !== undefined) {
    const named = files.find((one) => one.name === name)
    return named === undefined ? fail('not-found', name) : ok(named)
  }
  const fitting = files.filter(({ read }) => read.ok && fits(read.value, now, as))
  if (as !== undefined && fitting.length > 1) return fail('bad-request', 'member: more than one fits')
  const first = fitting[0] ?? files.find(isLocked) ?? files[0]
  return first === undefined ? fail('no-certificate') : ok(first)
}

function isLocked({ read }: PackageFile): boolean {
  return !read.ok && (read.problem.code === 'password-needed' || read.problem.code === 'wrong-password')
}

function fits(read: ReadFiles, now: number, as: ImportAs | undefined): boolean {
  if (as === 'list') return read.lists.length > 0
  const can = fitAs(read, now).as
  return as === undefined ? can.length + read.lists.length > 0 : can.includes(as)
}

async function readLocked(bytes: Buffer, password: string | undefined, effort: Effort): Promise<Result<ReadFiles>> {
  let last: Result<ReadFiles> | undefined
  // What is under another password than the typed one is often under the usual one.
  for (const one of password === undefined ? [usualPassword, undefined] : [usualPassword, password]) {
    last = await readWithin([bytes], one, effort)
    const code = last.ok ? undefined : last.problem.code
    if (code !== 'wrong-password' && code !== 'password-needed') return last
  }
  return last ?? fail('no-certificate')
}

/** With a key go, as far as there is room, the certificates of the other files: a trust store often holds its issuers. */
function withIssuers(file: PackageFile, all: readonly PackageFile[]): PackageFile {
  if (!file.read.ok || file.read.value.key === undefined) return file
  const { certificates } = file.read.value
  const more = all.flatMap(({ read }) => (read.ok && read.value.key === undefined ? read.value.certificates : []))
  const issuers = more.filter((one) => one.isCa && !certificates.some(({ der }) => der.equals(one.der)))
  const together = [...certificates, ...issuers].slice(0, limits.certificates)
  return { ...file, read: ok({ ...file.read.value, certificates: together }) }
}

interface Entry {
  readonly name: string
  readonly bytes: Buffer
}

interface Spent {
  entries: number
  bytes: number
}

/** A limit of ours that the zip breaks; ends in a value in this file. */
class Refused extends Error {}

async function unpack(zip: Buffer, spent: Spent, depth: number, before: string, found: Entry[]): Promise<Result<null>> {
  const { unzipSync } = await import('fflate')
  const names = new Set<string>()
  let files: Readonly<Record<string, Uint8Array>>
  try {
    files = unzipSync(zip, {
      // Asked before anything of an entry is unpacked, and what it unpacks to is never more than it says here.
      filter({ name, size, originalSize }) {
        const odd = oddness(name, names)
        if (odd !== undefined) throw new Refused(odd)
        names.add(name)
        spent.entries += 1
        spent.bytes += originalSize
        if (spent.entries > entriesMost) throw new Refused(`more than ${String(entriesMost)} files`)
        if (spent.bytes > bytesMost) throw new Refused(`more than ${String(bytesMost)} bytes`)
        if (originalSize > size * ratioMost + 1_000) throw new Refused(`packed more than ${String(ratioMost)}-fold`)
        return !name.endsWith('/')
      }
    })
  } catch (error) {
    if (error instanceof Refused) return fail('package-refused', error.message)
    // The library throws errors of its own, and a RangeError at an offset outside: all mean a damaged zip.
    return fail('certificate-damaged', 'zip')
  }
  for (const [name, unpacked] of Object.entries(files)) {
    await yieldToOthers()
    const bytes = Buffer.from(unpacked)
    const full = `${before}${name}`
    if (!isPackage(bytes)) {
      found.push({ name: full, bytes })
      continue
    }
    if (depth === depthMost) continue
    const inner = await unpack(bytes, spent, depth + 1, `${full}/`, found)
    if (!inner.ok) return inner
  }
  return ok(null)
}

/** Nothing is written under these names, but a zip that has such ones is no work of an honest program. */
function oddness(name: string, names: ReadonlySet<string>): string | undefined {
  if (name.length === 0 || name.length > nameMost) return 'name too long'
  if (/^([/\\]|[A-Za-z]:)|(^|[/\\])\.\.([/\\]|$)|\0/.test(name)) return 'a name that leads out of the package'
  if (name === '__proto__') return 'a name that is no file’s'
  return names.has(name) ? 'two files of one name' : undefined
}
