/** Real processes, killed: every acknowledged change is there afterwards, however the process ended. */
import { afterAll, expect, it } from 'vitest'
import { seededRandom } from '../sim/random.js'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'

const undos: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const undo of undos.reverse()) await undo()
})

const rounds = Number(process.env['MUSTER_KILLS'] ?? 20)
const seed = Number(process.env['MUSTER_SEED'] ?? Date.now() % 100_000)

/** What a mission shows, and its digest. */
async function look(node: HeadlessNode, mission: string) {
  const { body } = await node.call('GET', `missions/${mission}`)
  const present = new Set((body.entities as { entity: string }[]).map(({ entity }) => entity))
  return { present, digest: String(body.digest) }
}

it(
  `every acknowledged change survives ${String(rounds)} kills while a peer is linked, seed ${String(seed)}`,
  async () => {
    const random = seededRandom(seed)
    const upTo = (most: number) => Math.floor(random.unit() * most)
    const start = async (name: string, folder?: string) =>
      HeadlessNode.start({ name, folder: folder ?? (await temporaryFolder((undo) => undos.push(undo))) })
    let node = await start('alpha')
    const peer = await start('bravo')
    const { nodeId, folder } = node
    await node.trust(peer)
    const missions: string[] = []
    for (const name of ['Karst Ridge Fire', 'Flood', 'Search'])
      missions.push(String((await node.call('POST', 'missions', { name })).body.id))
    const acknowledged = new Map(missions.map((mission) => [mission, new Set<string>()]))
    /** Entities of one call. */
    const calls: { readonly mission: string; readonly entities: readonly string[] }[] = []
    let total = 0

    for (let round = 0; round < rounds; round++) {
      let isKilled = false
      let answered = 0
      const write = async (lane: number) => {
        for (let index = 0; !isKilled && index < 1000; index++) {
          const mission = missions[upTo(missions.length)] ?? ''
          const count = random.unit() < 0.3 ? 2 + upTo(20) : 1
          const entities = Array.from(
            { length: count },
            (_, part) => `log/${[round, lane, index, part].map(String).join('-')}`
          )
          calls.push({ mission, entities })
          const changes = entities.map((entity) => ({ entity, field: 'text', value: entity }))
          const reply = await node.call('POST', `missions/${mission}/changes`, changes).catch(() => undefined)
          if (reply === undefined) return // The process is gone: this one was not acknowledged.
          expect(reply.status, JSON.stringify(reply.body)).toBe(200)
          for (const entity of entities) acknowledged.get(mission)?.add(entity)
          answered++
          total += count
        }
      }
      const lanes = [write(0), write(1), write(2)]
      const after = 1 + upTo(40)
      while (answered < after) await new Promise((next) => setImmediate(next))
      await new Promise((next) => setTimeout(next, upTo(8)))
      isKilled = true
      await node.stop('SIGKILL')
      await Promise.all(lanes)

      node = await start('alpha', folder)
      expect(node.nodeId).toBe(nodeId)
      const where = `seed ${String(seed)}, after kill ${String(round)}`
      expect(node.overview.health.problems, where).toEqual([])
      const views = new Map<string, Set<string>>()
      for (const mission of missions) views.set(mission, (await look(node, mission)).present)
      for (const [mission, entities] of acknowledged)
        expect(
          [...entities].filter((entity) => views.get(mission)?.has(entity) !== true),
          where
        ).toEqual([])
      for (const { mission, entities } of calls) {
        const there = entities.filter((entity) => views.get(mission)?.has(entity)).length
        expect([0, entities.length], `${where}: ${entities.join()}`).toContain(there)
      }
    }

    expect(total).toBeGreaterThan(rounds * 3)
    for (const mission of missions) {
      await node.untilInStep(peer, mission)
      const { present } = await look(peer, mission)
      expect([...(acknowledged.get(mission) ?? [])].filter((entity) => !present.has(entity))).toEqual([])
    }
    console.log(`seed ${String(seed)}: ${String(rounds)} kills, ${String(total)} acknowledged changes, all on both`)
    expect(await node.stop()).toBe(0)
    expect(await peer.stop()).toBe(0)
  },
  60_000 + rounds * 5_000
)

it('a change that arrived survives the kill of both', async () => {
  const start = async (name: string) =>
    HeadlessNode.start({ name, folder: await temporaryFolder((undo) => undos.push(undo)) })
  let [alpha, bravo] = [await start('alpha'), await start('bravo')]
  const { body } = await alpha.call('POST', 'missions', { name: 'Karst Ridge Fire' })
  await alpha.trust(bravo)
  // Once bravo is admitted, alpha writes nothing more by itself.
  await bravo.until('bravo may write', ({ missions }) => missions.some(({ role }) => role === 'subscriber'))
  await alpha.call('POST', `missions/${String(body.id)}/changes`, { entity: 'log/1', field: 'text', value: 'on both' })
  const digest = await alpha.untilInStep(bravo, body.id)
  await Promise.all([alpha.stop('SIGKILL'), bravo.stop('SIGKILL')])
  alpha = await HeadlessNode.start({ name: 'alpha', folder: alpha.folder })
  bravo = await HeadlessNode.start({ name: 'bravo', folder: bravo.folder })
  for (const node of [alpha, bravo])
    expect((await node.call('GET', `missions/${String(body.id)}/heads`)).body.digest).toBe(digest)
  await Promise.all([alpha.stop(), bravo.stop()])
})
