/** Bundles on the command line: with a running node, on a folder alone, and judged by the program age. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { bech32 } from '@scure/base'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'

const undos: (() => Promise<void>)[] = []
const onEnd = (undo: () => Promise<void>) => undos.push(undo)
afterAll(async () => {
  for (const undo of undos.reverse()) await undo()
})

const hasAge = spawnSync('age', ['--version']).status === 0
if (!hasAge) console.warn('age is not installed: what it says of our bundles is not asked')

interface Ran {
  readonly status: number | null
  readonly answer: { readonly changes?: number } | undefined
  readonly said: string
}

function bundle(...args: readonly string[]): Ran {
  const ran = spawnSync(process.execPath, [resolve('out/main/headless.js'), 'bundle', ...args], { encoding: 'utf8' })
  const answer = ran.stdout === '' ? undefined : (JSON.parse(ran.stdout) as Ran['answer'])
  return { status: ran.status, answer, said: ran.stderr }
}

describe('bundles on the command line', () => {
  it('go out of a running node and into a folder that is at rest, and the receipt comes back', async () => {
    const [folder, other, stick] = [
      await temporaryFolder(onEnd),
      await temporaryFolder(onEnd),
      await temporaryFolder(onEnd)
    ]
    const alpha = await HeadlessNode.start({ name: 'alpha', folder })
    onEnd(async () => {
      await alpha.stop()
    })
    const bravo = await HeadlessNode.start({ name: 'bravo', folder: other })
    await alpha.trust(bravo)
    await bravo.stop()
    const made = await alpha.call('POST', 'missions', { name: 'Karst Ridge Fire' })
    const mission = made.body.id as string
    await alpha.call('POST', `missions/${mission}/changes`, { entity: 'log/1', field: 'text', value: 'by hand' })
    const file = join(stick, 'fire.muster-bundle')
    const exported = bundle('export', '--data', folder, '--mission', 'Karst Ridge Fire', '--to', 'bravo', file)
    expect(exported).toMatchObject({ status: 0, answer: { missions: 1, files: [{ name: 'fire.muster-bundle' }] } })
    expect(bundle('export', '--data', folder, '--mission', 'Karst Ridge Fire', '--to', 'bravo', file)).toMatchObject({
      status: 1,
      said: expect.stringContaining('bundle-exists') as string
    })
    const seen = bundle('preview', '--data', other, file)
    expect(seen).toMatchObject({ status: 0, answer: { sender: { callsign: 'alpha' }, missions: [{ isNew: true }] } })
    const receipt = join(stick, 'fire.muster-receipt')
    const taken = bundle('import', '--data', other, '--receipt', receipt, file)
    expect(taken).toMatchObject({ status: 0, answer: { newMissions: 1, changes: exported.answer?.changes } })
    expect(bundle('receipt', '--data', folder, receipt)).toMatchObject({ status: 0, answer: { missions: 1 } })
    const again = await HeadlessNode.start({ name: 'bravo', folder: other })
    const view = await again.call('GET', `missions/${mission}`)
    await again.stop()
    expect(JSON.stringify(view.body)).toContain('by hand')
    expect(bundle('import', '--data', stick, file), 'a folder without a node').toMatchObject({ status: 1 })
    expect(bundle('carry', '--data', folder, file)).toMatchObject({ status: 2 })

    if (!hasAge) return
    // What we call sealed, age opens with the very key; what it gives is what we say that is inside.
    const identity = JSON.parse(readFileSync(join(other, 'identity.json'), 'utf8')) as { data: { sealingKey: string } }
    const secret = Buffer.from(identity.data.sealingKey, 'base64url').subarray(-32)
    const key = join(stick, 'key.txt')
    writeFileSync(key, `${bech32.encodeFromBytes('AGE-SECRET-KEY-', secret).toUpperCase()}\n`)
    const payload = execFileSync('age', ['--decrypt', '-i', key, file])
    expect(payload.subarray(0, 16).toString()).toBe('muster-bundle 1\n')
    // And what age seals, with its own hand, we open.
    const recipient = execFileSync('age-keygen', ['-y', key], { encoding: 'utf8' }).trim()
    const sealed = join(stick, 'again.muster-bundle')
    execFileSync('age', ['-r', recipient, '-o', sealed], { input: payload })
    expect(bundle('import', '--data', other, sealed)).toMatchObject({
      status: 0,
      answer: { changes: 0, newMissions: 0 }
    })
  })
})
