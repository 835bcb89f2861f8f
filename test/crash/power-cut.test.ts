/**
 * A power cut after every step of a node's day, with combinations of un-synced bytes and names lost, torn or kept.
 * In short the worst for each step, and here and there one by chance; `npm run crash` tries all combinations of up to 6
 * open steps, and as many by chance beyond, over days of several seeds.
 */
import { expect, it, vi } from 'vitest'
import { durableAppends } from '../contracts/disk.js'
import { seededRandom } from '../sim/random.js'
import { judge, liveOneDay } from './session.js'
import { PowerCut } from './volume.js'

vi.mock('node:fs/promises', async (original) => (await import('./mock.js')).withVolumes(await original()))
vi.mock('../../src/main/engine/limits.js', async (original) =>
  (await import('./mock.js')).withSmallBounds(await original())
)

const isWhole = process.env['MUSTER_CRASH'] === 'whole'
const seeds = isWhole ? [1, 2, 3] : [Number(process.env['MUSTER_SEED'] ?? 1)]

/** In short the way that this system takes; that the other one is durable, too, the volume's own tests show. */
const ways = isWhole ? durableAppends : durableAppends.slice(0, 1)

it.each(seeds.flatMap((seed) => ways.map((durableAppend) => ({ seed, durableAppend }))))(
  'what was saved is there after a power cut at any step, day $seed, appending in $durableAppend',
  async ({ seed, durableAppend }) => {
    const day = await liveOneDay(seed, undefined, durableAppend)
    expect(day.diary.refused).toEqual([])
    expect(day.volume.steps.length).toBeGreaterThan(100)
    const random = seededRandom(seed)
    const cut = new PowerCut()
    const faults: string[] = []
    let judged = 0
    let most = 0
    for (const [index, step] of day.volume.steps.entries()) {
      cut.take(step)
      most = Math.max(most, cut.open.length)
      for (const fates of cut.fates(random, 6, isWhole ? 3 ** 6 : 1 + Number(index % 8 === 0))) {
        const last = cut.open.map((one, place) => `${one.kind} ${JSON.stringify(fates[place])}`).join(', ')
        const where = `seed ${String(seed)}, step ${String(index + 1)} (${last})`
        await judge(day, cut.image(fates), index + 1, where).catch((error: unknown) => faults.push(String(error)))
        judged++
      }
    }
    console.log(
      `seed ${String(seed)}: ${String(day.volume.steps.length)} steps, at most ${String(most)} not durable, ` +
        `${String(judged)} folders judged`
    )
    expect(faults).toEqual([])
    await day.field.stop()
    day.volume.unmount()
  },
  isWhole ? 3_600_000 : 120_000
)
