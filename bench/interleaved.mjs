import { floor, muster } from './systems.mjs'

/** The floor and Muster in turn, so that a busy moment of the machine hits both. */
export async function interleaved(rounds, once) {
  const results = { floor: [], ours: [] }
  for (let round = 0; round < rounds; round++) {
    results.floor.push(await once(floor, 'floor', round))
    results.ours.push(await once(muster, 'ours', round))
  }
  return results
}
