// How long a link takes from the dial until all is checked on both sides, beside a bare handshake of mutual TLS 1.3 with
// keys of the same kind (P-256), in turn.
import { inRounds } from './interleaved.mjs'
import { openRelay } from './relay.mjs'
import { median } from './statistics.mjs'
import { floor, muster } from './systems.mjs'
import { sleep } from './time.mjs'

/** Who dials more often than that is refused for a while. */
const pauseMs = 500

/** @param roundTripMs of the wire between; 0: none but loopback. */
export async function linkSetUp({ rounds, warmUp, roundTripMs }) {
  const [a, b, giver, taker] = await Promise.all([
    muster.start('node-a'),
    // Where the relay is not, so that it is not dialled past it.
    muster.start('node-b', { linkHost: '127.0.0.2' }),
    floor.start('node-a'),
    floor.start('node-b')
  ])
  const wires = []
  const through = async (port) => {
    if (roundTripMs === 0) return port
    wires.push(await openRelay(port, roundTripMs))
    return wires.at(-1).port
  }
  await muster.introduce(a, b, await through(a.port))
  const port = await through(await giver.call('serveBare'))
  const times = { ours: [], floor: [] }
  await inRounds(rounds + warmUp, async (round) => {
    const gone = Promise.all([a.call('unlinked'), b.call('unlinked')])
    await a.ask('cut')
    await gone
    const ours = await b.call('relink', { nodeId: a.nodeId })
    const bare = await taker.call('handshake', { port })
    if (round >= warmUp) {
      times.ours.push(ours)
      times.floor.push(bare)
    }
    await sleep(pauseMs)
  })
  await Promise.all([a, b, giver, taker].map((node) => node.stop()))
  await Promise.all(wires.map((wire) => wire.cut()))
  const wire = roundTripMs === 0 ? 'loopback' : `a round trip of ${roundTripMs} ms`
  return [
    {
      ...{ workload: `link with all its checks, beside a bare handshake, ${wire}`, unit: 'ms' },
      ...{ ours: median(times.ours), floor: median(times.floor), must: { ratioAtMost: 1.5 } }
    }
  ]
}
