import type { Discovery } from '../../src/main/engine/discovery/discovery.js'
import { Merged } from '../../src/main/engine/discovery/merged.js'
import { createMdns } from '../../src/main/engine/discovery/mdns.js'
import { systemNetworks } from '../../src/main/engine/discovery/interfaces.js'
import { systemClock, type Clock } from '../../src/main/engine/runtime/clock.js'
import { silentLog } from '../../src/main/engine/runtime/log.js'
import { systemRandom } from '../../src/main/engine/runtime/random.js'
import { Told } from '../../src/main/engine/discovery/told.js'
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

/** One that hears, beside others that know of nobody, hang and throw. */
function amongOthers(heard: Discovery, clock: Clock): Discovery {
  const merged = new Merged({ clock, log: silentLog })
  const broken: Discovery = new Told(clock, 'broken')
  broken.announce = broken.look = () => {
    throw new Error('broken')
  }
  broken.stop = () => new Promise(() => undefined)
  void merged.add('dns-sd', new Told(clock, 'told'))
  void merged.add('list', broken)
  void merged.add('mdns', heard)
  return merged
}

discoverySuite('mDNS among other sources', () => ({
  node: () => amongOthers(createMdns({ ...system, onlyAddress: '127.0.0.1' }), systemClock),
  interfaceName: loopbacks[0]?.name ?? '',
  isChoosable: false,
  during: (work) => work
}))

discoverySuite('the simulated air among other sources', () => {
  const time = new VirtualTime()
  const random = seededRandom(2)
  const air = new Air(time, random, new Wire(time, random))
  let hosts = 0
  return {
    node: () => amongOthers(air.discovery(`10.0.0.${String(++hosts)}`), time.clock()),
    interfaceName: simInterface,
    isChoosable: true,
    during: (work) => time.during(work)
  }
})

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
