/** Stories of peers that are vouched for by a friend: who lets whom in, and what ends it. */
import { afterEach, describe, expect, it } from 'vitest'
import type { DecisionRequest } from '@shared/contract.js'
import type { IntroducerRight, NodeId } from '@shared/model.js'
import { everything, type Scope } from '@shared/scope.js'
import { sha256 } from '../../src/main/engine/bytes/hash.js'
import { limits } from '../../src/main/engine/limits.js'
import type { Introduction } from '../../src/main/engine/trust/introduction.js'
import { Field, type FieldNode, type NodeOptions } from '../sim/field.js'
import { HostilePeer } from '../sim/hostile.js'

let field: Field
afterEach(() => field.stop())

const readOnly: Scope = { out: ['Karst*'], in: ['Karst*'], access: 'read' }
const letsIn: IntroducerRight = { letsIn: everything }

async function decide(node: FieldNode, nodeId: NodeId, request: Omit<DecisionRequest, 'nodeId'>) {
  const done = await field.during(node.engine.commands.decide({ nodeId, ...request }))
  return done.ok ? 'taken' : done.problem.code
}

const grant = (
  node: FieldNode,
  other: FieldNode,
  mayIntroduce?: IntroducerRight,
  more: Partial<DecisionRequest> = {}
) => decide(node, other.id, { level: 'trusted', ...(mayIntroduce && { mayIntroduce }), ...more })

async function introduce(...nodes: readonly FieldNode[]) {
  for (const node of nodes) await field.during(node.engine.commands.changeSettings({ introducesPeers: true }))
}

async function meet(one: FieldNode, other: FieldNode) {
  await one.add(other)
  const met = () => one.peer(other) !== undefined && other.peer(one) !== undefined
  await field.until(`${one.name} met ${other.name}`, met)
}

const wordsAt = (node: FieldNode, other: FieldNode) => node.peer(other)?.introductions ?? []

/** alpha and charlie met, and both are friends of bravo's, who tells whom it trusts. */
async function three(seed: number, options: NodeOptions = {}): Promise<readonly [FieldNode, FieldNode, FieldNode]> {
  field = new Field(seed)
  const [alpha, bravo] = [await field.node('alpha'), await field.node('bravo')]
  const charlie = await field.node('charlie', options)
  await field.befriend(alpha, bravo)
  if (options.federation === undefined) await field.befriend(bravo, charlie)
  await introduce(bravo)
  return [alpha, bravo, charlie]
}

describe('a friend that may introduce others', () => {
  it('suggests whom its person trusts, and a person decides; that it vouched is kept', async () => {
    const [alpha, bravo, charlie] = await three(401)
    await meet(alpha, charlie)
    await field.time.run(10_000)
    expect(wordsAt(alpha, charlie), 'nobody here let it').toEqual([])
    expect(await grant(alpha, bravo, {})).toBe('taken')
    await field.until('alpha is told', () => wordsAt(alpha, charlie).length > 0)
    expect(wordsAt(alpha, charlie)).toMatchObject([
      { nodeId: bravo.id, callsign: 'bravo', ground: 'unseen', effect: 'suggests' }
    ])
    expect(alpha.peer(charlie)).not.toHaveProperty('decision')
    await alpha.restart()
    expect(wordsAt(alpha, charlie), 'also before bravo is back').toMatchObject([{ effect: 'suggests' }])
    expect(await grant(alpha, charlie)).toBe('taken')
    expect(alpha.peer(charlie)?.decision).toMatchObject({
      ...{ ground: 'unseen', introducedBy: [{ nodeId: bravo.id, callsign: 'bravo' }] }
    })
    expect(wordsAt(alpha, charlie)).toMatchObject([{ effect: 'advice' }])
  })

  it('tells nobody without its person saying so, and takes back what it told when that ends', async () => {
    const [alpha, bravo, charlie] = await three(402)
    await meet(alpha, charlie)
    await field.during(bravo.engine.commands.changeSettings({ introducesPeers: false }))
    await grant(alpha, bravo, {})
    await field.time.run(10_000)
    expect(wordsAt(alpha, charlie)).toEqual([])
    await introduce(bravo)
    await field.until('told', () => wordsAt(alpha, charlie).length > 0)
    await field.during(bravo.engine.commands.changeSettings({ introducesPeers: false }))
    await field.until('taken back', () => wordsAt(alpha, charlie).length === 0)
  })

  it('lets others in with what its own person gave at most, before a restart and after', async () => {
    const [alpha, bravo, charlie] = await three(403)
    const until = field.wallNow + 3_600_000
    expect(await grant(alpha, bravo, { letsIn: everything }, { scope: readOnly })).toBe('bad-scope')
    expect(await grant(alpha, bravo, { letsIn: readOnly }, { scope: { ...readOnly, access: 'write' }, until })).toBe(
      'taken'
    )
    await field.time.run(10_000)
    expect(alpha.peer(charlie), 'who was never met is not on the list').toBeUndefined()
    await meet(alpha, charlie)
    await charlie.decide(alpha, 'trusted')
    await field.until('linked', () => alpha.isLinked(charlie))
    expect(alpha.peer(charlie)?.decision).toMatchObject({
      ...{ level: 'trusted', by: 'alpha', ground: 'introduced', scope: readOnly, until },
      introducedBy: [{ nodeId: bravo.id, callsign: 'bravo' }]
    })
    await bravo.stop()
    await alpha.restart()
    await field.until('linked again', () => alpha.isLinked(charlie))
    // It goes with its introducer.
    alpha.wall.offsetMs += 3_600_000
    await field.until('over', () => alpha.peer(charlie)?.level !== 'trusted', 120_000)
  })

  it('follows what is decided about it: another scope, and no right any more', async () => {
    const [alpha, bravo, charlie] = await three(404)
    await meet(alpha, charlie)
    await grant(alpha, bravo, letsIn)
    await field.until('let in', () => alpha.peer(charlie)?.level === 'trusted')
    await grant(alpha, bravo, { letsIn: readOnly }, { scope: readOnly })
    expect(alpha.peer(charlie)?.decision).toMatchObject({ ground: 'introduced', scope: readOnly })
    await grant(alpha, bravo, {})
    expect(alpha.peer(charlie)).toMatchObject({ level: 'untrusted', warning: 'introduction-lost' })
    expect(wordsAt(alpha, charlie)).toMatchObject([{ effect: 'suggests' }])
    await alpha.restart()
    expect(alpha.peer(charlie)?.level).not.toBe('trusted')
  })

  it('that takes its word back takes it from who was let in', async () => {
    const [alpha, bravo, charlie] = await three(405)
    await meet(alpha, charlie)
    await grant(alpha, bravo, letsIn)
    await field.until('let in', () => alpha.peer(charlie)?.level === 'trusted')
    await bravo.decide(charlie, 'untrusted')
    await field.until('not any more', () => alpha.peer(charlie)?.level !== 'trusted')
    await field.time.run(1_000)
    const told = await field.during(alpha.engine.commands.trustStory({ nodeId: charlie.id }))
    expect(told.ok && told.value.entries.map(({ kind, text }) => [kind, text])).toEqual([
      ['introduction-lost', 'bravo'],
      ['decision', undefined]
    ])
    await alpha.restart()
    expect(alpha.peer(charlie)?.level).not.toBe('trusted')
  })

  it('is heard after a cut in the middle, and what it took back meanwhile is gone', async () => {
    const [alpha, bravo, charlie] = await three(407)
    await meet(alpha, charlie)
    const granted = grant(alpha, bravo, letsIn)
    field.cut(alpha, bravo)
    await granted
    await field.time.run(30_000)
    expect(alpha.peer(charlie)?.level).toBe('untrusted')
    field.mend(alpha, bravo)
    await field.until('let in', () => alpha.peer(charlie)?.level === 'trusted')
    field.cut(alpha, bravo)
    await bravo.decide(charlie, 'untrusted')
    await alpha.restart()
    expect(alpha.peer(charlie)?.level, 'nobody told it yet').toBe('trusted')
    field.mend(alpha, bravo)
    await field.until('taken back', () => alpha.peer(charlie)?.level !== 'trusted')
  })

  it('does not introduce whom others introduced to it', async () => {
    const [alpha, bravo, charlie] = await three(406)
    const delta = await field.node('delta')
    await field.befriend(delta, alpha)
    await introduce(alpha)
    await meet(alpha, charlie)
    await meet(delta, charlie)
    await grant(delta, alpha, letsIn)
    await grant(alpha, bravo, letsIn)
    await field.until('let in', () => alpha.peer(charlie)?.level === 'trusted')
    await field.time.run(30_000)
    expect(wordsAt(delta, charlie)).toEqual([])
    expect(delta.peer(charlie)?.level).toBe('untrusted')
    // What its own person says it passes on.
    await grant(alpha, charlie)
    await field.until('delta heard', () => delta.peer(charlie)?.level === 'trusted')
    expect(await grant(alpha, delta)).toBe('taken')
  })
})

describe('who was refused, removed or revoked', () => {
  it('stays so, whoever vouches for it', async () => {
    const [alpha, bravo, charlie] = await three(411)
    await meet(alpha, charlie)
    await decide(alpha, charlie.id, { level: 'untrusted' })
    await grant(alpha, bravo, letsIn)
    await field.until('told', () => wordsAt(alpha, charlie).length > 0)
    await field.time.run(10_000)
    expect([alpha.peer(charlie)?.level, wordsAt(alpha, charlie)[0]?.effect]).toEqual(['untrusted', 'advice'])
    await decide(alpha, charlie.id, { level: 'revoked' })
    await alpha.restart()
    await field.time.run(60_000)
    expect([alpha.peer(charlie)?.level, wordsAt(alpha, charlie)[0]?.effect]).toEqual(['revoked', 'advice'])
  })

  it('comes not back over a friend when a person took it off the list, before a restart and after', async () => {
    const [alpha, bravo, charlie] = await three(412)
    await meet(alpha, charlie)
    await grant(alpha, bravo, letsIn)
    await field.until('let in', () => alpha.peer(charlie)?.level === 'trusted')
    await field.during(alpha.engine.commands.forgetPeer({ nodeId: charlie.id }))
    await meet(alpha, charlie)
    await alpha.restart()
    await meet(alpha, charlie)
    await field.until('bravo is back', () => alpha.isLinked(bravo))
    await field.time.run(30_000)
    expect(alpha.peer(charlie)?.level).toBe('untrusted')
    expect(wordsAt(alpha, charlie)).toMatchObject([{ effect: 'advice' }])
    // A person's own word ends it.
    await grant(alpha, charlie)
    expect(alpha.peer(charlie)?.level).toBe('trusted')
  })

  it('of another federation is not even named, or only suggested, as the boundary says', async () => {
    const [alpha, bravo, charlie] = await three(413, { federation: 'drava' })
    const boundary = (vouching: boolean) => ({
      mode: 'bridging' as const,
      federations: [{ name: 'drava', ...everything, vouching, deletions: 'request' as const }]
    })
    await field.during(bravo.engine.commands.setBoundary(boundary(true)))
    await field.during(charlie.engine.commands.setBoundary({ mode: 'open', federations: [] }))
    await field.befriend(bravo, charlie)
    await grant(alpha, bravo, letsIn)
    await meet(alpha, charlie)
    await field.time.run(30_000)
    expect(wordsAt(alpha, charlie)).toEqual([])
    await field.during(alpha.engine.commands.setBoundary(boundary(false)))
    await charlie.add(alpha)
    await field.time.run(30_000)
    expect([alpha.peer(charlie)?.level, wordsAt(alpha, charlie)[0]?.effect]).toEqual(['untrusted', 'suggests'])
    await field.during(alpha.engine.commands.setBoundary(boundary(true)))
    await field.until('let in', () => alpha.peer(charlie)?.level === 'trusted')
    await field.during(alpha.engine.commands.setBoundary(boundary(false)))
    expect(alpha.peer(charlie)?.level).toBe('untrusted')
  })
})

describe('an introducer that is revoked', () => {
  it('takes whom it let in along at once; those stay that a person keeps or decided about', async () => {
    const [alpha, bravo, charlie] = await three(421)
    const [delta, echo, foxtrot] = [await field.node('delta'), await field.node('echo'), await field.node('foxtrot')]
    const others = [charlie, delta, echo, foxtrot]
    for (const node of [delta, echo, foxtrot]) await field.befriend(bravo, node)
    await grant(alpha, bravo, {})
    for (const node of others) await meet(alpha, node)
    await field.until('all named', () => others.every((node) => wordsAt(alpha, node).length > 0))
    for (const node of [echo, foxtrot]) await grant(alpha, node)
    await grant(alpha, bravo, letsIn)
    const levels = () => others.map((node) => alpha.peer(node)?.level)
    await field.until('all trusted', () => levels().every((level) => level === 'trusted'))
    const done = decide(alpha, bravo.id, {
      level: 'revoked',
      introduced: { keep: [delta.id], takeBack: [foxtrot.id] }
    })
    expect(alpha.peer(charlie)?.level, 'in the same moment').toBe('untrusted')
    expect(await done).toBe('taken')
    expect(levels()).toEqual(['untrusted', 'trusted', 'trusted', 'untrusted'])
    expect(alpha.peer(delta)?.decision).toMatchObject({ ground: 'unseen', introducedBy: [{ nodeId: bravo.id }] })
    await alpha.restart()
    await field.time.run(30_000)
    expect(levels()).toEqual(['untrusted', 'trusted', 'trusted', 'untrusted'])
  })

  it('by a statement or by being forgotten takes them along as well', async () => {
    const [alpha, bravo, charlie] = await three(422)
    const delta = await field.node('delta')
    await field.befriend(alpha, delta)
    await field.befriend(bravo, delta)
    await meet(alpha, charlie)
    await grant(alpha, delta, undefined, { mayRevoke: true })
    await grant(alpha, bravo, letsIn)
    await field.until('let in', () => alpha.peer(charlie)?.level === 'trusted')
    await field.during(alpha.engine.commands.forgetPeer({ nodeId: bravo.id }))
    expect(alpha.peer(charlie)?.level).toBe('untrusted')
    await meet(alpha, bravo)
    await grant(alpha, bravo, letsIn)
    await field.until('let in again', () => alpha.peer(charlie)?.level === 'trusted')
    await delta.decide(bravo, 'revoked')
    await field.until('bravo is out', () => alpha.peer(bravo)?.level === 'revoked')
    expect(alpha.peer(charlie)?.level).not.toBe('trusted')
  })

  it('while another one vouches, too, leaves them in by that word', async () => {
    const [alpha, bravo, charlie] = await three(423)
    const delta = await field.node('delta')
    await field.befriend(alpha, delta)
    await field.befriend(delta, charlie)
    await introduce(delta)
    await meet(alpha, charlie)
    await grant(alpha, bravo, letsIn)
    await field.until('let in', () => alpha.peer(charlie)?.level === 'trusted')
    await grant(alpha, delta, letsIn)
    await field.until('named twice', () => wordsAt(alpha, charlie).length === 2)
    await decide(alpha, bravo.id, { level: 'revoked' })
    await field.until('in by delta', () => alpha.peer(charlie)?.decision?.introducedBy?.[0]?.nodeId === delta.id)
    expect(alpha.peer(charlie)).toMatchObject({ level: 'trusted', decision: { ground: 'introduced' } })
  })
})

describe('a trusted peer that makes introductions up', () => {
  async function liar(seed: number, mayIntroduce?: IntroducerRight) {
    field = new Field(seed)
    const [alpha, charlie] = [await field.node('alpha'), await field.node('charlie')]
    await meet(alpha, charlie)
    const hostile = await HostilePeer.make(field)
    await field.during(hostile.meet(alpha))
    await field.until('it said hello', () => alpha.overview.peers.some(({ nodeId }) => nodeId === hostile.id))
    await decide(alpha, hostile.id, { level: 'trusted', ...(mayIntroduce && { mayIntroduce }) })
    const link = await field.during(hostile.meet(alpha))
    if (link === undefined) throw new Error('it is there')
    link.send({ t: 'level', trusts: true })
    await field.time.run(1_000)
    const stateOf = () => alpha.overview.peers.find(({ nodeId }) => nodeId === hostile.id)?.link.state
    expect(stateOf()).toBe('linked')
    const say = async (...peers: readonly Introduction[]) => {
      link.send({ t: 'introductions', peers: [...peers] })
      await field.time.run(1_000)
    }
    return { alpha, charlie, hostile, link, stateOf, say }
  }

  const about = (node: NodeId, more: Partial<Introduction> = {}): Introduction => ({
    ...{ node, callsign: 'X', federation: 'field', key: sha256('a key').toString('hex'), ground: 'code', since: 1 },
    ...more
  })

  it('is not heard without the right', async () => {
    const { alpha, charlie, say, stateOf } = await liar(431)
    await say(about(charlie.id))
    expect([wordsAt(alpha, charlie), stateOf()]).toEqual([[], 'linked'])
  })

  it('lets in nobody by another key, another federation, its own name or ours', async () => {
    const { alpha, charlie, hostile, say } = await liar(432, letsIn)
    await say(about(charlie.id), about(alpha.id), about(hostile.id))
    expect(wordsAt(alpha, charlie)).toMatchObject([{ effect: 'differs' }])
    await say(about(charlie.id, { federation: 'drava' }))
    expect([wordsAt(alpha, charlie)[0]?.effect, alpha.peer(charlie)?.level]).toEqual(['differs', 'untrusted'])
    expect(alpha.overview.peers.find(({ nodeId }) => nodeId === hostile.id)).not.toHaveProperty('introductions')
  })

  it('fills no list with laptops that never came, and is cut for 10,000 of them or for talking on and on', async () => {
    const { alpha, say, link, stateOf } = await liar(433, letsIn)
    const made = (count: number) =>
      Array.from({ length: count }, (_, at) => about(sha256(`node ${String(at)}`).toString('hex') as NodeId))
    await say(...made(limits.introductions))
    expect([alpha.overview.peers.length, stateOf()]).toEqual([2, 'linked'])
    for (let count = 0; count < limits.introductionLists; count++) link.send({ t: 'introductions', peers: [] })
    await field.time.run(1_000)
    expect(stateOf()).toBe('down')
    const again = await liar(434, letsIn)
    await again.say(...made(10_000))
    expect([again.alpha.overview.peers.length, again.stateOf()]).toEqual([2, 'down'])
  })
})
