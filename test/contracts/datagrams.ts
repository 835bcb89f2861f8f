/** What every DatagramNetwork must do (src/main/engine/datagrams/network.ts); run on UDP and on the simulated wire. */
import { afterEach, describe, expect, it } from 'vitest'
import type { DatagramNetwork, DatagramSocket } from '../../src/main/engine/datagrams/network.js'
import { limits } from '../../src/main/engine/limits.js'

export interface DatagramSetup {
  /** One of each of two hosts, and where they are reached; both may be one host. */
  readonly networks: readonly [DatagramNetwork, DatagramNetwork]
  readonly addresses: readonly [string, string]
  readonly host: string | undefined
  during<T>(work: Promise<T>): Promise<T>
}

interface End {
  readonly socket: DatagramSocket
  readonly received: Buffer[]
  /** Resolves when so many packets came. */
  until(count: number): Promise<readonly Buffer[]>
}

export function datagramSuite(name: string, setup: () => DatagramSetup): void {
  describe(`${name} is a network for datagrams`, () => {
    const open: { readonly socket: DatagramSocket; readonly parts: DatagramSetup }[] = []
    afterEach(async () => {
      for (const { socket, parts } of open.splice(0)) await parts.during(socket.close())
    })

    async function start(parts: DatagramSetup, which: 0 | 1, port = 0): Promise<End | undefined> {
      const received: Buffer[] = []
      let onMore: () => void = () => undefined
      const onPacket = (packet: Buffer) => {
        received.push(packet)
        onMore()
      }
      const socket = await parts.during(parts.networks[which].open({ host: parts.host, port, onPacket }))
      if (socket === undefined) return undefined
      open.push({ socket, parts })
      const until = (count: number) =>
        new Promise<readonly Buffer[]>((done) => {
          onMore = () => {
            if (received.length >= count) done(received)
          }
          onMore()
        })
      return { socket, received, until }
    }

    async function pair(parts: DatagramSetup): Promise<readonly [End, End]> {
      const [one, other] = [await start(parts, 0), await start(parts, 1)]
      if (one === undefined || other === undefined) throw new Error('any port can be had')
      return [one, other]
    }

    it('carries packets both ways, each whole, up to the largest', async () => {
      const parts = setup()
      const [one, other] = await pair(parts)
      expect(one.socket.port).toBeGreaterThan(0)
      const packets = ['a', 'bb', 'c'.repeat(limits.datagramBytes)]
      for (const packet of packets)
        one.socket.send(Buffer.from(packet), { address: parts.addresses[1], port: other.socket.port })
      other.socket.send(Buffer.from('back'), { address: parts.addresses[0], port: one.socket.port })
      const came = await parts.during(other.until(3))
      // In whatever order.
      expect(came.map(String).sort()).toEqual(packets)
      expect((await parts.during(one.until(1))).map(String)).toEqual(['back'])
    })

    it('says that a port is taken, and gives it again when it is free', async () => {
      const parts = setup()
      const [one] = await pair(parts)
      const { port } = one.socket
      expect(await start(parts, 0, port)).toBeUndefined()
      await parts.during(one.socket.close())
      expect((await start(parts, 0, port))?.socket.port).toBe(port)
    })

    it('loses what is sent to nobody, and goes on', async () => {
      const parts = setup()
      const [one, other] = await pair(parts)
      const { port } = other.socket
      await parts.during(other.socket.close())
      const nobody = { address: parts.addresses[1], port }
      for (let count = 0; count < 3; count++) one.socket.send(Buffer.from('hello?'), nobody)
      one.socket.send(Buffer.from('to nowhere'), { address: 'not an address', port })
      const again = await start(parts, 1)
      one.socket.send(Buffer.from('hello'), { address: parts.addresses[1], port: again?.socket.port ?? 0 })
      expect((await parts.during(again?.until(1) ?? Promise.resolve([]))).map(String)).toEqual(['hello'])
    })

    it('is over after close: nothing is sent, nothing is told, and closing again does no harm', async () => {
      const parts = setup()
      const [one, other] = await pair(parts)
      await parts.during(one.socket.close())
      await parts.during(one.socket.close())
      other.socket.send(Buffer.from('too late'), { address: parts.addresses[0], port: one.socket.port })
      one.socket.send(Buffer.from('too late'), { address: parts.addresses[1], port: other.socket.port })
      const third = await start(parts, 0)
      third?.socket.send(Buffer.from('in time'), { address: parts.addresses[1], port: other.socket.port })
      expect((await parts.during(other.until(1))).map(String)).toEqual(['in time'])
      expect(one.received).toEqual([])
    })
  })
}
