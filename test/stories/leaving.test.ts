/** Stories of files and "safe to leave?": a file counts as elsewhere only while a trusted peer is known to hold it whole. */
import { createHash } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import type { MissionId } from '@shared/model.js'
import { judgeLeave } from '../../src/renderer/facts/leave.js'
import { Field, type FieldNode, type NodeOptions } from '../sim/field.js'

let field: Field
afterEach(() => field.stop())

const none = { files: 0, bytes: 0 }
const leaveOf = ({ overview }: FieldNode) => judgeLeave(overview.missions, overview.peers)
const untilSafe = (node: FieldNode) => field.until(`${node.name} may go`, () => leaveOf(node).answer === 'yes')
const alone = (node: FieldNode, mission: MissionId) => node.mission(mission)?.filesOnlyHere
const lackedBy = (node: FieldNode, mission: MissionId, other: string) =>
  node.mission(mission)?.holders.find(({ callsign }) => callsign === other)?.lacksFiles

async function share(node: FieldNode, mission: MissionId, length: number): Promise<string> {
  const bytes = field.random.bytes(length)
  const source = (async function* () {
    yield bytes
  })()
  const added = await field.during(node.engine.contents.add(mission, { name: 'photo.jpg', length }, source))
  if (!added.ok) throw new Error(added.problem.code)
  return createHash('sha256').update(bytes).digest('hex')
}

async function pair(seed: number, options: NodeOptions = {}) {
  field = new Field(seed)
  const alpha = await field.node('alpha')
  const bravo = await field.node('bravo', options)
  await field.befriend(alpha, bravo)
  const mission = await alpha.createMission('Karst Ridge Fire')
  await field.untilInStep(mission, alpha, bravo)
  return { alpha, bravo, mission }
}

/** Every change is there, so that only files can be missing. */
async function untilChangesAreThere(node: FieldNode, mission: MissionId): Promise<void> {
  await field.until('changes are there', () => node.mission(mission)?.onlyHere === 0)
}

describe('a file that was added here', () => {
  it('is only here until a peer has all of it, and then also after a restart while that peer is away', async () => {
    const { alpha, bravo, mission } = await pair(91)
    field.wire.way(alpha.address, bravo.address).bytesPerSecond = 50_000
    await untilSafe(alpha)
    await share(alpha, mission, 100_000)
    expect(alone(alpha, mission)).toEqual({ files: 1, bytes: 100_000 })
    await untilChangesAreThere(alpha, mission)
    expect(leaveOf(alpha)).toMatchObject({ answer: 'not-yet', changes: 0, files: { files: 1, bytes: 100_000 } })
    expect(lackedBy(alpha, mission, 'bravo')).toEqual({ files: 1, bytes: 100_000 })
    await untilSafe(alpha)
    expect(alone(alpha, mission)).toEqual(none)
    expect(lackedBy(alpha, mission, 'bravo')).toEqual(none)
    field.cut(alpha, bravo)
    // A while, so that what is kept is kept.
    await field.time.run(30_000)
    alpha.crash()
    await alpha.start()
    expect(leaveOf(alpha).answer).toBe('yes')
    // Who is trusted no more cannot be counted on to give it back.
    await alpha.decide(bravo, 'untrusted')
    expect(alone(alpha, mission)).toEqual({ files: 1, bytes: 100_000 })
  })

  it('is only here again when that peer went back to a snapshot on an older disk, until it has it again', async () => {
    const { alpha, bravo, mission } = await pair(92)
    await field.during(bravo.engine.commands.takeSnapshot(null))
    const file = await share(alpha, mission, 300_000)
    await untilSafe(alpha)
    await bravo.stop()
    await field.until('away', () => !alpha.overview.peers.some(({ link }) => link.state === 'linked'))
    expect(leaveOf(alpha).answer, 'as of its last word').toBe('yes')
    for (const path of bravo.disk.paths().filter((one) => one.includes(file)))
      await field.during(bravo.disk.remove(path))
    field.wire.way(alpha.address, bravo.address).bytesPerSecond = 100_000
    await bravo.start('latest')
    await field.until('not safe', () => leaveOf(alpha).answer === 'not-yet')
    await untilChangesAreThere(alpha, mission)
    expect(leaveOf(alpha)).toMatchObject({ answer: 'not-yet', changes: 0, files: { files: 1, bytes: 300_000 } })
    await untilSafe(alpha)
  })

  it('is only here again when that peer finds it damaged, until it is whole there again', async () => {
    const { alpha, bravo, mission } = await pair(93)
    const file = await share(alpha, mission, 300_000)
    await untilSafe(alpha)
    bravo.disk.alter(`content/files/${file}`, (bytes) => bytes.fill(7, 200_000, 200_001))
    field.wire.way(alpha.address, bravo.address).bytesPerSecond = 50_000
    const opened = await field.during(bravo.engine.contents.open(mission, file))
    expect(opened).toMatchObject({ problem: { code: 'file-damaged' } })
    await field.until('told', () => alone(alpha, mission)?.files === 1)
    await untilSafe(alpha)
  })

  it('that no peer takes by itself keeps this laptop, until somebody asks for it or deletes it', async () => {
    const { alpha, bravo, mission } = await pair(94)
    await field.during(bravo.engine.commands.changeSettings({ filesAutoMb: 0 }))
    const [wanted, unwanted] = [await share(alpha, mission, 400_000), await share(alpha, mission, 500_000)]
    await untilChangesAreThere(alpha, mission)
    await field.time.run(60_000)
    expect(leaveOf(alpha)).toMatchObject({ answer: 'not-yet', files: { files: 2, bytes: 900_000 } })
    await field.during(bravo.engine.commands.wantContent({ missionId: mission, file: wanted, isWanted: true }))
    await field.until('one is there', () => alone(alpha, mission)?.bytes === 500_000)
    await alpha.write(mission, `content/${unwanted}`, 'deleted', true)
    await untilSafe(alpha)
    await alpha.write(mission, `content/${unwanted}`, 'deleted', false)
    await field.until('brought back', () => alone(alpha, mission)?.bytes === 500_000)
  })

  it('is never known to be on a laptop with an earlier release', async () => {
    const { alpha, bravo, mission } = await pair(95, { linkVersions: [1, 2] })
    await share(alpha, mission, 1_000)
    await field.untilInStep(mission, alpha, bravo)
    await field.time.run(60_000)
    expect(leaveOf(alpha)).toMatchObject({ answer: 'not-yet', changes: 0, files: { files: 1 } })
  })

  it('may be with several peers: all is elsewhere, but with no single one', async () => {
    const { alpha, bravo, mission } = await pair(96)
    const charlie = await field.node('charlie')
    await field.during(charlie.engine.commands.changeSettings({ filesAutoMb: 0 }))
    await field.befriend(alpha, charlie)
    await share(alpha, mission, 1_000)
    await untilSafe(alpha)
    await field.during(bravo.engine.commands.changeSettings({ filesAutoMb: 0 }))
    const second = await share(alpha, mission, 2_000)
    await field.untilInStep(mission, alpha, bravo, charlie)
    await field.during(charlie.engine.commands.wantContent({ missionId: mission, file: second, isWanted: true }))
    await field.until('spread', () => leaveOf(alpha).answer === 'spread')
    expect(lackedBy(alpha, mission, 'bravo')).toEqual({ files: 1, bytes: 2_000 })
    expect(lackedBy(alpha, mission, 'charlie')).toEqual({ files: 1, bytes: 1_000 })
  })
})
