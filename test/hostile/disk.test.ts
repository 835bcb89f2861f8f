/** Data folders that are taken, read-only, full or of a newer version: said clearly, and nothing acknowledged is lost. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { encodeDocument } from '../../src/main/engine/storage/document.js'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'
import { write } from './honest-pair.js'
import { delayed } from './hostile-peer.js'

const undo: (() => Promise<void>)[] = []
const onEnd = (one: () => Promise<void>) => undo.unshift(one)
afterAll(async () => {
  for (const one of undo) await one()
})

const host = resolve('out/main/headless.js')

/** Why a folder cannot be mounted for a test here; `undefined` when it can. */
function mountProblem(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux'
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', tmpdir()], {
      stdio: 'ignore'
    })
    return undefined
  } catch {
    return 'mount namespaces are not allowed here'
  }
}

const cannotMount = mountProblem()
if (cannotMount !== undefined) console.log(`left out, read-only and full disks: ${cannotMount}`)

async function start(name: string, folder: string, args: readonly string[] = [], node?: string): Promise<HeadlessNode> {
  const started = await HeadlessNode.start({ name, folder, args, ...(node === undefined ? {} : { node }) })
  onEnd(async () => {
    await started.stop()
  })
  return started
}

/** Every file below a folder with its bytes. */
async function contentsOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Object.fromEntries(
    await Promise.all(files.sort().map(async (path) => [path, await readFile(path, 'base64')] as const))
  )
}

interface Ended {
  readonly code: number | null
  readonly said: string
}

/** Starts a node that should refuse to serve; gives how it ended. */
async function startAndEnd(folder: string, command: readonly string[] = [process.execPath]): Promise<Ended> {
  const [program = '', ...before] = command
  const child = spawn(program, [
    ...before,
    host,
    '--data',
    folder,
    '--name',
    'SECOND',
    '--link-host',
    '127.0.0.1',
    '--link-port',
    '0'
  ])
  const said: Buffer[] = []
  child.stderr.on('data', (data: Buffer) => said.push(data))
  child.stdout.on('data', (data: Buffer) => said.push(data))
  try {
    const [code] = (await delayed(once(child, 'close'), 'the end of the second process')) as [number | null]
    return { code, said: Buffer.concat(said).toString() }
  } finally {
    child.kill('SIGKILL')
  }
}

/** Ended with the problem's own words, and not with a trace of the program. */
function expectRefusal({ code, said }: Ended, problem: string): void {
  expect(said).toMatch(new RegExp(`[A-Z]{3}-\\d\\d ${problem}\\n`))
  expect(said).not.toContain('    at ')
  expect(said).not.toContain('"ready":true')
  expect(code).toBe(1)
}

async function newMission(node: HeadlessNode): Promise<string> {
  const made = await node.call('POST', 'missions', { name: 'On disk' })
  expect(made.status, JSON.stringify(made.body)).toBe(201)
  return String(made.body.id)
}

async function entriesOf(node: HeadlessNode, mission: string): Promise<readonly string[]> {
  const { body } = await node.call('GET', `missions/${mission}`)
  return (body.entities as { entity: string; fields: { text?: { value: string } } }[]).flatMap(
    ({ fields }) => fields.text?.value ?? []
  )
}

describe('one folder', () => {
  test('is used by one node at a time', async () => {
    const folder = await temporaryFolder(onEnd)
    const first = await start('FIRST', folder)
    const mission = await newMission(first)
    await write(first, mission, 'before')
    const token = await readFile(join(folder, 'api-token'), 'utf8')
    for (let attempt = 0; attempt < 3; attempt++) expectRefusal(await startAndEnd(folder), 'folder-in-use')
    expect(await readFile(join(folder, 'api-token'), 'utf8')).toBe(token)
    await write(first, mission, 'after')
    expect(await entriesOf(first, mission)).toEqual(['before', 'after'])
  })

  test('is taken by one of several that start at once', async () => {
    const folder = await temporaryFolder(onEnd)
    const started = await Promise.allSettled(
      ['ONE', 'TWO', 'THREE'].map((name) => HeadlessNode.start({ name, folder }))
    )
    const serving = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    for (const node of serving) onEnd(async () => void (await node.stop()))
    expect(serving.length).toBe(1)
    for (const one of started) if (one.status === 'rejected') expect(String(one.reason)).toContain('folder-in-use')
  })

  test('of a killed node is taken over, with all that was acknowledged', async () => {
    const folder = await temporaryFolder(onEnd)
    const first = await start('FIRST', folder)
    const mission = await newMission(first)
    for (const text of ['a', 'b', 'c']) await write(first, mission, text)
    await first.stop('SIGKILL')
    expect((await stat(join(folder, 'lock'))).isFile()).toBe(true)
    const second = await start('SECOND', folder)
    expect(second.nodeId).toBe(first.nodeId)
    expect(await entriesOf(second, mission)).toEqual(['a', 'b', 'c'])
  })

  test.each([
    ['nothing', ''],
    ['no JSON', '{{{'],
    ['no process', '{"pid":"x"}'],
    ['a process that is not there', '{"pid":4194304,"started":"1"}'],
    ['another process under the same number', `{"pid":${process.pid},"started":"1"}`]
  ])('with a lock of %s is taken over', async (_, lock) => {
    const folder = await temporaryFolder(onEnd)
    await writeFile(join(folder, 'lock'), lock)
    await start('NODE', folder)
  })

  test('cannot be a file, or below one', async () => {
    const folder = await temporaryFolder(onEnd)
    const file = join(folder, 'file')
    await writeFile(file, 'kept')
    for (const path of [file, join(file, 'below')]) {
      const { code, said } = await startAndEnd(path)
      expect(said).toMatch(/[A-Z]{3}-\d\d disk-(failed|read-only)\n/)
      expect(said).not.toContain('    at ')
      expect(code).toBe(1)
    }
    expect(await readFile(file, 'utf8')).toBe('kept')
  })
})

describe('a newer version', () => {
  async function prepared(): Promise<{ folder: string; mission: string; other: HeadlessNode }> {
    const [folder, otherFolder] = [await temporaryFolder(onEnd), await temporaryFolder(onEnd)]
    const [node, other] = await Promise.all([start('NODE', folder), start('OTHER', otherFolder)])
    await node.trust(other)
    const mission = await newMission(node)
    await write(node, mission, 'old')
    await node.untilInStep(other, mission)
    await node.stop()
    return { folder, mission, other }
  }

  /** As a later Muster would have written it. */
  async function renew(path: string, from: string, to: string): Promise<string> {
    const text = await readFile(path, 'utf8')
    expect(text).toContain(from)
    const newer = text.replace(from, to)
    await writeFile(path, newer)
    return newer
  }

  test('of the journal of decisions stops the start', async () => {
    const { folder } = await prepared()
    const path = join(folder, 'trust', '000001.jsonl')
    const newer = await renew(path, '"version":1', '"version":2')
    expectRefusal(await startAndEnd(folder), 'newer-data')
    expect(await readFile(path, 'utf8')).toBe(newer)
  })

  test('of the identity stops the start, and says so', async () => {
    const { folder } = await prepared()
    const path = join(folder, 'identity.json')
    const newer = await renew(path, '"version": 1', '"version": 2')
    expectRefusal(await startAndEnd(folder), 'newer-data')
    expect(await readFile(path, 'utf8')).toBe(newer)
  })

  test('of the list of peers is left as it is', async () => {
    const { folder, other } = await prepared()
    const path = join(folder, 'peers.json')
    const newer = encodeDocument({ peers: 'in another way', targets: [] })
      .toString()
      .replace('"version": 1', '"version": 2')
    await writeFile(path, newer)
    const ended = await startOrEnd(folder)
    if (ended instanceof HeadlessNode) {
      await ended.until('the problem', ({ health }) => health.problems.some(({ code }) => code === 'newer-data'))
      await ended.call('POST', 'peers', { address: '127.0.0.1', port: other.linkPort })
      await ended.until('the other', () => ended.peer(other))
      await ended.stop()
    } else expect(ended).toContain('newer-data')
    expect(await readFile(path, 'utf8')).toBe(newer)
  })

  test('of a mission is left as it is, also when a peer has that mission', async () => {
    const { folder, mission, other } = await prepared()
    const path = join(folder, 'missions', mission, '000001.jsonl')
    const newer = await renew(path, '"version":1', '"version":2')
    const ended = await startOrEnd(folder)
    if (ended instanceof HeadlessNode) {
      await ended.until('the problem', ({ health }) => health.problems.some(({ code }) => code === 'newer-data'))
      await ended.until('the link', () => ended.peer(other)?.link.state === 'linked')
      // A mission made after the link is there when all before it was offered.
      const later = await newMission(other)
      await ended.untilInStep(other, later)
      await ended.stop()
    } else expect(ended).toContain('newer-data')
    expect(await readFile(path, 'utf8')).toBe(newer)
  })

  async function startOrEnd(folder: string): Promise<HeadlessNode | string> {
    try {
      return await start('NODE', folder)
    } catch (error) {
      return String(error)
    }
  }
})

/**
 * A program that stands in for Node and mounts the data folder first, in a namespace that ends with the process. The
 * token is written inside; a link makes it readable from here.
 */
async function mounting(folder: string, mount: string, then = ''): Promise<string> {
  const script = join(await temporaryFolder(onEnd), 'node.sh')
  const inside = `${mount} && ${then === '' ? '' : `${then};`} exec "$@"`
  const text = [
    '#!/bin/sh',
    `ln -sf "/proc/$$/root${folder}/api-token" "${folder}/api-token"`,
    `exec unshare --mount sh -c '${inside}' sh "${process.execPath}" "$@"`,
    ''
  ]
  await writeFile(script, text.join('\n'))
  await chmod(script, 0o755)
  return script
}

describe.skipIf(cannotMount !== undefined)('a disk', () => {
  test('that is read-only is refused', async () => {
    const folder = await temporaryFolder(onEnd)
    const script = await mounting(
      folder,
      `mount --bind "${folder}" "${folder}" && mount -o remount,ro,bind "${folder}"`
    )
    expectRefusal(await startAndEnd(folder, [script]), 'disk-read-only')
  })

  test('that is read-only shows what is on it; nothing is written and nobody is linked', async () => {
    const folder = await temporaryFolder(onEnd)
    const writer = await start('NODE', folder)
    const mission = await newMission(writer)
    await write(writer, mission, 'kept')
    await writer.stop()
    const script = join(await temporaryFolder(onEnd), 'node.sh')
    const mount = `mount --bind "${folder}" "${folder}" && mount -o remount,ro,bind "${folder}"`
    const text = `#!/bin/sh\nexec unshare --mount sh -c '${mount} && exec "$@"' sh "${process.execPath}" "$@"\n`
    await writeFile(script, text, { mode: 0o755 })
    const before = await contentsOf(folder)
    const reader = await start('NODE', folder, [], script)
    expect(reader.overview.node.readOnly).toBe('disk-read-only')
    expect(reader.linkPort).toBe(null)
    expect(await entriesOf(reader, mission)).toEqual(['kept'])
    const refused = await reader.call('POST', `missions/${mission}/changes`, {
      entity: 'log/x',
      field: 'text',
      value: 'x'
    })
    expect(refused).toMatchObject({ status: 507, body: { code: 'disk-read-only' } })
    expect(await reader.stop()).toBe(0)
    expect(await contentsOf(folder)).toEqual(before)
  })

  test('that is read-only is named as that, also when the folder is to be made there', async () => {
    const folder = await temporaryFolder(onEnd)
    const script = await mounting(
      folder,
      `mount --bind "${folder}" "${folder}" && mount -o remount,ro,bind "${folder}"`
    )
    expectRefusal(await startAndEnd(join(folder, 'below'), [script]), 'disk-read-only')
  })

  test('that is full from the start is refused', async () => {
    const folder = await temporaryFolder(onEnd)
    const script = await mounting(
      folder,
      `mount -t tmpfs -o size=64k tmpfs "${folder}"`,
      `head -c 65536 /dev/zero > "${folder}/filler" 2>/dev/null`
    )
    expectRefusal(await startAndEnd(folder, [script]), 'disk-full')
  })

  test('that fills up refuses writes, keeps what it acknowledged, and goes on when there is room', async () => {
    const folder = await temporaryFolder(onEnd)
    const script = await mounting(folder, `mount -t tmpfs -o size=3m tmpfs "${folder}"`)
    const node = await start('NODE', folder, [], script)
    const inside = join('/proc', String(node.process.pid), 'root', folder)
    const filler = join(inside, 'filler')
    const reserve = async () => (await stat(join(inside, 'reserve'))).size
    expect(await reserve()).toBe(1024 * 1024)
    const other = await start('OTHER', await temporaryFolder(onEnd))
    await node.trust(other)
    await writeFile(filler, Buffer.alloc(1300 * 1024))
    const mission = await newMission(node)
    const kept: string[] = []
    let refusal: { readonly status: number; readonly body: unknown } | undefined
    for (let count = 0; count < 200 && refusal === undefined; count++) {
      const text = `${count} ${'x'.repeat(10_000)}`
      const reply = await node.call('POST', `missions/${mission}/changes`, {
        entity: `log/${count}`,
        field: 'text',
        value: text
      })
      if (reply.status === 200) kept.push(text)
      else refusal = reply
    }
    expect(refusal).toMatchObject({ status: 507, body: { code: 'disk-full', ref: 'DSK-01' } })
    expect(kept.length).toBeGreaterThan(10)
    await node.until('the problem is shown', ({ health }) => health.problems.some(({ code }) => code === 'disk-full'))
    expect(await node.call('GET', '/healthz')).toEqual({ status: 200, body: { ok: true } })

    // What was too large may leave room for something small.
    let made = 201
    for (let count = 0; count < 50 && made === 201; count++)
      made = (await node.call('POST', 'missions', { name: `small ${count}` })).status
    expect(made).toBe(507)

    // Again and again: each refusal is clear, and none of them costs what is there.
    for (let count = 0; count < 5; count++) {
      const change = { entity: `log/no-${count}`, field: 'text', value: 'y'.repeat(60_000) }
      expect(await node.call('POST', `missions/${mission}/changes`, change)).toMatchObject({
        status: 507,
        body: { code: 'disk-full' }
      })
      expect((await node.call('POST', 'missions', { name: 'y'.repeat(60) })).status).toBe(507)
    }
    expect([...(await entriesOf(node, mission))].sort()).toEqual([...kept].sort())

    // A revocation is kept all the same, also when not even the last block of the journal has room left.
    const decide = (level: string) =>
      node.call('POST', `peers/${other.nodeId}/decision`, { level, reason: 'z'.repeat(200) })
    await writeFile(join(inside, 'rest'), Buffer.alloc(1024 * 1024)).catch(() => undefined)
    let decided = await decide('trusted')
    for (let count = 0; count < 50 && decided.status === 200; count++) decided = await decide('trusted')
    expect(decided).toMatchObject({ status: 507, body: { code: 'disk-full' } })
    expect((await decide('revoked')).status).toBe(200)
    expect(await reserve()).toBe((1024 - 64) * 1024)
    await other.until('the end of the link', () => other.peer(node)?.link.state !== 'linked')

    await rm(join(inside, 'rest'))
    await rm(filler)
    const text = 'there is room again'
    const reply = await node.call('POST', `missions/${mission}/changes`, {
      entity: 'log/room',
      field: 'text',
      value: text
    })
    expect(reply.status, JSON.stringify(reply.body)).toBe(200)
    kept.push(text)
    await node.until('the problem is gone', ({ health }) => health.problems.every(({ code }) => code !== 'disk-full'))
    expect([...(await entriesOf(node, mission))].sort()).toEqual([...kept].sort())

    // The namespace ends with the process: the folder is copied out, as if the disk were put into another laptop.
    const copied = join(await temporaryFolder(onEnd), 'data')
    await mkdir(copied)
    execFileSync('cp', ['-a', `${inside}/.`, copied])
    await node.stop('SIGKILL')
    await rm(join(copied, 'lock'), { force: true })
    const again = await start('NODE', copied)
    expect(again.nodeId).toBe(node.nodeId)
    expect(again.peer(other)?.level).toBe('revoked')
    expect([...(await entriesOf(again, mission))].sort()).toEqual([...kept].sort())
    expect(again.overview.missions.find(({ id }) => id === mission)?.changes).toBeGreaterThanOrEqual(kept.length + 1)
  })
})
