/** Taking somebody's part in a mission away, and giving it back: the same on every laptop, in whatever order they hear. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Fork, MissionId, NodeId } from '@shared/model.js'
import { encodeLine, type JsonObject } from '../../src/main/engine/bytes/line.js'
import { admitLine } from '../../src/main/engine/missions/change.js'
import { Field, type FieldNode } from '../sim/field.js'
import { HostilePeer } from '../sim/hostile.js'
import { HostileLog, setLine } from '../hostile/hostile-peer.js'

let field: Field
afterEach(() => field.stop())

async function triangle(seed: number): Promise<{ nodes: [FieldNode, FieldNode, FieldNode]; mission: MissionId }> {
  field = new Field(seed)
  const nodes = [await field.node('alpha'), await field.node('bravo'), await field.node('charlie')] as const
  const [alpha, bravo, charlie] = nodes
  for (const [one, other] of [
    [alpha, bravo],
    [alpha, charlie],
    [bravo, charlie]
  ] as const)
    await field.befriend(one, other)
  const mission = await alpha.createMission('Karst Ridge Fire')
  await field.until('all may write', () => nodes.every((node) => node.mission(mission)?.role !== undefined))
  return { nodes: [alpha, bravo, charlie], mission }
}

/** Alpha, cut off, revokes bravo, who writes meanwhile; charlie has what bravo wrote and meets alpha afterwards. */
async function revokedWhileWriting(
  [alpha, bravo, charlie]: readonly [FieldNode, FieldNode, FieldNode],
  mission: MissionId,
  entities: readonly string[]
): Promise<void> {
  field.cut(alpha, bravo)
  field.cut(alpha, charlie)
  for (const entity of entities) await bravo.write(mission, entity, 'text', 'written where alpha does not see it')
  await field.until('charlie has it', () => charlie.mission(mission)?.entries === 2)
  await alpha.decide(bravo, 'revoked')
  field.mend(alpha, charlie)
}

describe('somebody who is revoked', () => {
  it('keeps what was taken from them, and nothing that they wrote elsewhere counts any more', async () => {
    const { nodes, mission } = await triangle(61)
    const [alpha, bravo, charlie] = nodes
    await bravo.write(mission, 'log/1', 'text', 'seen by all')
    await field.untilInStep(mission, ...nodes)
    await revokedWhileWriting(nodes, mission, ['log/2', 'log/1'])
    await field.untilInStep(mission, alpha, charlie)
    for (const node of [alpha, charlie]) {
      expect(node.mission(mission)?.entries, node.name).toBe(1)
      expect(await node.values(mission, 'log/1', 'text'), node.name).toEqual(['seen by all'])
    }
    // What comes after is not taken, and everything else goes on.
    await bravo.write(mission, 'log/3', 'text', 'after the removal')
    await charlie.write(mission, 'log/4', 'text', 'goes on')
    await field.untilInStep(mission, alpha, charlie)
    expect(alpha.mission(mission)?.entries).toBe(2)
    expect(charlie.mission(mission)?.entries).toBe(2)
    await field.until('bravo knows', () => bravo.mission(mission)?.digest === alpha.mission(mission)?.digest)
    expect(await bravo.tryWrite(mission, 'log/5', 'text', 'x')).toMatchObject({
      ok: false,
      problem: { code: 'removed' }
    })
  })

  it('stays so over restarts, from checkpoints and from the whole journal', async () => {
    const { nodes, mission } = await triangle(62)
    const [alpha, bravo, charlie] = nodes
    await bravo.write(mission, 'log/1', 'text', 'counts')
    await field.untilInStep(mission, ...nodes)
    await revokedWhileWriting(nodes, mission, ['log/2'])
    const digest = await field.untilInStep(mission, alpha, charlie)
    await charlie.restart()
    expect(charlie.digest(mission)).toBe(digest)
    expect(charlie.mission(mission)?.entries).toBe(1)
    expect(await charlie.values(mission, 'log/2', 'text')).toEqual([])
    await charlie.stop()
    for (const path of charlie.disk.paths()) if (/checkpoint|view/.test(path)) charlie.disk.lose(path)
    await charlie.start()
    expect(charlie.digest(mission)).toBe(digest)
    expect(charlie.mission(mission)?.entries).toBe(1)
  })

  it('may be kept as a member, if the person says so', async () => {
    const { nodes, mission } = await triangle(63)
    const [alpha, bravo, charlie] = nodes
    await field.untilInStep(mission, ...nodes)
    await field.during(alpha.engine.commands.decide({ nodeId: bravo.id, level: 'revoked', keepsChanges: true }))
    await bravo.write(mission, 'log/1', 'text', 'comes over charlie')
    await field.untilInStep(mission, alpha, charlie)
    await field.until('alpha has it', () => alpha.mission(mission)?.entries === 1)
  })

  it('is a member again when trusted again, with all that was written meanwhile', async () => {
    const { nodes, mission } = await triangle(64)
    const [alpha, bravo, charlie] = nodes
    await bravo.write(mission, 'log/1', 'text', 'before')
    await field.untilInStep(mission, ...nodes)
    await revokedWhileWriting(nodes, mission, ['log/2'])
    await field.untilInStep(mission, alpha, charlie)
    field.mend(alpha, bravo)
    await alpha.decide(bravo, 'trusted')
    await bravo.decide(alpha, 'trusted')
    await field.untilInStep(mission, alpha, bravo, charlie)
    for (const node of nodes) expect(node.mission(mission)?.entries, node.name).toBe(2)
    await bravo.write(mission, 'log/3', 'text', 'goes on')
    await field.untilInStep(mission, alpha, bravo, charlie)
    expect(alpha.mission(mission)?.entries).toBe(3)
  })
})

describe('an author who goes on in two ways', () => {
  /** A member who gives each of two laptops another branch of one log, from a line on. */
  async function forked(
    seed: number,
    common: number,
    one: number,
    other: number,
    last: (branch: string) => readonly JsonObject[] = () => []
  ) {
    field = new Field(seed)
    const [alpha, bravo] = (await field.chain('alpha', 'bravo')) as [FieldNode, FieldNode]
    const mission = await alpha.createMission('Karst Ridge Fire')
    await field.untilInStep(mission, alpha, bravo)
    const hostile = await HostilePeer.make(field)
    for (const node of [alpha, bravo]) await meet(hostile, node)
    await field.until('it is a member', () => [alpha, bravo].every((node) => node.mission(mission)?.members === 3))
    await field.untilInStep(mission, alpha, bravo)
    field.cut(alpha, bravo)
    const log = new HostileLog(mission, hostile.identity)
    const start = encodeLine({ ...JSON.parse(log.startLine.toString()), at: 1 })
    const line = (branch: string, number: number) => ({
      ...setLine(`log/${String(number)}`, 'text', branch),
      at: number
    })
    const begin = log.run(start, ...Array.from({ length: common - 1 }, (_, index) => line('both', index)))
    const { seq, hash } = log
    for (const [index, node] of [alpha, bravo].entries()) {
      Object.assign(log, { seq, hash })
      const length = [one, other][index] ?? 0
      const rest = [...Array.from({ length }, (_, at) => line(node.name, seq + at)), ...last(node.name)]
      const link = await hostile.meet(node)
      link?.sendRun(mission, begin)
      for (const one of rest) link?.sendRun(mission, log.run(one))
      await field.until(`${node.name} has its branch`, () => (node.mission(mission)?.changes ?? 0) >= seq + rest.length)
    }
    return { alpha, bravo, mission, hostile }
  }

  async function meet(hostile: HostilePeer, node: FieldNode): Promise<void> {
    await field.during(hostile.meet(node))
    await field.until('it said hello', () => node.overview.peers.some(({ nodeId }) => nodeId === hostile.id))
    await field.during(node.engine.commands.decide({ nodeId: hostile.id as NodeId, level: 'trusted' }))
    const link = await field.during(hostile.meet(node))
    link?.send({ t: 'level', trusts: true })
    await field.time.run(1_000)
  }

  it.each([
    ['of the same length', 3, 3],
    ['one longer', 2, 5],
    ['the other longer', 6, 1]
  ])('counts up to where the branches part, on every laptop: %s', async (_, one, other) => {
    const { alpha, bravo, mission } = await forked(71 + one, 4, one, other)
    expect(alpha.digest(mission)).not.toBe(bravo.digest(mission))
    field.mend(alpha, bravo)
    await field.untilInStep(mission, alpha, bravo)
    await field.time.run(100)
    for (const node of [alpha, bravo]) {
      expect(node.mission(mission)?.entries, node.name).toBe(3)
      const audit = await node.engine.commands.listAudit({ offset: 0, limit: 100 })
      expect(audit.ok && audit.value.items.some(({ kind }) => kind === 'fork')).toBe(true)
    }
    // Kept over a restart, also from the journal alone.
    const digest = alpha.digest(mission)
    await alpha.restart()
    expect(alpha.digest(mission)).toBe(digest)
    await bravo.stop()
    for (const path of bravo.disk.paths()) if (/checkpoint|view/.test(path)) bravo.disk.lose(path)
    await bravo.start()
    expect(bravo.digest(mission)).toBe(digest)
    await alpha.write(mission, 'log/after', 'text', 'goes on')
    await field.untilInStep(mission, alpha, bravo)
  })

  describe('until an owner settles it', () => {
    async function settle(owner: FieldNode, mission: MissionId, at: Fork['branches'][number]) {
      const [fork] = await forksOf(owner, mission)
      if (fork === undefined) throw new Error('no fork is known')
      const { author, epoch } = fork
      return field.during(owner.engine.commands.settleFork({ missionId: mission, author, epoch, ...at }))
    }

    async function forksOf(node: FieldNode, mission: MissionId): Promise<readonly Fork[]> {
      const listed = await field.during(node.engine.commands.listForks({ missionId: mission }))
      if (!listed.ok) throw new Error(listed.problem.code)
      return listed.value.forks
    }

    /** The end of the branch that a node held first. */
    async function endOf(node: FieldNode, mission: MissionId): Promise<Fork['branches'][number]> {
      const [end] = (await forksOf(node, mission))[0]?.branches ?? []
      if (end === undefined) throw new Error('no branch is known')
      return end
    }

    async function expectBranch(
      name: string,
      mission: MissionId,
      nodes: readonly FieldNode[],
      from: number,
      to: number
    ) {
      for (const node of nodes) {
        for (let number = from; number < to; number++)
          expect(await node.values(mission, `log/${String(number)}`, 'text'), node.name).toEqual([name])
        expect(await node.values(mission, `log/${String(to)}`, 'text'), node.name).toEqual([])
      }
    }

    it.each([
      ['as long', 3, 3],
      ['longer', 2, 5],
      ['shorter', 6, 1]
    ])('then all have the chosen branch, also who held the other one, %s', async (_, one, other) => {
      const { alpha, bravo, mission } = await forked(81 + one, 4, one, other)
      field.mend(alpha, bravo)
      await field.untilInStep(mission, alpha, bravo)
      expect(await settle(alpha, mission, await endOf(alpha, mission))).toMatchObject({ ok: true })
      await field.untilInStep(mission, alpha, bravo)
      await field.time.run(1_000)
      expect(alpha.mission(mission)?.entries).toBe(3 + one)
      await expectBranch('alpha', mission, [alpha, bravo], 4, 4 + one)
      await bravo.write(mission, 'log/after', 'text', 'goes on')
      const digest = await field.untilInStep(mission, alpha, bravo)
      for (const node of [alpha, bravo]) {
        await node.restart()
        expect(node.digest(mission), node.name).toBe(digest)
        await expectBranch('alpha', mission, [node], 4, 4 + one)
        await node.stop()
        for (const path of node.disk.paths()) if (/checkpoint|view/.test(path)) node.disk.lose(path)
        await node.start()
        expect(node.digest(mission), node.name).toBe(digest)
        await expectBranch('alpha', mission, [node], 4, 4 + one)
      }
    })

    it('then only what is decided in the chosen branch is decided', async () => {
      const decided = { alpha: 'a1'.repeat(32), bravo: 'b2'.repeat(32) } as Readonly<Record<string, string>>
      const last = (branch: string) => [admitLine(1, decided[branch] as NodeId, 'subscriber')]
      const { alpha, bravo, mission } = await forked(94, 4, 2, 1, last)
      field.mend(alpha, bravo)
      await field.untilInStep(mission, alpha, bravo)
      expect(await settle(alpha, mission, await endOf(alpha, mission))).toMatchObject({ ok: true })
      await field.untilInStep(mission, alpha, bravo)
      for (const restart of [false, true]) {
        if (restart) await bravo.restart()
        for (const node of [alpha, bravo]) {
          const viewed = await field.during(node.engine.commands.viewMission({ missionId: mission }))
          const members: readonly string[] = viewed.ok ? viewed.value.memberList.map(({ nodeId }) => nodeId) : []
          expect(members, node.name).toContain(decided['alpha'])
          expect(members, node.name).not.toContain(decided['bravo'])
        }
      }
    })

    it('then somebody who was never there gets the chosen branch, and no other', async () => {
      const { alpha, bravo, mission } = await forked(91, 4, 3, 4)
      field.mend(alpha, bravo)
      await field.untilInStep(mission, alpha, bravo)
      expect(await settle(alpha, mission, await endOf(alpha, mission))).toMatchObject({ ok: true })
      // Both give: one what counts before the fork, or all that is chosen.
      const charlie = await field.node('charlie')
      for (const node of [bravo, alpha]) await field.befriend(node, charlie)
      await field.untilInStep(mission, alpha, bravo, charlie)
      await expectBranch('alpha', mission, [alpha, bravo, charlie], 4, 7)
    })

    it('of two words that contradict the further one counts, in whatever order they are heard', async () => {
      const { alpha, bravo, mission } = await forked(92, 4, 3, 2)
      field.mend(alpha, bravo)
      await field.untilInStep(mission, alpha, bravo)
      const own = await endOf(alpha, mission)
      const [fork] = await forksOf(alpha, mission)
      const others = fork?.branches.find(({ hash }) => hash !== own.hash) ?? own
      expect(others.seq).toBe(6)
      // The branch that alpha does not hold, as far as the proof shows it.
      expect(await settle(alpha, mission, others)).toMatchObject({ ok: true })
      await field.untilInStep(mission, alpha, bravo)
      await expectBranch('bravo', mission, [alpha, bravo], 4, 6)
      const charlie = await field.node('charlie')
      await field.befriend(bravo, charlie)
      await field.untilInStep(mission, alpha, bravo, charlie)
      field.cut(bravo, charlie)
      expect(await settle(alpha, mission, own)).toMatchObject({ ok: true })
      await field.untilInStep(mission, alpha, bravo)
      await expectBranch('alpha', mission, [alpha, bravo], 4, 7)
      await bravo.restart()
      field.mend(bravo, charlie)
      await field.untilInStep(mission, alpha, bravo, charlie)
      await expectBranch('alpha', mission, [alpha, bravo, charlie], 4, 7)
      // What was said last and reaches less far does nothing.
      await settle(alpha, mission, others)
      await field.untilInStep(mission, alpha, bravo, charlie)
      await expectBranch('alpha', mission, [alpha, bravo, charlie], 4, 7)
    })

    it.each([1, 2, 3, 4, 5, 6])('over power cuts while the chosen branch comes: %i', async (turn) => {
      const { alpha, bravo, mission } = await forked(100 + turn, 4, 12, 8)
      field.mend(alpha, bravo)
      await field.untilInStep(mission, alpha, bravo)
      field.wire.way(alpha.address, bravo.address).bytesPerSecond = 4_000
      expect(await settle(alpha, mission, await endOf(alpha, mission))).toMatchObject({ ok: true })
      for (let cut = 0; cut < 4; cut++) {
        await field.time.run(turn * 37 + cut * 211)
        bravo.crash()
        await bravo.start()
      }
      await field.untilInStep(mission, alpha, bravo)
      await expectBranch('alpha', mission, [alpha, bravo], 4, 16)
    })

    it('only an owner may, and only for a line that is known', async () => {
      const { alpha, bravo, mission } = await forked(93, 4, 3, 2)
      field.mend(alpha, bravo)
      await field.untilInStep(mission, alpha, bravo)
      const end = await endOf(bravo, mission)
      expect(await settle(bravo, mission, end)).toMatchObject({ ok: false, problem: { code: 'not-an-owner' } })
      for (const unknown of [
        { ...end, hash: 'ab'.repeat(32) },
        { ...end, seq: 10_000 },
        { ...end, seq: 2 }
      ])
        expect(await settle(alpha, mission, unknown)).toMatchObject({
          ok: false,
          problem: { code: 'nothing-to-change' }
        })
    })
  })
})
