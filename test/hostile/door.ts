/** Plain TCP connections to a node's door, and whether it still opens to others. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { anotherAddress, delayed, HostileLink, makeIdentity, untilClose } from './hostile-peer.js'

export function dialPlain(port: number, from = anotherAddress()): Socket {
  const socket = connect({ host: '127.0.0.1', port, ...(from === undefined ? {} : { localAddress: from }) })
  socket.on('error', () => undefined) // A close always follows, and that is what the tests wait for.
  socket.resume()
  return socket
}

export async function openPlain(port: number, from?: string): Promise<Socket> {
  const socket = dialPlain(port, from)
  await once(socket, 'connect')
  return socket
}

export function untilEnded(socket: Socket, what: string): Promise<void> {
  return delayed(untilClose(socket), `the end of ${what}`)
}

/** A stranger gets an answer: new connections are taken. Proves who it is, but goes before it is met. */
export async function expectOpenDoor(port: number, from?: string): Promise<void> {
  const newcomer = await HostileLink.connect({ port, identity: await makeIdentity(), from })
  await newcomer.prove()
  await newcomer.until('its answer', (message) => message.t === 'answer')
  newcomer.end()
  await newcomer.closed
}
