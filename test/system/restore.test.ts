/** Real processes that go back: to a snapshot, to a copy made while running; and folders that cannot be written. */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, describe, expect, it } from 'vitest'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'

const undos: (() => Promise<void>)[] = []
const onEnd = (undo: () => Promise<void>) => undos.push(undo)
afterAll(async () => {
  for (const undo of undos.reverse()) await undo()
})

async function start(name: string, folder: string, args: readonly string[] = []): Promise<HeadlessNode> {
  const node = await HeadlessNode.start({ name, folder, args })
  onEnd(async () => {
    await node.stop()
  })
  return node
}

async function write(node: HeadlessNode, mission: string, entity: string, value: string): Promise<void> {
  const { status, body } = await node.call('POST', `missions/${mission}/changes`, { entity, field: 'text', value })
  if (status !== 200) throw new Error(JSON.stringify(body))
}

async function entries(node: HeadlessNode, mission: string): Promise<readonly string[]> {
  const { body } = await node.call('GET', `missions/${mission}`)
  const found = (body.entities as { entity: string }[]).map(({ entity }) => entity)
  return found.filter((entity) => entity.startsWith('log/')).sort()
}

async function pairWithMission() {
  const folder = await temporaryFolder(onEnd)
  const [alpha, bravo] = await Promise.all([start('alpha', folder), start('bravo', await temporaryFolder(onEnd))])
  await alpha.trust(bravo)
  const made = await alpha.call('POST', 'missions', { name: 'Karst Ridge Fire' })
  const mission = made.body.id as string
  await write(alpha, mission, 'log/1', 'before')
  return { folder, alpha, bravo, mission }
}

describe('going back to a snapshot', () => {
  it('from the local API: the node starts anew by itself, and gets back what it lost', async () => {
    const { folder, alpha, bravo, mission } = await pairWithMission()
    const taken = await alpha.call('POST', 'snapshots')
    expect(taken).toMatchObject({ status: 201, body: { kind: 'asked', missions: 1 } })
    await write(alpha, mission, 'log/2', 'since')
    const digest = await alpha.untilInStep(bravo, mission)
    await bravo.stop()

    const stdout = alpha.process.stdout
    if (stdout === null) throw new Error('no standard output')
    const lines = createInterface({ input: stdout })
    const said: unknown[] = []
    const ready = new Promise<void>((done) =>
      lines.on('line', (line) => {
        said.push(JSON.parse(line))
        if (said.length === 2) done()
      })
    )
    const chosen = await alpha.call('POST', `snapshots/${taken.body.name as string}/restore`)
    expect(chosen).toMatchObject({ status: 202, body: { name: taken.body.name } })
    await ready
    const { nodeId, apiPort, linkPort } = alpha
    expect(said).toEqual([{ restarting: true }, { ready: true, nodeId, apiPort, linkPort }])

    const again = await HeadlessNode.attach(alpha)
    expect(await entries(again, mission)).toEqual(['log/1'])
    const listed = await again.call('GET', 'snapshots')
    expect(listed.body.snapshots.map(({ kind }: { kind: string }) => kind)).toEqual(['restore', 'asked'])
    await write(again, mission, 'log/3', 'after')
    // What it wrote since comes back from the other, and both hold all three.
    const other = await start('bravo', bravo.folder)
    await other.untilLinked(again)
    const together = await again.untilInStep(other, mission)
    expect(together).not.toBe(digest)
    expect(await entries(again, mission)).toEqual(['log/1', 'log/2', 'log/3'])
    expect((await stat(join(folder, 'snapshots', 'pieces'))).mode & 0o777).toBe(0o700)
  })

  it('from the command line, also when the keys are lost; and the list of what there is', async () => {
    const { folder, alpha, bravo, mission } = await pairWithMission()
    await bravo.stop()
    await alpha.call('POST', 'snapshots')
    await write(alpha, mission, 'log/2', 'since')
    const host = resolve('out/main/headless.js')
    const list = () =>
      JSON.parse(
        execFileSync(process.execPath, [host, '--data', folder, '--snapshots'], { encoding: 'utf8' })
      ) as unknown
    const listed = { snapshots: [{ name: '000001-asked', kind: 'asked', missions: 1 }] }
    expect(list(), 'while it runs').toMatchObject(listed)
    await alpha.stop()
    expect(list()).toMatchObject(listed)
    execFileSync('truncate', ['-s', '100', join(folder, 'identity.json')])
    const again = await start('alpha', folder, ['--restore', 'latest'])
    expect(again.nodeId).toBe(alpha.nodeId)
    expect(await entries(again, mission)).toEqual(['log/1'])
    await again.stop()
    const child = spawn(process.execPath, [host, '--data', folder, '--name', 'alpha', '--restore', '000099-daily'])
    let error = ''
    child.stderr.on('data', (data: Buffer) => (error += data.toString()))
    expect(await once(child, 'exit')).toEqual([1, null])
    expect(error).toContain('REQ-02 not-found')
  })
})

describe('a copy of the folder', () => {
  it('made while the node ran and wrote starts as it is, and gets the rest from its peers', async () => {
    const { folder, alpha, bravo, mission } = await pairWithMission()
    const copy = join(await temporaryFolder(onEnd), 'copy')
    let isCopied = false
    let count = 0
    const writing = (async () => {
      while (!isCopied) await write(alpha, mission, `log/during-${String(++count)}`, 'x'.repeat(2_000))
    })()
    for (const enough = count + 20; count < enough;) await alpha.call('GET', 'node')
    // As cp -r does, file by file; the lock of the running node and the token come along.
    await cp(folder, copy, { recursive: true })
    isCopied = true
    await writing
    const digest = await alpha.untilInStep(bravo, mission)
    expect(await readFile(join(copy, 'lock'), 'utf8')).toContain(`"pid":${String(alpha.process.pid)}`)
    // Refused while it holds the original, which proves that the lock is good.
    await expect(start('alpha', folder)).rejects.toThrow('folder-in-use')
    const store = await readFile(join(copy, 'store.json'), 'utf8')
    const looked = await start('alpha', copy)
    expect(looked.nodeId).toBe(alpha.nodeId)
    expect(looked.overview.health.problems).toEqual([])
    expect(await readFile(join(copy, 'store.json'), 'utf8')).not.toBe(store)
    await alpha.stop('SIGKILL')
    await looked.untilLinked(bravo)
    expect(await looked.untilInStep(bravo, mission)).toBe(digest)
    expect(await entries(looked, mission)).toHaveLength(count + 1)
  })
})
