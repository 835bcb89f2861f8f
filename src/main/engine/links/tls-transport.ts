/**
 * Channels over TCP and TLS 1.3 (docs/protocol/links.md): mutual, ALPN `muster/1`, no resumption. Certificates are not
 * judged here: which node it is, the hello proves; what it may do, the policy says.
 */
import { createServer, type Socket } from 'node:net'
import { constants, type X509Certificate } from 'node:crypto'
import {
  connect,
  createSecureContext,
  createServer as createTlsServer,
  type SecureContext,
  type TLSSocket
} from 'node:tls'
import { sha256 } from '../bytes/hash.js'
import type { TlsIdentity } from '../identity/certificate.js'
import { limits } from '../limits.js'
import { systemCode } from '../storage/disk.js'
import { TransportError, type Binding, type Channel, type Transport } from './transport.js'

const protocol = 'muster/1'
const exporterLabel = 'EXPORTER-muster-hello'
const datagramLabel = 'EXPORTER-muster-datagram'

function contextOptions(identity: TlsIdentity) {
  return {
    key: identity.key,
    cert: identity.certificate,
    minVersion: 'TLSv1.3' as const,
    maxVersion: 'TLSv1.3' as const,
    secureOptions: constants.SSL_OP_NO_TICKET
  }
}

/** A view that is no Uint8Array: Node copies it exactly for each socket, where it cuts others from 8 KiB that stay. */
const protocolList = new DataView(Uint8Array.from([protocol.length, ...Buffer.from(protocol)]).buffer)

const tlsOptions = {
  ALPNProtocols: protocolList,
  // Whatever issued them: the hello binds certificates to a node, and trust is judged after it.
  rejectUnauthorized: false
}

/** Of every dial with an identity: each context keeps key and certificate in tables of its own, some 36 KiB. */
const dialContexts = new WeakMap<TlsIdentity, SecureContext>()

function dialContext(identity: TlsIdentity): SecureContext {
  const context = dialContexts.get(identity) ?? createSecureContext(contextOptions(identity))
  dialContexts.set(identity, context)
  return context
}

export const tlsTransport: Transport = {
  listen({ host, port, identity, admit, onChannel, onRefused }) {
    const sockets = new Set<Socket>()
    const ends = new Map<string, { readonly startedAt: number; readonly ended: () => void }>()
    const settle = (socket: Socket | TLSSocket) => {
      const key = endpoint(socket)
      const known = ends.get(key)
      ends.delete(key)
      known?.ended()
      return known?.startedAt ?? performance.now()
    }
    const tlsServer = createTlsServer({
      ...contextOptions(identity),
      ...tlsOptions,
      requestCert: true,
      handshakeTimeout: limits.helloMs
    })
    const tcpServer = createServer((socket) => {
      // Gone before it was accepted: it has no address to be known by, and needs no place.
      if (socket.remoteAddress === undefined) {
        socket.destroy()
        return
      }
      const address = plainAddress(socket.remoteAddress)
      const ended = admit(address)
      if (ended === undefined) {
        socket.destroy()
        return
      }
      sockets.add(socket)
      const key = endpoint(socket)
      ends.set(key, { startedAt: performance.now(), ended })
      socket.once('close', () => {
        sockets.delete(socket)
        if (ends.delete(key)) ended()
      })
      socket.setNoDelay(true)
      tlsServer.emit('connection', socket)
    })
    tlsServer.on('secureConnection', (socket) => {
      const opened = createChannel(socket, 'server', settle(socket))
      if (typeof opened === 'string') {
        onRefused(plainAddress(socket.remoteAddress ?? ''), opened)
        socket.destroy()
      } else onChannel(opened)
    })
    tlsServer.on('tlsClientError', (error, socket) => {
      onRefused(plainAddress(socket.remoteAddress ?? ''), systemCode(error) ?? error.message)
      socket.destroy()
    })
    return new Promise((resolve, reject) => {
      // Also later ones, such as no handles left for one connection: they must not end the process.
      tcpServer.on('error', (error) => {
        reject(new TransportError(systemCode(error) === 'EADDRINUSE' ? 'port-in-use' : 'cannot-listen', String(error)))
      })
      tcpServer.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
        const bound = tcpServer.address()
        resolve({
          port: typeof bound === 'object' && bound !== null ? bound.port : port,
          show(other) {
            tlsServer.setSecureContext(contextOptions(other))
          },
          close: () =>
            new Promise((closed) => {
              tcpServer.close(() => closed())
              for (const socket of sockets) socket.destroy()
            })
        })
      })
    })
  },

  dial({ address, port }, identity) {
    const startedAt = performance.now()
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: address,
        port,
        secureContext: dialContext(identity),
        ...tlsOptions,
        servername: ''
      })
      const timer = setTimeout(() => {
        socket.destroy()
        reject(new TransportError('no-answer', 'no TLS within the time limit'))
      }, limits.helloMs)
      socket.setNoDelay(true)
      const failed = (error: Error) => {
        clearTimeout(timer)
        socket.destroy()
        reject(new TransportError(dialProblem(error), systemCode(error) ?? error.message))
      }
      socket.once('error', failed)
      socket.once('close', () => failed(new Error('closed during the handshake')))
      socket.once('secureConnect', () => {
        clearTimeout(timer)
        socket.off('error', failed)
        socket.removeAllListeners('close')
        const opened = createChannel(socket, 'client', startedAt)
        if (typeof opened !== 'string') {
          resolve(opened)
          return
        }
        socket.destroy()
        reject(new TransportError('not-muster', opened))
      })
    })
  }
}

function dialProblem(error: Error): 'refused' | 'no-answer' | 'not-muster' {
  const code = systemCode(error) ?? ''
  if (code === 'ECONNREFUSED') return 'refused'
  if (code.startsWith('ERR_SSL') || code === 'EPROTO' || code === '' || code === 'ECONNRESET') return 'not-muster'
  return 'no-answer'
}

/** A TLS socket and the TCP socket below it are two objects with the same other end. */
function endpoint(socket: Socket | TLSSocket): string {
  return `${socket.remoteAddress ?? ''} ${String(socket.remotePort)}`
}

/** The channel, or the reason why this connection cannot be one. */
function createChannel(socket: TLSSocket, role: 'client' | 'server', startedAt: number): Channel | string {
  // An error always comes with a close; without a listener it would end the process.
  socket.on('error', () => undefined)
  const shown = socket.getPeerX509Certificate()
  const peer = shown?.raw
  if (socket.isSessionReused()) return 'session reused'
  if (socket.alpnProtocol !== protocol) return 'another application protocol'
  if (peer === undefined) return 'no certificate'
  // As this socket showed it: the certificate may have been replaced since the handshake began.
  const ownShown = socket.getX509Certificate()?.raw
  if (ownShown === undefined) return 'no certificate of our own'
  const own = sha256(ownShown)
  const binding: Binding = {
    exporter: socket.exportKeyingMaterial(32, exporterLabel, Buffer.from(protocol)),
    datagrams: {
      toServer: socket.exportKeyingMaterial(32, datagramLabel, Buffer.from('c2s')),
      toClient: socket.exportKeyingMaterial(32, datagramLabel, Buffer.from('s2c'))
    },
    clientCertificate: role === 'client' ? own : sha256(peer),
    serverCertificate: role === 'server' ? own : sha256(peer),
    peerCertificate: peer,
    peerChain: chainOf(shown)
  }
  const remote = { address: plainAddress(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 }
  const channel: Channel = {
    role,
    remote,
    binding,
    startedAt,
    get unsent() {
      return socket.writableLength
    },
    write: (bytes) => {
      if (!socket.destroyed) socket.write(bytes)
    },
    destroy: () => socket.destroy(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    onData: () => undefined,
    onDrain: () => undefined,
    onClose: () => undefined
  }
  socket.on('data', (bytes: Buffer) => channel.onData(bytes))
  socket.on('drain', () => channel.onDrain())
  // The other side may only half-close; a link has no use for one direction.
  socket.on('end', () => socket.destroy())
  socket.on('close', () => channel.onClose())
  return channel
}

/** A chain that names itself as its issuer ends there; a longer one than the protocol allows is cut. */
function chainOf(certificate: X509Certificate | undefined): Buffer[] {
  const chain: Buffer[] = []
  for (
    let next = certificate;
    next !== undefined && chain.length < limits.certificates;
    next = next.issuerCertificate
  ) {
    if (chain.some((known) => known.equals(next?.raw ?? known))) break
    chain.push(next.raw)
  }
  return chain
}

/** IPv4 as IPv4, also when the socket listens on both families. */
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
