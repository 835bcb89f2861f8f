/** UDP of this machine: one socket for both families where it has IPv6. */
import { createSocket, type Socket } from 'node:dgram'
import { isIPv4, isIPv6 } from 'node:net'
import type { DatagramNetwork, DatagramOptions, DatagramSocket } from './network.js'

export const udpNetwork: DatagramNetwork = {
  async open(options) {
    const { host } = options
    if (host === undefined) return (await bind(options, 'udp6')) ?? (await bind(options, 'udp4'))
    return bind(options, isIPv6(host) ? 'udp6' : 'udp4')
  }
}

function bind({ host, port, onPacket }: DatagramOptions, type: 'udp4' | 'udp6'): Promise<DatagramSocket | undefined> {
  const socket = createSocket({ type })
  return new Promise((resolve) => {
    socket.once('error', () => {
      socket.close()
      resolve(undefined)
    })
    socket.once('listening', () => {
      socket.removeAllListeners('error')
      // Such as that nobody listened at the other end: UDP promises nothing, and whoever waits for an answer notices.
      socket.on('error', () => undefined)
      socket.on('message', onPacket)
      resolve(opened(socket, type))
    })
    socket.bind({ port, exclusive: true, ...(host === undefined ? {} : { address: host }) })
  })
}

function opened(socket: Socket, type: 'udp4' | 'udp6'): DatagramSocket {
  const { port } = socket.address()
  let isClosed = false
  return {
    port,
    send(packet, { address, port: to }) {
      if (isClosed) return
      const plain = type === 'udp6' && isIPv4(address) ? `::ffff:${address}` : address
      socket.send(packet, to, plain, () => undefined)
    },
    close() {
      if (isClosed) return Promise.resolve()
      isClosed = true
      return new Promise((closed) => socket.close(() => closed()))
    }
  }
}
