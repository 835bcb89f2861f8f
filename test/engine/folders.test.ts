/** Data folders as each version wrote them, frozen: this one opens them all, and shows what was in them. */
import { createHash } from 'node:crypto'
import { cp, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createEngine, type Engine, type RunningEngine } from '../../src/main/engine/index.js'
import { encodeDocument } from '../../src/main/engine/storage/document.js'
import { folderVersion } from '../../src/main/engine/storage/versions.js'
import { createFileDisk } from '../../src/main/engine/storage/file-disk.js'
import { factsOf } from '../fixtures/folders/facts.js'
import { temporaryFolder } from '../support/headless.js'

const undos: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const undo of undos.reverse()) await undo()
})

const frozen = join(import.meta.dirname, '../fixtures/folders')
const versions = Array.from({ length: folderVersion }, (_, index) => String(index + 1))

async function thawed(version: string): Promise<string> {
  const folder = await temporaryFolder((undo) => undos.push(undo))
  await cp(join(frozen, version, 'data'), folder, { recursive: true })
  return folder
}

async function open(dataFolder: string): Promise<RunningEngine> {
  const opened = await createEngine({
    dataFolder,
    callsign: 'somebody',
    linkHost: '127.0.0.1',
    linkPort: 0,
    wantsFirstRun: true
  })
  if (!opened.ok) throw new Error(`${opened.problem.code} ${opened.problem.detail ?? ''}`)
  return opened.value
}

async function expected(version: string): Promise<object> {
  return JSON.parse(await readFile(join(frozen, version, 'expected.json'), 'utf8')) as object
}

/** As they would come from a file. */
async function shown(engine: Engine): Promise<unknown> {
  return JSON.parse(JSON.stringify(await factsOf(engine))) as unknown
}

/** Every file with the hash of what is in it. */
async function hashes(folder: string): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {}
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    found[path] = entry.isFile()
      ? createHash('sha256')
          .update(await readFile(path))
          .digest('hex')
      : 'a folder'
  }
  return found
}

it.each(versions)('a folder of version %s opens with missions, decisions and settings', async (version) => {
  const folder = await thawed(version)
  for (const start of ['first', 'second']) {
    const engine = await open(folder)
    expect(await shown(engine), `${start} start`).toEqual(await expected(version))
    expect(engine.overview().health.problems).toEqual([])
    await engine.stop()
  }
  const kept = await createFileDisk(folder).read('folder.json')
  expect(kept?.toString()).toBe(encodeDocument({ version: folderVersion }).toString())
})

it('each version but this one is kept as it was before it was brought up', async () => {
  const folder = await thawed('1')
  await (await open(folder)).stop()
  expect(await readdir(join(folder, 'snapshots'))).toContain('000001-migration.json')
})

it('a folder of a newer version shows the same, and no file in it changes', async () => {
  const folder = await thawed('1')
  const disk = createFileDisk(folder)
  await disk.replace('folder.json', encodeDocument({ version: folderVersion + 1 }))
  const before = await hashes(folder)
  const engine = await open(folder)
  // Nobody is dialled.
  expect(await shown(engine)).toEqual({ ...(await expected('1')), targets: [] })
  expect(engine.overview().node.readOnly).toBe('newer-data')
  await engine.publish({ apiPort: 1 })
  await engine.stop()
  expect(await hashes(folder)).toEqual(before)
})

it('an empty folder that only names a newer version makes no node', async () => {
  const folder = await temporaryFolder((undo) => undos.push(undo))
  await createFileDisk(folder).replace('folder.json', encodeDocument({ version: folderVersion + 1 }))
  const opened = await createEngine({ dataFolder: folder, callsign: 'somebody' })
  expect(opened).toMatchObject({ ok: false, problem: { code: 'newer-data' } })
  expect(await readdir(folder)).toEqual(['folder.json'])
  await rm(folder, { recursive: true })
})
