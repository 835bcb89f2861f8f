/**
 * A power cut after every step of setting, changing and taking away a passphrase, with all combinations of what was not
 * synced: there is never a moment without keys that the old or the new passphrase opens.
 */
import { expect, it, vi } from 'vitest'
import { openDataKey } from '../../src/main/engine/identity/identity-file.js'
import { OwnIdentity } from '../../src/main/engine/identity/identity.js'
import { createFileDisk } from '../../src/main/engine/storage/file-disk.js'
import { seededRandom } from '../sim/random.js'
import { PowerCut, Volume, type Image } from './volume.js'

vi.mock('node:fs/promises', async (original) => (await import('./mock.js')).withVolumes(await original()))

const seed = Number(process.env['MUSTER_SEED'] ?? 1)
const passphrases = ['five words that stay', 'another five of them']
/** The last takes it away. */
const changes = [...passphrases, undefined]
const parts = { random: seededRandom(seed), now: 0, passphraseCost: { N: 16, r: 8, p: 1 } }

async function opened(image: Image, passphrase: string | undefined): Promise<string | undefined> {
  const volume = new Volume(image)
  const disk = createFileDisk(volume.mount)
  const dataKey = passphrase === undefined ? undefined : await openDataKey(disk, passphrase)
  const identity =
    dataKey?.ok === false
      ? dataKey
      : await OwnIdentity.open({ ...parts, disk, ...(dataKey === undefined ? {} : { dataKey: dataKey.value }) })
  volume.unmount()
  return identity.ok ? identity.value.identity.nodeId : undefined
}

it('leaves keys that the old or the new passphrase opens, wherever it is cut', async () => {
  const volume = new Volume()
  const made = await OwnIdentity.open({ ...parts, disk: createFileDisk(volume.mount) })
  if (!made.ok) throw new Error(made.problem.code)
  const { identity } = made.value
  const random = seededRandom(seed)
  const cut = new PowerCut()
  let taken = 0
  let judged = 0
  for (const step of volume.steps.slice(taken)) cut.take(step)
  taken = volume.steps.length
  let before: string | undefined
  for (const after of changes) {
    expect(await identity.usePassphrase(after)).toEqual({ ok: true, value: null })
    for (const [index, step] of volume.steps.slice(taken).entries()) {
      cut.take(step)
      for (const fates of cut.fates(random, 6, 3 ** 6)) {
        const image = cut.image(fates)
        const found = [await opened(image, before), await opened(image, after)]
        const where = `seed ${String(seed)}, ${String(before)} to ${String(after)}, step ${String(index + 1)}`
        expect(found, `${where}, ${JSON.stringify(fates)}`).toContain(identity.nodeId)
        judged++
      }
    }
    taken = volume.steps.length
    // Said to be done: from now on only the new one opens, whatever a power cut takes.
    for (const fates of cut.fates(random, 6, 3 ** 6)) {
      const image = cut.image(fates)
      expect(await opened(image, after)).toBe(identity.nodeId)
      expect(await opened(image, before)).toBeUndefined()
    }
    before = after
  }
  expect(judged).toBeGreaterThan(20)
  volume.unmount()
})
