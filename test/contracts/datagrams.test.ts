import { networkInterfaces } from 'node:os'
import { udpNetwork } from '../../src/main/engine/datagrams/udp-network.js'
import { seededRandom } from '../sim/random.js'
import { VirtualTime } from '../sim/time.js'
import { Wire } from '../sim/wire.js'
import { datagramSuite } from './datagrams.js'

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'))
const loopbacks: readonly (readonly [name: string, host: string | undefined, address: string])[] = [
  ['UDP on one address', '127.0.0.1', '127.0.0.1'],
  ['UDP on all interfaces', undefined, '127.0.0.1'],
  ...(hasIpv6 ? ([['UDP over IPv6', undefined, '::1']] as const) : [])
]
if (!hasIpv6) console.log('left out, UDP over IPv6: this machine has none')

for (const [name, host, address] of loopbacks)
  datagramSuite(name, () => ({
    networks: [udpNetwork, udpNetwork],
    addresses: [address, address],
    host,
    during: (work) => work
  }))

datagramSuite('the simulated wire', () => {
  const time = new VirtualTime()
  const wire = new Wire(time, seededRandom(1))
  return {
    networks: [wire.datagrams('10.0.0.1'), wire.datagrams('10.0.0.2')],
    addresses: ['10.0.0.1', '10.0.0.2'],
    host: undefined,
    during: (work) => time.during(work)
  }
})
