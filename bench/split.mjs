// W6: two nodes that share something are cut apart, write, and come back together.
import { openRelay } from './relay.mjs'
import { checkSame, quiet } from './systems.mjs'
import { now } from './time.mjs'

/** One split; milliseconds from the link being told to come back until both hold all. */
export async function split(system, { shared, apart }) {
  // Where the relay is not, so that b is not dialled past it.
  const [a, b] = await Promise.all([system.start('node-a'), system.start('node-b', { linkHost: '127.0.0.2' })])
  const relay = await openRelay(a.port)
  await system.introduce(a, b, relay.port)
  await system.createMission(a)
  await a.call('fill', { count: shared, batch: 1, inFlight: 1 })
  await quiet([a, b])
  const before = await a.call('count')

  const apartNow = Promise.all([a.call('unlinked'), b.call('unlinked')])
  await relay.cut()
  await apartNow
  const one = { count: apart, batch: 1, inFlight: 1 }
  await Promise.all([a.call('fill', one), b.call('fill', one)])
  const [atA, atB] = await Promise.all([a.call('count'), b.call('count')])
  if (atA < before + apart || atB < before + apart) throw new Error('not all was written while apart')

  await relay.mend()
  const from = now()
  const all = { count: atA + atB - before }
  const arrived = Promise.all([a.call('arrived', all), b.call('arrived', all)])
  await system.redial(b, a, relay.port)
  const to = Math.max(...(await arrived))
  await checkSame([a, b])
  await system.check(a, shared + 2 * apart)
  await Promise.all([a.stop(), b.stop()])
  await relay.cut()
  return to - from
}
