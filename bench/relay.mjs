// A wire between two nodes that can be cut and mended: it passes bytes on and knows nothing of them.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'

/**
 * Open at first; `port` stays the same.
 * @param roundTripMs as over a radio: half of it each way, and one more before the first bytes, for TCP's own handshake.
 */
export async function openRelay(toPort, roundTripMs = 0) {
  const sockets = new Set()
  let server
  let port = 0

  const keep = (socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  }
  const relay = {
    get port() {
      return port
    },
    async mend() {
      server = createServer((inner) => {
        const outer = connect(toPort, '127.0.0.1')
        keep(inner)
        keep(outer)
        if (roundTripMs > 0) passLate(inner, outer, roundTripMs)
        else inner.pipe(outer).pipe(inner)
        inner.on('close', () => outer.destroy())
        outer.on('close', () => inner.destroy())
      }).listen(port, '127.0.0.1')
      await once(server, 'listening')
      port = server.address().port
    },
    /** At once, as when a radio is out of reach; who dials meanwhile is refused. */
    async cut() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    }
  }
  await relay.mend()
  return relay
}

/** Nothing overtakes: timers fire in the order of their times. */
function passLate(inner, outer, roundTripMs) {
  const opensAt = performance.now() + roundTripMs
  const later = (to) => (bytes) => {
    const wait = Math.max(0, opensAt - performance.now()) + roundTripMs / 2
    setTimeout(() => to.destroyed || to.write(bytes), wait)
  }
  inner.on('data', later(outer))
  outer.on('data', later(inner))
}
