/** What every Transport must do (src/main/engine/links/transport.ts); run on TLS over TCP and on the simulated wire. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { issueCertificate, type TlsIdentity } from '../../src/main/engine/identity/certificate.js'
import {
  TransportError,
  type Channel,
  type Listener,
  type ListenOptions,
  type Transport
} from '../../src/main/engine/links/transport.js'

export interface TransportSetup {
  readonly client: Transport
  readonly server: Transport
  /** Where the server's host is reached. */
  readonly address: string
  readonly host: string | undefined
  during<T>(work: Promise<T>): Promise<T>
}

interface End {
  readonly channel: Channel
  readonly received: Buffer[]
  readonly closed: Promise<void>
  until(length: number): Promise<Buffer>
}

export function transportSuite(name: string, setup: () => TransportSetup): void {
  describe(`${name} is a transport`, () => {
    let identities: { readonly client: TlsIdentity; readonly server: TlsIdentity }
    let listener: Listener | undefined
    beforeAll(async () => {
      const issue = () =>
        issueCertificate('0'.repeat(64), Buffer.concat([Buffer.from([1]), randomBytes(8)]), Date.now())
      identities = { client: await issue(), server: await issue() }
    })
    afterEach(async () => {
      await listener?.close()
      listener = undefined
    })

    /** Both ends of a new channel. */
    async function connect(parts: TransportSetup): Promise<{ readonly client: End; readonly server: End }> {
      let accept: (end: End) => void = () => undefined
      const accepted = new Promise<End>((done) => {
        accept = done
      })
      await listen(parts, { onChannel: (channel) => accept(watch(channel)) })
      const dialled = parts.client.dial({ address: parts.address, port: listener?.port ?? 0 }, identities.client)
      // Watched in the same turn: what arrives first must not be lost.
      const client = await parts.during(dialled.then(watch))
      return { client, server: await parts.during(accepted) }
    }

    async function listen(parts: TransportSetup, options: Partial<ListenOptions>): Promise<void> {
      const work = parts.server.listen({
        host: parts.host,
        port: 0,
        identity: identities.server,
        admit: () => () => undefined,
        onRefused: () => undefined,
        onChannel: (channel) => channel.destroy(),
        ...options
      })
      listener = await parts.during(work)
    }

    it('carries bytes both ways, in order', async () => {
      const parts = setup()
      const { client, server } = await connect(parts)
      expect([client.channel.role, server.channel.role]).toEqual(['client', 'server'])
      const large = Buffer.alloc(300_000, 'x')
      client.channel.write(Buffer.from('first '))
      client.channel.write(large)
      server.channel.write(Buffer.from('hello'))
      const received = await parts.during(server.until(300_006))
      expect(received.subarray(0, 7).toString()).toBe('first x')
      expect(received.length).toBe(300_006)
      expect((await parts.during(client.until(5))).toString()).toBe('hello')
    })

    it('binds both ends of one channel alike, and no two channels', async () => {
      const parts = setup()
      const { client, server } = await connect(parts)
      const again = await parts.during(
        parts.client.dial({ address: parts.address, port: listener?.port ?? 0 }, identities.client)
      )
      const { exporter, clientCertificate, serverCertificate } = client.channel.binding
      expect(exporter.length).toBe(32)
      expect(server.channel.binding).toMatchObject({ exporter, clientCertificate, serverCertificate })
      const { toServer, toClient } = client.channel.binding.datagrams
      expect(server.channel.binding.datagrams).toEqual({ toServer, toClient })
      const secrets = [exporter, toServer, toClient, again.binding.datagrams.toServer, again.binding.datagrams.toClient]
      expect(new Set(secrets.map((secret) => secret.toString('hex'))).size).toBe(5)
      expect(secrets.map(({ length }) => length)).toEqual(Array(5).fill(32))
      // Each end overwrites its own.
      server.channel.binding.datagrams.toServer.fill(0)
      expect(toServer.equals(Buffer.alloc(32))).toBe(false)
      expect(again.binding.exporter.equals(exporter)).toBe(false)
      expect(again.binding.serverCertificate.equals(serverCertificate)).toBe(true)
      expect(client.channel.binding.peerCertificate.equals(server.channel.binding.peerCertificate)).toBe(false)
      again.destroy()
    })

    it('shows another certificate to whoever connects after it changed', async () => {
      const parts = setup()
      const { client, server } = await connect(parts)
      const before = client.channel.binding
      expect(before.peerChain.map((one) => one.equals(before.peerCertificate))).toEqual([true])
      listener?.show(identities.client)
      const again = await parts.during(
        parts.client.dial({ address: parts.address, port: listener?.port ?? 0 }, identities.server)
      )
      expect(again.binding.peerCertificate.equals(server.channel.binding.peerCertificate)).toBe(true)
      expect(again.binding.serverCertificate.equals(before.clientCertificate)).toBe(true)
      expect(again.binding.clientCertificate.equals(before.serverCertificate)).toBe(true)
      client.channel.write(Buffer.from('still open'))
      expect((await parts.during(server.until(10))).toString()).toBe('still open')
      again.destroy()
    })

    it('tells the other end that it is cut', async () => {
      const parts = setup()
      const { client, server } = await connect(parts)
      client.channel.destroy()
      await parts.during(server.closed)
      server.channel.write(Buffer.from('into nothing'))
    })

    it('stops reading when paused, and loses nothing', async () => {
      const parts = setup()
      const { client, server } = await connect(parts)
      server.channel.pause()
      client.channel.write(Buffer.alloc(1000, 'x'))
      server.channel.write(Buffer.from('still writes'))
      await parts.during(client.until(12))
      expect(server.received).toEqual([])
      server.channel.resume()
      expect((await parts.during(server.until(1000))).length).toBe(1000)
    })

    it('counts what is not sent, and says when it is', async () => {
      const parts = setup()
      const { client, server } = await connect(parts)
      server.channel.pause()
      const drained = new Promise<void>((done) => {
        client.channel.onDrain = done
      })
      client.channel.write(Buffer.alloc(32 * 1024 * 1024))
      expect(client.channel.unsent).toBeGreaterThan(1024 * 1024)
      server.channel.resume()
      await parts.during(drained)
      expect(client.channel.unsent).toBe(0)
    })

    it('says that nobody listens', async () => {
      const parts = setup()
      await listen(parts, {})
      const port = listener?.port ?? 0
      await parts.during(listener?.close() ?? Promise.resolve())
      const dialled = parts.client.dial({ address: parts.address, port }, identities.client)
      await expect(parts.during(dialled)).rejects.toMatchObject({ code: 'refused' })
      await expect(parts.during(dialled)).rejects.toBeInstanceOf(TransportError)
    })

    it('says that the port is taken', async () => {
      const parts = setup()
      await listen(parts, {})
      const first = listener
      await expect(listen(parts, { port: first?.port ?? 0 })).rejects.toMatchObject({ code: 'port-in-use' })
      listener = first
    })

    it('begins nothing for whom the gate refuses', async () => {
      const parts = setup()
      const asked: string[] = []
      await listen(parts, {
        admit: (address) => {
          asked.push(address)
          return undefined
        }
      })
      const dialled = parts.client.dial({ address: parts.address, port: listener?.port ?? 0 }, identities.client)
      await expect(parts.during(dialled)).rejects.toBeInstanceOf(TransportError)
      expect(asked.length).toBe(1)
    })
  })
}

const ends = new WeakMap<Channel, End>()

function watch(channel: Channel): End {
  const known = ends.get(channel)
  if (known !== undefined) return known
  const received: Buffer[] = []
  let onMore: () => void = () => undefined
  let onEnd: () => void = () => undefined
  const closed = new Promise<void>((done) => {
    onEnd = done
  })
  channel.onData = (bytes) => {
    received.push(bytes)
    onMore()
  }
  channel.onClose = () => onEnd()
  const end: End = {
    channel,
    received,
    closed,
    until: (length) =>
      new Promise((done) => {
        onMore = () => {
          const all = Buffer.concat(received)
          if (all.length >= length) done(all)
        }
        onMore()
      })
  }
  ends.set(channel, end)
  return end
}
