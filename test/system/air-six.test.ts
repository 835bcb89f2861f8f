/** IPv6 on real networks: laptops that have nothing else, some that have both, and avahi as judge. */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { withoutZone } from '@shared/address.js'
import { AirNode, buildAirNode } from '../support/air-node.js'
import { temporaryFolder } from '../support/headless.js'
import { areNamespacesAllowed, Laptop, Switch } from '../support/namespaces.js'

const undos: (() => Promise<void> | void)[] = []
let program = ''
let removeProgram: (() => Promise<void>) | undefined

beforeAll(async () => {
  if (!areNamespacesAllowed) return
  const built = await buildAirNode()
  program = built.program
  removeProgram = built.remove
})
afterAll(async () => {
  await removeProgram?.()
})
afterEach(async () => {
  for (const undo of undos.splice(0).reverse()) await undo()
})

function makeSwitch(subnet?: string): Switch {
  const made = new Switch(subnet)
  undos.push(() => made.remove())
  return made
}

function makeLaptop(): Laptop {
  const laptop = new Laptop({ hasSix: true })
  undos.push(() => laptop.remove())
  return laptop
}

/** How the laptop with the second cable writes the address of the one with the first. */
const seenBy = (address: string, cable: { readonly name: string }) => `${withoutZone(address)}%${cable.name}`

describe.runIf(areNamespacesAllowed)('with IPv6', () => {
  it('and nothing else, two laptops see each other by an address with a zone, and say goodbye', async () => {
    const lan = makeSwitch()
    const [one, other] = [makeLaptop(), makeLaptop()]
    const [cable, otherCable] = [
      one.plug(lan, 1, undefined, { hasFour: false }),
      other.plug(lan, 2, undefined, { hasFour: false })
    ]
    const [node, otherNode] = [new AirNode(one, program), new AirNode(other, program)]
    const [own, others] = [one.linkLocal(cable), other.linkLocal(otherCable)]
    await Promise.all([node.untilSees(seenBy(others, cable)), otherNode.untilSees(seenBy(own, otherCable))])
    const { interfaces } = await node.view()
    expect(interfaces).toMatchObject([{ name: 'eth1', address: own, kind: 'cable', isOn: true }])
    expect(interfaces[0]?.problem).toBeUndefined()
    await otherNode.stop()
    await node.untilGone(seenBy(others, cable))
  })

  it('on two switches with the same addresses, each is heard on its own', async () => {
    const [left, right] = [makeSwitch('10.77.0'), makeSwitch('10.78.0')]
    const [both, one] = [makeLaptop(), makeLaptop()]
    const [atLeft, atRight] = [
      both.plug(left, 1, 'left', { hasFour: false }),
      both.plug(right, 1, 'right', { hasFour: false })
    ]
    const cable = one.plug(left, 2, undefined, { hasFour: false })
    const [node, other] = [new AirNode(both, program), new AirNode(one, program)]
    await node.untilSees(seenBy(one.linkLocal(cable), atLeft))
    await other.untilSees(seenBy(both.linkLocal(atLeft), cable))
    const { sightings } = await node.view()
    expect(sightings.map(({ address }) => address)).toEqual([seenBy(one.linkLocal(cable), atLeft)])
    expect(sightings.map(({ address }) => address)).not.toContain(seenBy(one.linkLocal(cable), atRight))
  })

  it('beside IPv4, a laptop is found by who has both and by who has one', async () => {
    const lan = makeSwitch()
    const [both, four, six] = [makeLaptop(), new Laptop(), makeLaptop()]
    undos.push(() => four.remove())
    const bothCable = both.plug(lan, 1)
    four.plug(lan, 2)
    const sixCable = six.plug(lan, 3, undefined, { hasFour: false })
    const nodes = [both, four, six].map((laptop) => new AirNode(laptop, program))
    const [bothNode, fourNode, sixNode] = nodes as [AirNode, AirNode, AirNode]
    await Promise.all([
      bothNode.untilSees('10.77.0.2'),
      bothNode.untilSees(seenBy(six.linkLocal(sixCable), bothCable)),
      fourNode.untilSees('10.77.0.1'),
      sixNode.untilSees(seenBy(both.linkLocal(bothCable), sixCable))
    ])
    expect((await fourNode.view()).sightings.map(({ address }) => address)).toEqual(['10.77.0.1'])
  })

  it('and nothing else, two nodes as people start them say hello', async () => {
    const lan = makeSwitch()
    const met = [1, 2].map(async (host) => {
      const folder = await temporaryFolder((undo) => undos.push(undo))
      const laptop = makeLaptop()
      laptop.plug(lan, host, undefined, { hasFour: false })
      const options = ['--data', folder, '--name', `node-${String(host)}`, '--discovery', 'mdns']
      const child = laptop.spawn(process.execPath, [resolve('out/main/headless.js'), ...options])
      const gone = once(child, 'exit')
      undos.push(async () => {
        child.kill('SIGKILL')
        await gone
      })
      return new Promise<string>((done) => {
        createInterface({ input: child.stderr }).on('line', (line) => {
          const { event, detail } = JSON.parse(line) as { event: string; detail?: string }
          if (event === 'met') done(detail ?? '')
        })
      })
    })
    expect(await Promise.all(met)).toEqual([
      expect.stringMatching(/^fe80::[0-9a-f:]+%eth1$/),
      expect.stringMatching(/^fe80::[0-9a-f:]+%eth2$/)
    ])
  })
})
