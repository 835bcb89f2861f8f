import { createMdns } from '../../src/main/engine/discovery/mdns.js'
import { systemNetworks } from '../../src/main/engine/discovery/interfaces.js'
import { systemClock } from '../../src/main/engine/runtime/clock.js'
import { silentLog } from '../../src/main/engine/runtime/log.js'
import { systemRandom } from '../../src/main/engine/runtime/random.js'
import { Air, simInterface } from '../sim/air.js'
import { seededRandom } from '../sim/random.js'
import { VirtualTime } from '../sim/time.js'
import { Wire } from '../sim/wire.js'
import { discoverySuite } from './discovery.js'

const system = { clock: systemClock, random: systemRandom, log: silentLog }
const loopbacks = systemNetworks('127.0.0.1')

discoverySuite('mDNS on loopback', () => ({
  node: () => createMdns({ ...system, onlyAddress: '127.0.0.1' }),
  interfaceName: loopbacks[0]?.name ?? '',
  isChoosable: false,
  during: (work) => work
}))

// The same network, taken for a cable: there it is a person's choice.
discoverySuite('mDNS on an interface that a person may switch', () => ({
  node: () =>
    createMdns({ ...system, networks: () => loopbacks.map((network) => ({ ...network, kind: 'other' as const })) }),
  interfaceName: loopbacks[0]?.name ?? '',
  isChoosable: true,
  during: (work) => work
}))

discoverySuite('the simulated air', () => {
  const time = new VirtualTime()
  const random = seededRandom(1)
  const air = new Air(time, random, new Wire(time, random))
  let hosts = 0
  return {
    node: () => air.discovery(`10.0.0.${String(++hosts)}`),
    interfaceName: simInterface,
    isChoosable: true,
    during: (work) => time.during(work)
  }
})
