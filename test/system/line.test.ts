/**
 * Five real nodes on a line, each seeing its neighbours only. Split twice, killed twice, one restored from a
 * snapshot that was taken while it ran: at the end all hold the same, and everything that was acknowledged.
 */
import { afterAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/headless.js'
import { areNamespacesAllowed, Switch } from '../support/namespaces.js'
import { Station, untilSo } from '../support/station.js'

if (!areNamespacesAllowed) console.log('left out, five nodes on a line: network namespaces are not allowed here')

const undos: (() => void | Promise<void>)[] = []
afterAll(async () => {
  for (const undo of undos.reverse()) await undo()
})

const options = ['--discovery', 'off', '--link-port', '47110']

class Line {
  readonly nodes: Station[] = []
  readonly #switches: Switch[] = []
  readonly acknowledged = new Set<string>()
  mission = ''
  #count = 0

  static async make(...names: readonly string[]): Promise<Line> {
    const line = new Line()
    for (const name of names) {
      const node = new Station(name, await temporaryFolder((undo) => undos.push(undo)))
      const before = line.nodes.at(-1)
      line.nodes.push(node)
      undos.push(() => node.remove())
      if (before === undefined) continue
      const between = new Switch(`10.77.${String(line.nodes.length)}`)
      line.#switches.push(between)
      undos.push(() => between.remove())
      before.plug(between, 1)
      node.plug(between, 2)
    }
    for (const node of line.nodes) await node.start(...options)
    for (const [index, node] of line.nodes.entries()) {
      const next = line.nodes[index + 1]
      if (next === undefined) continue
      await node.call('POST', 'peers', { address: `10.77.${String(index + 2)}.2`, port: 47110 })
      await untilSo(
        'they met',
        async () => (await node.peer(next)) !== undefined && (await next.peer(node)) !== undefined
      )
      for (const [one, other] of [
        [node, next],
        [next, node]
      ] as const)
        expect((await one.call('POST', `peers/${other.nodeId}/decision`, { level: 'trusted' })).status).toBe(200)
    }
    return line
  }

  /** The cable between a node and the next one; `down`: the line falls into two. */
  between(index: number, state: 'up' | 'down'): void {
    const between = this.#switches[index]
    if (between === undefined) throw new Error('no such cable')
    this.nodes[index]?.cable(between, state)
  }

  async write(...nodes: readonly Station[]): Promise<void> {
    for (const node of nodes) {
      const entity = `log/${node.name}-${String(++this.#count)}`
      const reply = await node.call('POST', `missions/${this.mission}/changes`, {
        entity,
        field: 'text',
        value: entity
      })
      if (reply.status === 200) this.acknowledged.add(entity)
    }
  }

  async untilInStep(): Promise<string> {
    let digests: readonly (string | undefined)[] = []
    const took = await untilSo('in step', async () => {
      digests = await Promise.all(this.nodes.map((node) => node.digest(this.mission)))
      return new Set(digests).size === 1 && digests[0] !== undefined
    })
    console.log(`in step after ${String(Math.round(took))} ms`)
    for (const [index, node] of this.nodes.entries()) console.log(`  ${node.name} ${String(digests[index])}`)
    return digests[0] ?? ''
  }

  /** The two halves hold different sets, whatever came in within them. */
  async expectSplit(at: number): Promise<void> {
    const digests = await Promise.all(this.nodes.map((node) => node.digest(this.mission)))
    const left = new Set(digests.slice(0, at))
    for (const digest of digests.slice(at)) expect(left.has(digest), 'the line is split').toBe(false)
  }

  async missingAt(node: Station): Promise<readonly string[]> {
    const { body } = await node.call('GET', `missions/${this.mission}`)
    const present = new Set((body.entities as { entity: string }[]).map(({ entity }) => entity))
    return [...this.acknowledged].filter((entity) => !present.has(entity))
  }
}

describe.runIf(areNamespacesAllowed)('five nodes on a line', () => {
  it('come to the same digest after splits, kills and a restored snapshot', { timeout: 600_000 }, async () => {
    const line = await Line.make('alpha', 'bravo', 'charlie', 'delta', 'echo')
    const [alpha, bravo, charlie, delta, echo] = line.nodes as [Station, Station, Station, Station, Station]
    line.mission = String((await alpha.call('POST', 'missions', { name: 'Karst Ridge Fire' })).body.id)
    await untilSo('echo may write', async () => {
      await line.write(echo)
      return line.acknowledged.size > 0
    })
    await line.write(...line.nodes)
    await line.untilInStep()
    expect(await alpha.peer(charlie), 'only neighbours see each other').toBeUndefined()

    console.log(
      'split between bravo and charlie; delta is killed while it writes; charlie takes a snapshot while it writes'
    )
    line.between(1, 'down')
    await line.write(...line.nodes)
    const writing = Promise.all([charlie, charlie, delta].map((node) => line.write(node, node, node)))
    const snapshot = await charlie.call('POST', 'snapshots')
    expect(snapshot.status).toBe(201)
    await delta.stop('SIGKILL')
    await line.write(alpha, echo)
    await delta.start(...options)
    await writing
    expect(await line.missingAt(delta).then((all) => all.filter((entity) => entity.includes('delta')))).toEqual([])
    await line.expectSplit(2)
    line.between(1, 'up')
    await line.untilInStep()

    console.log('split between charlie and delta; bravo is killed; charlie is restored from its snapshot')
    line.between(2, 'down')
    await line.write(...line.nodes)
    await bravo.stop('SIGKILL')
    await line.write(alpha, charlie, echo)
    await bravo.start(...options)
    // What charlie alone holds would be gone with what it goes back from: only what another one has comes back.
    await untilSo(
      'bravo has what charlie wrote',
      async () => (await bravo.digest(line.mission)) === (await charlie.digest(line.mission))
    )
    await charlie.stop('SIGKILL')
    await charlie.start(...options, '--restore', String(snapshot.body.name))
    await line.write(...line.nodes)
    await line.expectSplit(3)
    line.between(2, 'up')
    await line.untilInStep()
    for (const node of line.nodes) expect(await line.missingAt(node), node.name).toEqual([])
    for (const node of line.nodes) await node.stop()
  })
})
