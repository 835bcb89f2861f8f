/** The faults of the simulated wire; what it does as a transport is in test/contracts. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Channel } from '../../src/main/engine/links/transport.js'
import { certificate } from './certificates.js'
import { seededRandom } from './random.js'
import { VirtualTime } from './time.js'
import { Wire } from './wire.js'

const [here, there, port] = ['10.0.0.1', '10.0.0.2', 47110]

let time: VirtualTime
let wire: Wire
let client: Channel
let server: Channel
let received: Buffer[]
let isClientClosed: boolean
let isServerClosed: boolean

beforeEach(async () => {
  time = new VirtualTime()
  wire = new Wire(time, seededRandom(1))
  received = []
  isClientClosed = isServerClosed = false
  await wire.transport(there).listen({
    host: undefined,
    port,
    identity: certificate(2),
    admit: () => () => undefined,
    onRefused: () => undefined,
    onChannel: (channel) => {
      server = channel
      channel.onData = (bytes) => received.push(bytes)
      channel.onClose = () => (isServerClosed = true)
    }
  })
  client = await time.during(dial())
  client.onClose = () => (isClientClosed = true)
  await time.run(1)
})

const dial = () => wire.transport(here).dial({ address: there, port }, certificate(1))
const length = () => received.reduce((sum, bytes) => sum + bytes.length, 0)

describe('a way', () => {
  it('of 2 kB a second takes a second for 2 kB, and lets the other direction alone', async () => {
    wire.way(here, there).bytesPerSecond = 2_000
    client.write(Buffer.alloc(10_000))
    await time.run(2_500)
    expect(length()).toBe(4_200)
    const back: Buffer[] = []
    client.onData = (bytes) => back.push(bytes)
    server.write(Buffer.alloc(10_000))
    await time.run(2)
    expect(back.map((bytes) => bytes.length)).toEqual([10_000])
    await time.run(3_000)
    expect(length()).toBe(10_000)
  })

  it('with losses delivers everything, late and in order', async () => {
    wire.way(here, there).loss = 0.3
    const sent = Buffer.from(Array.from({ length: 40_000 }, (_, index) => index & 255))
    client.write(sent)
    await time.run(100)
    expect(length()).toBeLessThan(40_000)
    await time.run(60_000)
    expect(Buffer.concat(received).equals(sent)).toBe(true)
  })

  it('that loses everything ends in a reset, and nobody gets through', async () => {
    wire.way(here, there).loss = 1
    client.write(Buffer.alloc(1))
    await time.run(60_000)
    expect([isClientClosed, isServerClosed, length()]).toEqual([true, true, 0])
    await expect(time.during(dial())).rejects.toMatchObject({ code: 'no-answer' })
  })

  it('that is cut lets nothing pass until it is mended; the other one goes on without being acknowledged', async () => {
    wire.way(here, there).isCut = true
    let back = 0
    client.onData = (bytes) => (back += bytes.length)
    client.write(Buffer.alloc(100))
    server.write(Buffer.alloc(100))
    await time.run(60_000)
    expect([length(), back, server.unsent]).toEqual([0, 100, 100])
    // As much as fits a window without a word from the other side.
    for (let count = 0; count < 100; count++) server.write(Buffer.alloc(1_024))
    await time.run(1_000)
    expect(back).toBeLessThanOrEqual(66 * 1_024)
    wire.mendWay(here, there)
    await time.run(1_000)
    expect([length(), back, server.unsent]).toEqual([100, 100 + 100 * 1_024, 0])
  })

  it('that resets in the middle delivers the beginning', async () => {
    wire.way(here, there).resetAfter = 150
    client.write(Buffer.alloc(100))
    client.write(Buffer.alloc(100))
    await time.run(10)
    expect([length(), isClientClosed, isServerClosed]).toEqual([150, true, true])
    client = await time.during(dial())
    client.write(Buffer.alloc(1_000))
    await time.run(10)
    expect(length()).toBe(1_150)
  })

  it('in pieces gives the same bytes in other portions', async () => {
    wire.way(here, there).isInPieces = true
    const sent = Buffer.from('a message in pieces')
    client.write(sent)
    await time.run(10)
    expect(received.length).toBeGreaterThan(1)
    expect(Buffer.concat(received).equals(sent)).toBe(true)
  })

  it('that is far takes its time, and keeps the order', async () => {
    Object.assign(wire.way(here, there), { delayMs: 100, jitterMs: 200 })
    for (let count = 0; count < 50; count++) client.write(Buffer.from([count]))
    await time.run(99)
    expect(length()).toBe(0)
    await time.run(400)
    expect([...Buffer.concat(received)]).toEqual(Array.from({ length: 50 }, (_, index) => index))
  })
})

describe('a connection', () => {
  it('that is half open is known as ended on one side only', async () => {
    wire.halfOpen(there, here)
    client.write(Buffer.alloc(10))
    await time.run(60_000)
    expect([isServerClosed, isClientClosed, length()]).toEqual([true, false, 0])
  })

  it('is not made for a host that is dead by the time it would be', async () => {
    let isAlive = true
    let isSettled = false
    const dialled = wire.transport(here, () => isAlive).dial({ address: there, port }, certificate(1))
    dialled.finally(() => (isSettled = true)).catch(() => undefined)
    isAlive = false
    await time.run(60_000)
    expect(isSettled).toBe(false)
  })
})
