import { tlsTransport } from '../../src/main/engine/links/tls-transport.js'
import { seededRandom } from '../sim/random.js'
import { VirtualTime } from '../sim/time.js'
import { Wire } from '../sim/wire.js'
import { transportSuite } from './transport.js'

transportSuite('TLS 1.3 over TCP', () => ({
  client: tlsTransport,
  server: tlsTransport,
  address: '127.0.0.1',
  host: '127.0.0.1',
  during: (work) => work
}))

transportSuite('the simulated wire', () => {
  const time = new VirtualTime()
  const wire = new Wire(time, seededRandom(1))
  return {
    client: wire.transport('10.0.0.1'),
    server: wire.transport('10.0.0.2'),
    address: '10.0.0.2',
    host: undefined,
    during: (work) => time.during(work)
  }
})
