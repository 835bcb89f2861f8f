/** Stories of laptops that are shut out without a server: what one of us says reaches the others over friends. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Message } from '../../src/main/engine/links/messages.js'
import { sha256 } from '../../src/main/engine/bytes/hash.js'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { bounds, limits } from '../../src/main/engine/limits.js'
import { signStatement, type SignedStatement } from '../../src/main/engine/trust/statement.js'
import { makeIdentity } from '../hostile/hostile-peer.js'
import { Field, type FieldNode } from '../sim/field.js'
import { HostilePeer } from '../sim/hostile.js'

let field: Field
afterEach(() => field.stop())

async function decide(node: FieldNode, other: FieldNode, level: 'trusted' | 'revoked', mayRevoke?: true) {
  const choice = mayRevoke === undefined ? {} : { mayRevoke }
  const done = await field.during(node.engine.commands.decide({ nodeId: other.id, level, ...choice }))
  if (!done.ok) throw new Error(done.problem.code)
}

/** All linked with each other; the first one lets these revoke for it. */
async function crew(seed: number, names: readonly string[], mayRevoke: readonly string[] = []): Promise<FieldNode[]> {
  field = new Field(seed)
  const nodes: FieldNode[] = []
  for (const name of names) {
    const node = await field.node(name)
    for (const other of nodes) await field.befriend(other, node)
    nodes.push(node)
  }
  const [first] = nodes
  for (const node of nodes)
    if (first !== undefined && mayRevoke.includes(node.name)) await decide(first, node, 'trusted', true)
  return nodes
}

const levelAt = (node: FieldNode, other: FieldNode) => node.peer(other)?.level
const saidAt = (node: FieldNode, other: FieldNode) => node.peer(other)?.statements ?? []

async function auditOf(node: FieldNode, kind: string) {
  const all = []
  for (let offset = 0; offset < node.overview.auditTotal; offset += 200) {
    const listed = await field.during(node.engine.commands.listAudit({ offset, limit: 200 }))
    if (listed.ok) all.push(...listed.value.items)
  }
  return all.filter((one) => one.kind === kind)
}

describe('a revocation', () => {
  it('reaches over a friend who was given the right to revoke nobody, and shuts out before a restart and after', async () => {
    const [alpha, bravo, charlie, delta] = (await crew(301, ['alpha', 'bravo', 'charlie', 'delta'], ['charlie'])) as [
      FieldNode,
      FieldNode,
      FieldNode,
      FieldNode
    ]
    field.cut(alpha, charlie)
    await decide(charlie, delta, 'revoked')
    await field.until('alpha heard of it over bravo', () => levelAt(alpha, delta) === 'revoked')
    expect(alpha.isLinked(delta)).toBe(false)
    expect(alpha.peer(delta)?.decision).toMatchObject({
      ...{ level: 'revoked', ground: 'statement', by: 'charlie' },
      statement: { nodeId: charlie.id }
    })
    expect(levelAt(bravo, delta), 'bravo was told, and nothing more').toBe('trusted')
    expect(saidAt(bravo, delta)).toMatchObject([{ nodeId: charlie.id, callsign: 'charlie', effect: 'advice' }])
    expect(bravo.isLinked(delta)).toBe(true)
    for (const node of [alpha, bravo]) await node.restart()
    await field.until('linked again', () => alpha.isLinked(bravo) && bravo.isLinked(delta))
    await field.time.run(60_000)
    expect(levelAt(alpha, delta)).toBe('revoked')
    expect(alpha.isLinked(delta)).toBe(false)
    expect(saidAt(bravo, delta)).toMatchObject([{ effect: 'advice' }])
    expect(await auditOf(alpha, 'statement')).toHaveLength(1)
  })

  it('counts once a person gives its author the right, also when it came before', async () => {
    const [alpha, bravo, charlie] = (await crew(302, ['alpha', 'bravo', 'charlie'])) as [
      FieldNode,
      FieldNode,
      FieldNode
    ]
    await decide(bravo, charlie, 'revoked')
    await field.until('alpha heard of it', () => saidAt(alpha, charlie).length > 0)
    expect(levelAt(alpha, charlie)).toBe('trusted')
    await decide(alpha, bravo, 'trusted', true)
    expect(levelAt(alpha, charlie)).toBe('revoked')
    // Taking the right away brings nobody back.
    await decide(alpha, bravo, 'trusted')
    expect(levelAt(alpha, charlie)).toBe('revoked')
  })

  it('that a person here overrides does nothing when it is said again, nor do a restart and a second messenger', async () => {
    const [alpha, bravo, charlie, delta] = (await crew(303, ['alpha', 'bravo', 'charlie', 'delta'], ['bravo'])) as [
      FieldNode,
      FieldNode,
      FieldNode,
      FieldNode
    ]
    await decide(bravo, charlie, 'revoked')
    await field.until('alpha follows', () => levelAt(alpha, charlie) === 'revoked')
    await decide(alpha, charlie, 'trusted')
    expect(saidAt(alpha, charlie)).toMatchObject([{ effect: 'overridden' }])
    await alpha.restart()
    await field.until('all linked', () => [bravo, charlie, delta].every((other) => alpha.isLinked(other)))
    await decide(alpha, bravo, 'trusted', true)
    await field.time.run(60_000)
    expect(levelAt(alpha, charlie)).toBe('trusted')
    expect(alpha.isLinked(charlie)).toBe(true)
    // Said anew it is another statement, which nobody overrode.
    await decide(bravo, charlie, 'trusted')
    await decide(bravo, charlie, 'revoked')
    await field.until('alpha follows again', () => levelAt(alpha, charlie) === 'revoked')
  })

  it('stays through going back to a snapshot, and comes again to a laptop whose whole folder went back', async () => {
    const [alpha, bravo, charlie] = (await crew(304, ['alpha', 'bravo', 'charlie'], ['bravo'])) as [
      FieldNode,
      FieldNode,
      FieldNode
    ]
    const taken = await field.during(alpha.engine.commands.takeSnapshot(null))
    const name = taken.ok ? taken.value.name : taken.problem.code
    const copy = alpha.disk.copy()
    await decide(bravo, charlie, 'revoked')
    await field.until('alpha follows', () => levelAt(alpha, charlie) === 'revoked')
    await field.during(alpha.engine.commands.restoreSnapshot({ name }))
    await alpha.restart()
    expect(levelAt(alpha, charlie)).toBe('revoked')
    await alpha.stop()
    alpha.disk.restore(copy)
    await alpha.start()
    await field.until('bravo tells it first thing', () => levelAt(alpha, charlie) === 'revoked')
    await field.time.run(60_000)
    expect(alpha.isLinked(charlie)).toBe(false)
  })

  it('of one whom it knows as revoker but never met is known before that one comes', async () => {
    const [alpha, bravo] = (await crew(305, ['alpha', 'bravo'], ['bravo'])) as [FieldNode, FieldNode]
    const charlie = await field.node('charlie')
    await field.befriend(bravo, charlie)
    await decide(bravo, charlie, 'revoked')
    await field.until('alpha heard of it', () => alpha.engine.overview().auditTotal > 0 && alpha.isLinked(bravo))
    await field.time.run(5_000)
    expect(await auditOf(alpha, 'statement')).toHaveLength(1)
    await charlie.add(alpha)
    await alpha.add(charlie)
    await field.time.run(60_000)
    expect(alpha.isLinked(charlie)).toBe(false)
    expect((await alpha.engine.commands.decide({ nodeId: charlie.id, level: 'trusted' })).ok).toBe(false)
  })
})

describe('two who revoke each other', () => {
  it('are both shut out at whoever lets both revoke, whichever was heard first, until a person decides', async () => {
    const nodes = await crew(306, ['alpha', 'bravo', 'charlie', 'delta', 'echo'], ['bravo', 'charlie'])
    const [alpha, bravo, charlie, delta, echo] = nodes as [FieldNode, FieldNode, FieldNode, FieldNode, FieldNode]
    for (const other of [alpha, bravo, delta, echo]) field.cut(charlie, other)
    await decide(bravo, charlie, 'revoked')
    await decide(charlie, bravo, 'revoked')
    // Where it is known that charlie was revoked, nothing else that it says is followed.
    await decide(charlie, delta, 'revoked')
    await field.until('alpha heard bravo', () => levelAt(alpha, charlie) === 'revoked')
    expect(levelAt(alpha, bravo)).toBe('trusted')
    field.mend(charlie, echo)
    await field.until('alpha heard charlie over echo', () => levelAt(alpha, bravo) === 'revoked')
    await field.until('all of it', () => saidAt(alpha, delta).length > 0)
    await field.time.run(30_000)
    expect([levelAt(alpha, charlie), levelAt(alpha, delta)]).toEqual(['revoked', 'trusted'])
    expect(saidAt(alpha, delta)).toMatchObject([{ nodeId: charlie.id, effect: 'advice' }])
    await decide(alpha, bravo, 'trusted', true)
    await field.until('linked again', () => alpha.isLinked(bravo))
    await field.time.run(30_000)
    expect([levelAt(alpha, bravo), levelAt(alpha, charlie)]).toEqual(['trusted', 'revoked'])
  })
})

describe('a laptop that is taken out of use', () => {
  it('is shut out by everybody who hears of it, and nobody can let it in again', async () => {
    const [alpha, bravo, charlie] = (await crew(307, ['alpha', 'bravo', 'charlie'])) as [
      FieldNode,
      FieldNode,
      FieldNode
    ]
    field.cut(alpha, charlie)
    await field.during(charlie.engine.commands.retire({ reason: 'handed back' }))
    expect(charlie.overview.health.problems.map(({ code }) => code)).toContain('node-retired')
    await field.until('all know', () => [alpha, bravo].every((node) => levelAt(node, charlie) === 'revoked'))
    expect(saidAt(alpha, charlie)).toMatchObject([{ nodeId: charlie.id, effect: 'retired', reason: 'handed back' }])
    field.mend(alpha, charlie)
    for (const node of [alpha, bravo]) {
      const decided = await field.during(node.engine.commands.decide({ nodeId: charlie.id, level: 'trusted' }))
      expect(decided.ok ? 'taken' : decided.problem.code).toBe('peer-retired')
    }
    await alpha.restart()
    await field.time.run(60_000)
    expect(levelAt(alpha, charlie)).toBe('revoked')
    expect(alpha.isLinked(charlie)).toBe(false)
    // Whoever did not hear of it is told by the laptop itself.
    const delta = await field.node('delta')
    await delta.add(charlie)
    await field.until('they met', () => delta.peer(charlie) !== undefined)
    await decide(delta, charlie, 'trusted')
    await decide(charlie, delta, 'trusted')
    await field.until('delta knows', () => levelAt(delta, charlie) === 'revoked')
  })
})

describe('the story of a peer', () => {
  it('tells who decided and said what, what it was given, and what revoking it would stop', async () => {
    const [alpha, bravo, charlie] = (await crew(331, ['alpha', 'bravo', 'charlie'])) as [
      FieldNode,
      FieldNode,
      FieldNode
    ]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, alpha, bravo, charlie)
    const storyOf = async (other: FieldNode) => {
      const told = await field.during(alpha.engine.commands.trustStory({ nodeId: other.id }))
      if (!told.ok) throw new Error(told.problem.code)
      return told.value
    }
    expect(await storyOf(charlie)).toMatchObject({
      entries: [{ kind: 'decision', decision: { level: 'trusted', by: 'alpha' } }],
      statements: [],
      missions: [{ id: mission, name: 'Karst Ridge Fire' }],
      revoking: { endsLink: true, missions: 1, cuts: 1 }
    })
    await decide(bravo, charlie, 'revoked')
    await field.until('alpha heard of it', () => saidAt(alpha, charlie).length > 0)
    await decide(alpha, bravo, 'trusted', true)
    await alpha.restart()
    const story = await storyOf(charlie)
    expect(story.entries.map(({ kind, decision }) => decision?.level ?? kind)).toEqual([
      'revoked',
      'statement',
      'trusted'
    ])
    expect(story.statements).toMatchObject([{ nodeId: bravo.id, callsign: 'bravo', effect: 'counts' }])
    expect(story.missions).toEqual([])
    // What it wrote counts until a person says otherwise.
    expect(story.revoking).toEqual({ endsLink: false, missions: 0, cuts: 1 })
    await decide(alpha, charlie, 'revoked')
    expect((await storyOf(charlie)).revoking.cuts).toBe(0)
  })
})

describe('a trusted peer that makes revocations up', () => {
  async function meet(seed: number, mayRevoke?: true) {
    const [alpha, bravo] = (await crew(seed, ['alpha', 'bravo'])) as [FieldNode, FieldNode]
    const hostile = await HostilePeer.make(field)
    await field.during(hostile.meet(alpha))
    await field.until('it said hello', () => alpha.overview.peers.some(({ nodeId }) => nodeId === hostile.id))
    const right = mayRevoke === undefined ? {} : { mayRevoke }
    await field.during(alpha.engine.commands.decide({ nodeId: hostile.id, level: 'trusted', ...right }))
    const link = await field.during(hostile.meet(alpha))
    if (link === undefined) throw new Error('it is there')
    link.send({ t: 'level', trusts: true })
    await field.time.run(1_000)
    const stateOf = () => alpha.overview.peers.find(({ nodeId }) => nodeId === hostile.id)?.link.state
    expect(stateOf()).toBe('linked')
    return { alpha, bravo, hostile, link, stateOf }
  }

  const nameOf = ({ text }: SignedStatement) => sha256(text).toString('hex')
  const against = (
    bravo: FieldNode,
    { publicKey, signingKey }: Identity,
    more: { at?: number; signer?: Identity } = {}
  ) =>
    signStatement(
      {
        ...{ key: publicKey.toString('base64url'), by: 'X', node: bravo.id, callsign: 'bravo' },
        ...{ keys: [], at: more.at ?? 1 }
      },
      more.signer?.signingKey ?? signingKey
    )

  async function give(link: { send: (message: Message) => void }, ...all: readonly SignedStatement[]) {
    link.send({ t: 'revocations', names: all.map(nameOf) })
    await field.time.run(100)
    for (const { text, signature } of all) link.send({ t: 'revocation', text, signature })
    await field.time.run(1_000)
  }

  it('does nothing with what it was not asked for', async () => {
    const { alpha, bravo, hostile, link, stateOf } = await meet(321, true)
    const { text, signature } = against(bravo, hostile.identity)
    link.send({ t: 'revocation', text, signature })
    await field.time.run(1_000)
    expect([levelAt(alpha, bravo), saidAt(alpha, bravo).length, stateOf()]).toEqual(['trusted', 0, 'linked'])
    await give(link, { text, signature })
    expect(levelAt(alpha, bravo), 'asked for, by whom it may be said').toBe('revoked')
  })

  it('is cut for one that another key signed, that was about somebody else, or that says to be of itself', async () => {
    for (const forge of [
      // By its own key in another's name.
      (bravo: FieldNode, alpha: Identity, own: Identity) => against(bravo, alpha, { signer: own }),
      // A true one with another node in it.
      (bravo: FieldNode, other: Identity, own: Identity) => {
        const { text, signature } = against(bravo, own)
        return { text: text.replace(bravo.id, other.nodeId), signature }
      },
      // That bravo retired.
      (bravo: FieldNode, other: Identity, own: Identity) => {
        const { text, signature } = against(bravo, own)
        return {
          text: text.replace(own.publicKey.toString('base64url'), other.publicKey.toString('base64url')),
          signature
        }
      }
    ]) {
      const { alpha, bravo, hostile, link, stateOf } = await meet(322, true)
      await give(link, forge(bravo, await makeIdentity(), hostile.identity))
      expect([levelAt(alpha, bravo), stateOf()]).toEqual(['trusted', 'down'])
      expect(await auditOf(alpha, 'statement')).toEqual([])
      await field.stop()
    }
  })

  it('fills neither disk nor memory with revokers that nobody knows, nor with its own words', async () => {
    const { alpha, bravo, hostile, link, stateOf } = await meet(323)
    const strange = []
    for (let count = 0; count < bounds.strangeStatementsByOne + 10; count++)
      strange.push(against(bravo, await makeIdentity()))
    await give(link, ...strange)
    expect(await auditOf(alpha, 'statement')).toHaveLength(bounds.strangeStatementsByOne)
    const own = Array.from({ length: bounds.statementsOfOne + 10 }, (_, at) => against(bravo, hostile.identity, { at }))
    await give(link, ...own)
    expect(await auditOf(alpha, 'statement')).toHaveLength(bounds.strangeStatementsByOne + bounds.statementsOfOne)
    expect([levelAt(alpha, bravo), stateOf()]).toEqual(['trusted', 'linked'])
    link.send({
      t: 'revocations',
      names: Array.from({ length: limits.statementsTold }, (_, at) => sha256(`${at}`).toString('hex'))
    })
    link.send({ t: 'revocations', names: [sha256('one more').toString('hex')] })
    await field.time.run(1_000)
    expect(stateOf()).toBe('down')
    expect(alpha.isLinked(bravo)).toBe(true)
  })
})
