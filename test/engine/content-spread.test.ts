/** Where files are beside here, and what is kept of what peers say about it. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { MissionId, NodeId } from '@shared/model.js'
import { HeldFiles } from '../../src/main/engine/content/held.js'
import { spreadOf } from '../../src/main/engine/content/spread.js'
import { ContentStore } from '../../src/main/engine/content/store.js'
import { bounds } from '../../src/main/engine/limits.js'
import { namedRandom } from '../sim/random.js'
import { SimDisk } from '../sim/disk.js'
import { VirtualTime } from '../sim/time.js'

const node = (digit: number) => String(digit).repeat(64) as NodeId
const [bravo, charlie, stranger] = [node(1), node(2), node(3)]
const mission = 'a'.repeat(64) as MissionId

describe('where files are', () => {
  const files = [
    { sha256: 'photo', size: 3 },
    { sha256: 'plan', size: 40 },
    { sha256: 'track', size: 500 }
  ]
  const isTrusted = (id: NodeId) => id !== stranger

  it('is only here while nobody said anything', () => {
    const { here, alone, lackedBy } = spreadOf(files, [], isTrusted)
    expect(here).toEqual({ files: 3, bytes: 543 })
    expect(alone).toEqual(here)
    expect(lackedBy.size).toBe(0)
  })

  it('is elsewhere what any trusted peer holds; each lacks the rest', () => {
    const held = [
      [bravo, new Map([['photo', 3]])],
      [charlie, new Map([['plan', 40]])],
      [stranger, new Map([['track', 500]])]
    ] as const
    const { alone, lackedBy } = spreadOf(files, held, isTrusted)
    expect(alone).toEqual({ files: 1, bytes: 500 })
    expect(lackedBy.get(bravo)).toEqual({ files: 2, bytes: 540 })
    expect(lackedBy.get(stranger)).toEqual({ files: 2, bytes: 43 })
  })

  it('does not count what is said in another size', () => {
    expect(spreadOf(files, [[bravo, new Map([['plan', 41]])]], isTrusted).alone.files).toBe(3)
  })
})

describe('what peers say that they hold', () => {
  const time = new VirtualTime()
  let disk: SimDisk
  let saved: string[]
  beforeEach(() => {
    disk = new SimDisk(namedRandom(1, 'disk'), time)
    saved = []
  })
  async function open() {
    const alive = disk.alive()
    const parts = { disk: alive, quota: () => undefined, onDamage: () => undefined }
    const store = await time.during(ContentStore.open(parts))
    const onSaved = (found?: { readonly code: string }) => saved.push(found?.code ?? 'good')
    const clock = time.clock({ offsetMs: 0 })
    return { store, held: await time.during(HeldFiles.open({ disk: alive, clock, store, onSaved })) }
  }
  async function add(store: ContentStore, text: string) {
    const added = await time.during(store.add(mission, pieces(text), undefined))
    if (!added.ok) throw new Error(added.problem.code)
    return added.value
  }
  async function* pieces(text: string) {
    yield Buffer.from(text)
  }
  const restart = async () => {
    await time.run(bounds.heldEveryMs + 1_000)
    disk.crash()
    return open()
  }
  const elsewhere = '9'.repeat(64)

  it('is known after a restart of files that are here, in the size that is here', async () => {
    const { store, held } = await open()
    const [one, two] = [await add(store, 'one'), await add(store, 'two')]
    held.add(bravo, mission, [
      [one.sha256, one.size],
      [two.sha256, two.size + 1],
      [elsewhere, 7]
    ])
    const after = (await restart()).held
    expect([...after.of(mission)]).toEqual([[bravo, new Map([[one.sha256, one.size]])]])
    expect(saved).toEqual(['good'])
  })

  it('is kept, too, of a file that came here after it was said', async () => {
    const { store, held } = await open()
    const later = await add(store, 'later')
    const other = 'b'.repeat(64) as MissionId
    held.add(bravo, other, [[later.sha256, later.size]])
    expect([...(await restart()).held.of(other)].flatMap(([, files]) => [...files])).toEqual([])
    const again = await open()
    again.held.add(bravo, other, [[later.sha256, later.size]])
    await time.run(bounds.heldEveryMs + 1_000)
    await time.during(again.store.enter(other, later.sha256))
    again.held.entered()
    expect((await restart()).held.sizeAt(bravo, other, later.sha256)).toBe(later.size)
  })

  it('is gone with a word to the contrary, and with everything that this peer said', async () => {
    const { store, held } = await open()
    const [one, two] = [await add(store, 'one'), await add(store, 'two')]
    for (const peer of [bravo, charlie])
      held.add(peer, mission, [
        [one.sha256, one.size],
        [two.sha256, two.size]
      ])
    held.remove(bravo, mission, one.sha256)
    held.forget(charlie)
    const after = (await restart()).held
    expect([...after.of(mission)]).toEqual([[bravo, new Map([[two.sha256, two.size]])]])
    expect(after.missionsWith(one.sha256)).toEqual([])
  })

  it('is not known where what was kept is damaged, and that is said', async () => {
    const { store, held } = await open()
    const one = await add(store, 'one')
    held.add(bravo, mission, [[one.sha256, one.size]])
    await time.run(bounds.heldEveryMs + 1_000)
    disk.alter('content/held.json', (bytes) => bytes.write('x', bytes.length - 5))
    const after = (await restart()).held
    expect([...after.of(mission)]).toEqual([])
    expect(saved).toEqual(['good', 'file-damaged'])
  })

  it('is refused beyond what a peer may say', async () => {
    const { held } = await open()
    const many = Array.from({ length: bounds.contentsHeld }, (_, index) => [index.toString(16), 1] as const)
    expect(held.add(bravo, mission, many)).toBe(true)
    expect(held.add(bravo, mission, [['one more', 1]])).toBe(false)
    expect(held.add(charlie, mission, [['one', 1]])).toBe(true)
  })
})
