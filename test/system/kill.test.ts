/** Real processes, killed: every acknowledged change is there afterwards, however the process ended. */
import { afterAll, expect, it } from 'vitest'
import { HeadlessNode, temporaryFolder } from '../support/headless.js'

const undos: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const undo of undos.reverse()) await undo()
})

const rounds = Number(process.env['MUSTER_KILLS'] ?? 20)

it(
  `every acknowledged change survives ${String(rounds)} kills`,
  async () => {
    const folder = await temporaryFolder((undo) => undos.push(undo))
    let node = await HeadlessNode.start({ name: 'alpha', folder })
    const { body } = await node.call('POST', 'missions', { name: 'Karst Ridge Fire' })
    const mission = body.id as string
    const acknowledged = new Map<string, string>()
    const started = node.nodeId
    for (let round = 0; round < rounds; round++) {
      let isKilled = false
      let count = 0
      const write = async (lane: number) => {
        for (let index = 0; !isKilled && index < 1000; index++) {
          const entity = `log/${String(round)}-${String(lane)}-${String(index)}`
          try {
            const { status, body: answer } = await node.call('POST', `missions/${mission}/changes`, {
              entity,
              field: 'text',
              value: entity
            })
            if (status === 200) acknowledged.set(entity, answer.changes[0].name)
            count++
          } catch {
            return // The process is gone: this one was not acknowledged.
          }
        }
      }
      const lanes = [write(0), write(1), write(2)]
      // The kill comes at another place of the work in each round.
      const after = 3 + ((round * 7) % 40)
      while (count < after) await Promise.race([lanes[0], new Promise((next) => setImmediate(next))])
      isKilled = true
      await node.stop('SIGKILL')
      await Promise.all(lanes)
      node = await HeadlessNode.start({ name: 'alpha', folder })
      expect(node.nodeId).toBe(started)
      const view = await node.call('GET', `missions/${mission}`)
      const present = new Set((view.body.entities as { entity: string }[]).map(({ entity }) => entity))
      for (const entity of acknowledged.keys())
        expect(present.has(entity), `${entity} after kill ${String(round)}`).toBe(true)
    }
    expect(acknowledged.size).toBeGreaterThan(rounds * 3)
    expect(await node.stop()).toBe(0)
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
