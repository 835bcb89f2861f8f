/** Keys under a passphrase, told by hand: set, locked, unlocked, changed and taken away, on nodes that are linked. */
import { afterEach, describe, expect, it } from 'vitest'
import type { FeedMessage } from '@shared/feed.js'
import { waitAfter } from '../../src/main/engine/keeper.js'
import { Field, type FieldNode } from '../sim/field.js'

const first = 'five words that stay'
const second = 'another five of them'
let field: Field
afterEach(() => field.stop())

const codeOf = async (asked: Promise<{ ok: true } | { ok: false; problem: { code: string } }>) => {
  const answered = await field.during(asked)
  return answered.ok ? 'ok' : answered.problem.code
}
const set = (node: FieldNode, passphrase: string | null, old?: string) =>
  codeOf(node.engine.commands.setPassphrase({ passphrase, ...(old === undefined ? {} : { old }) }))
const lock = (node: FieldNode) => codeOf(node.engine.commands.lockNow(null))
const unlock = (node: FieldNode, passphrase: string) => codeOf(node.engine.commands.unlock({ passphrase }))
const isLocked = (node: FieldNode) => node.overview.node.isLocked === true

/** Files of the folder that hold a text. */
const filesWith = (node: FieldNode, text: string) =>
  [...node.disk.copy()].flatMap(([path, bytes]) => (bytes.includes(text) ? [path] : []))

/** What the keys look like in a file where they lie in the open. */
function keysOf(node: FieldNode): string[] {
  const file = JSON.parse(node.disk.copy().get('identity.json')?.toString() ?? '') as {
    data: { signingSeed: string; sealingKey: string; tls: { key: string } }
  }
  const { signingSeed, sealingKey, tls } = file.data
  return [signingSeed, sealingKey, JSON.stringify(tls.key).slice(1, -1)]
}

describe('a node whose keys are under a passphrase', () => {
  it('starts locked, neither speaks nor answers, and is itself again with its missions once it is unlocked', async () => {
    field = new Field(1)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const mission = await alpha.createMission('Fire')
    await alpha.write(mission, 'log/1', 'text', 'before')
    const { id } = alpha
    expect(await set(alpha, first)).toBe('ok')
    expect(alpha.overview.node.keys).toEqual({ state: 'passphrase' })
    expect(alpha.isLinked(bravo)).toBe(true)

    await alpha.restart()
    expect(alpha.overview.node).toMatchObject({ isLocked: true, nodeId: id, callsign: 'alpha' })
    expect(alpha.overview).toMatchObject({ missions: [], peers: [], anchors: [], auditTotal: 0 })
    expect(alpha.engine.missionIds()).toEqual([])
    expect(await codeOf(alpha.engine.commands.viewMission({ missionId: mission }))).toBe('node-locked')
    expect(await codeOf(alpha.engine.commands.createMission({ name: 'Other' }))).toBe('node-locked')
    await field.time.run(60_000)
    expect(bravo.isLinked(alpha)).toBe(false)

    expect(await unlock(alpha, 'another')).toBe('wrong-passphrase')
    expect(isLocked(alpha)).toBe(true)
    expect(await unlock(alpha, first)).toBe('ok')
    expect(alpha.overview.node.isLocked).toBeUndefined()
    expect(alpha.id).toBe(id)
    expect(await alpha.values(mission, 'log/1', 'text')).toEqual(['before'])
    await field.until('linked again', () => alpha.isLinked(bravo) && bravo.isLinked(alpha))
    await alpha.write(mission, 'log/1', 'text', 'after')
    await field.untilInStep(mission, alpha, bravo)
  })

  it('locks at once: its links end, and whoever watches sees nothing of missions any more', async () => {
    field = new Field(2)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    await alpha.createMission('Fire')
    expect(await lock(alpha)).toBe('no-passphrase')
    await set(alpha, first)
    const heard: FeedMessage[] = []
    const stop = alpha.engine.subscribe((message) => heard.push(message))
    const { commands } = alpha.engine
    expect(await lock(alpha)).toBe('ok')
    const last = heard.at(-1)
    expect(last).toMatchObject({ type: 'snapshot', overview: { node: { isLocked: true }, missions: [], peers: [] } })
    await field.until('the link ended', () => !bravo.isLinked(alpha))
    expect(await codeOf(commands.tryNow({}))).toBe('node-locked')
    // The same commands and the same feed go on after it.
    expect(await codeOf(commands.unlock({ passphrase: first }))).toBe('ok')
    expect(heard.at(-1)).toMatchObject({ type: 'snapshot', overview: { missions: [{ name: 'Fire' }] } })
    stop()
  })

  it('makes whoever guesses wait longer and longer, and loses nothing', async () => {
    field = new Field(3)
    const alpha = await field.node('alpha')
    await set(alpha, first)
    await lock(alpha)
    for (const _ of [1, 2]) expect(await unlock(alpha, 'wrong')).toBe('wrong-passphrase')
    expect(await unlock(alpha, 'wrong')).toBe('wrong-passphrase')
    expect(await alpha.engine.commands.unlock({ passphrase: first })).toMatchObject({
      problem: { code: 'unlock-too-soon', detail: '2 s' }
    })
    await field.time.run(2_000)
    expect(await unlock(alpha, first)).toBe('ok')
    expect([1, 2, 3, 4, 5, 20].map(waitAfter)).toEqual([0, 0, 2_000, 4_000, 8_000, 300_000])
  })

  it('wants the old passphrase for another one and for none', async () => {
    field = new Field(4)
    const alpha = await field.node('alpha')
    expect(await set(alpha, 'short')).toBe('passphrase-short')
    expect(alpha.overview.node.keys.state).toBe('file')
    expect(await set(alpha, first)).toBe('ok')
    expect(await set(alpha, second)).toBe('wrong-passphrase')
    expect(await set(alpha, null, 'wrong')).toBe('wrong-passphrase')
    expect(await set(alpha, second, first)).toBe('ok')
    await lock(alpha)
    expect(await unlock(alpha, first)).toBe('wrong-passphrase')
    expect(await unlock(alpha, second)).toBe('ok')
    expect(await set(alpha, null, second)).toBe('ok')
    await alpha.restart()
    expect(alpha.overview.node).toMatchObject({ keys: { state: 'file' } })
    expect(isLocked(alpha)).toBe(false)
  })

  it('keeps no copy of the open keys: not in its folder, not in snapshots, not of its authority', async () => {
    field = new Field(5)
    const alpha = await field.node('alpha')
    await field.during(alpha.engine.commands.makeAuthority({ name: 'Team', days: 30 }))
    await field.during(alpha.engine.commands.takeSnapshot(null))
    const keys = keysOf(alpha)
    const authorityKey = () =>
      (JSON.parse(alpha.disk.copy().get('authority.json')?.toString() ?? '') as { data: { key: string } }).data.key
    keys.push(authorityKey())
    for (const key of keys) expect(filesWith(alpha, key)).not.toEqual([])
    expect(await set(alpha, first)).toBe('ok')
    for (const key of keys) expect(filesWith(alpha, key)).toEqual([])
    expect(filesWith(alpha, first)).toEqual([])
    await alpha.restart()
    await unlock(alpha, first)
    const view = await field.during(alpha.engine.commands.viewAuthority(null))
    expect(view).toMatchObject({ ok: true, value: { certificate: { name: 'Team' } } })
    expect(await set(alpha, null, first)).toBe('ok')
    expect(authorityKey()).toBe(keys.at(-1))
    await field.during(alpha.engine.commands.takeSnapshot(null))
    expect(filesWith(alpha, keys[0] ?? '')).toHaveLength(2)
  })

  it('goes on removing older copies at the next start, where a crash came between', async () => {
    field = new Field(6)
    const alpha = await field.node('alpha')
    await field.during(alpha.engine.commands.takeSnapshot(null))
    const [seed = ''] = keysOf(alpha)
    const crashed = new Promise<void>((resolve) => {
      alpha.disk.faults.onCall = (_, path) => {
        const isBetween = path.startsWith('snapshots') && filesWith(alpha, 'underPassphrase').includes('identity.json')
        if (!isBetween) return
        alpha.disk.faults.onCall = () => undefined
        alpha.crash()
        resolve()
      }
    })
    const setting = alpha.engine.commands.setPassphrase({ passphrase: first })
    setting.catch(() => undefined)
    await field.during(crashed)
    expect(filesWith(alpha, seed)).not.toEqual([])
    await alpha.start()
    expect(await unlock(alpha, first)).toBe('ok')
    await field.until('older copies are gone', () => filesWith(alpha, seed).length === 0)
  })

  it('locks by itself when nobody was at the window for as long as a person chose', async () => {
    field = new Field(7)
    const alpha = await field.node('alpha')
    await set(alpha, first)
    await field.time.run(3_600_000)
    expect(isLocked(alpha)).toBe(false)
    await codeOf(alpha.engine.commands.changeSettings({ lockAfterMin: 5 }))
    await codeOf(alpha.engine.commands.personHere(null))
    await field.time.run(4 * 60_000)
    await codeOf(alpha.engine.commands.personHere(null))
    await field.time.run(4 * 60_000)
    expect(isLocked(alpha)).toBe(false)
    await field.time.run(90_000)
    expect(isLocked(alpha)).toBe(true)
    expect(await unlock(alpha, first)).toBe('ok')
    expect(isLocked(alpha)).toBe(false)
    // Asleep: the clock that only goes forward stood still.
    alpha.wall.offsetMs += 3_600_000
    await field.time.run(20_000)
    expect(isLocked(alpha)).toBe(true)
  })
})
