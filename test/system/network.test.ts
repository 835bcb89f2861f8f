/**
 * Real hosts in network namespaces of their own, on one bridge: found by mDNS, linked over TLS, cut and mended as a cable
 * is. Nothing leaves the namespaces that this file makes.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/headless.js'
import { areNamespacesAllowed, Switch } from '../support/namespaces.js'
import { Station, untilSo as until } from '../support/station.js'

const undos: (() => Promise<void>)[] = []

describe.runIf(areNamespacesAllowed)('three laptops on one switch', () => {
  let lan: Switch
  const laptops: Station[] = []
  let [alpha, bravo, charlie] = laptops as [Station, Station, Station]
  let mission = ''

  beforeAll(async () => {
    lan = new Switch()
    for (const [index, name] of ['alpha', 'bravo', 'charlie'].entries()) {
      const laptop = new Station(name, await temporaryFolder((undo) => undos.push(undo)))
      laptops.push(laptop)
      laptop.plug(lan, index + 1)
      await laptop.start('--discovery', 'mdns')
    }
    ;[alpha, bravo, charlie] = laptops as [Station, Station, Station]
  })
  afterAll(async () => {
    for (const laptop of laptops) await laptop.stop()
    for (const laptop of laptops) laptop.remove()
    lan.remove()
    for (const undo of undos) await undo()
  })

  const digests = () => Promise.all(laptops.map((laptop) => laptop.digest(mission)))
  const inStep = async () => {
    const [first, ...others] = await digests()
    return first !== undefined && others.every((digest) => digest === first)
  }

  it('find each other by mDNS and say hello, with nothing shared', async () => {
    await until('all met all', async () => {
      const met = await Promise.all(
        laptops.flatMap((one) => laptops.map(async (other) => one === other || (await one.peer(other)) !== undefined))
      )
      return met.every(Boolean)
    })
    expect((await alpha.peer(bravo))?.callsign).toBe('bravo')
    for (const laptop of laptops) expect((await laptop.call('GET', 'missions')).body.missions).toEqual([])
  })

  it('share a mission once their people decided', async () => {
    for (const one of laptops)
      for (const other of laptops)
        if (one !== other)
          expect((await one.call('POST', `peers/${other.nodeId}/decision`, { level: 'trusted' })).status).toBe(200)
    const made = await alpha.call('POST', 'missions', { name: 'Karst Ridge Fire' })
    mission = made.body.id as string
    await until('in step', inStep)
  })

  it('go on apart when a cable is pulled, say so, and are in step again when it is back', async () => {
    charlie.cable(lan, 'down')
    await alpha.call('POST', `missions/${mission}/changes`, { entity: 'log/1', field: 'text', value: 'while apart' })
    await charlie.call('POST', `missions/${mission}/changes`, { entity: 'log/2', field: 'text', value: 'also apart' })
    await until('the silence is said', async () => {
      const link = (await alpha.peer(charlie))?.link
      return link?.state !== 'linked' && link?.reason !== undefined
    })
    expect((await alpha.peer(bravo))?.link.state).toBe('linked')
    expect(await inStep()).toBe(false)
    charlie.cable(lan, 'up')
    await until('in step', inStep)
    const { body } = await bravo.call('GET', `missions/${mission}`)
    expect((body.entities as { entity: string }[]).map(({ entity }) => entity)).toEqual(
      expect.arrayContaining(['log/1', 'log/2'])
    )
  })
})
