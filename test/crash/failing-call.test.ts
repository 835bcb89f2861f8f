/**
 * Every file call of a node's day fails once: the node says no or stays away, goes on when the disk does, and neither
 * then nor after a power cut is anything gone that was said to be saved. A sync that fails drops what it should save.
 * In short a sample; `npm run crash` takes every call with every code, `MUSTER_CALL=177 MUSTER_CODE=EIO` one.
 */
import { expect, it, vi } from 'vitest'
import { systemError } from '../sim/disk.js'
import { namedRandom, pick, seededRandom } from '../sim/random.js'
import { diskCodes, expectKept, judge, liveOneDay, type Day } from './session.js'
import { PowerCut, type Volume } from './volume.js'

vi.mock('node:fs/promises', async (original) => (await import('./mock.js')).withVolumes(await original()))
vi.mock('../../src/main/engine/limits.js', async (original) =>
  (await import('./mock.js')).withSmallBounds(await original())
)

const isWhole = process.env['MUSTER_CRASH'] === 'whole'
const seed = Number(process.env['MUSTER_SEED'] ?? 1)
const sample = 3
const one = process.env['MUSTER_CALL']
const codes = process.env['MUSTER_CODE']?.split(',') ?? ['ENOSPC', 'EIO', 'EPERM', 'EBUSY']

/** The path of the call that failed is known only afterwards. */
function failOnce(number: number, code: string, failed: string[]): (volume: Volume) => void {
  return (volume) => {
    volume.onCall = (call) => {
      if (call.number !== number) return
      failed.push(`${call.name} ${call.path}`)
      throw systemError(code, `${call.name} ${call.path}`)
    }
  }
}

async function judgeDay(day: Day, where: string): Promise<void> {
  const { alpha, diary, volume } = day
  await expectKept(alpha, diary, diary.now, where)
  const isWell = () => !alpha.overview.health.problems.some(({ code }) => diskCodes.includes(code))
  await day.field.until(`${where}: the disk is known to work again`, isWell, 120_000)
  const cut = new PowerCut()
  for (const step of volume.steps) cut.take(step)
  const random = seededRandom(seed)
  for (const fates of cut.fates(random, 6, isWhole ? 4 : 2))
    await judge(day, cut.image(fates), diary.now, `${where}, power cut ${JSON.stringify(fates)}`)
}

/** An assertion says what it found in its `actual`. */
function reasonOf(error: unknown): string {
  const found = error instanceof Error && 'actual' in error ? ` ${JSON.stringify(error.actual)}` : ''
  return String(error) + found
}

it.each(codes)(
  'a call that fails once with %s costs nothing that was saved',
  async (code) => {
    const { calls } = (await liveOneDay(seed)).volume
    expect(calls).toBeGreaterThan(150)
    const random = namedRandom(seed, code)
    const all = Array.from({ length: calls }, (_, index) => index + 1)
    const some = () => Array.from({ length: sample }, () => pick(random, all))
    const chosen = one !== undefined ? [Number(one)] : isWhole ? all : some()
    const faults: string[] = []
    let missed = 0
    const silent = new Map<string, number>()
    for (const number of chosen) {
      const failed: string[] = []
      const where = () => `seed ${String(seed)}, call ${String(number)} (${failed.join()}): ${code}`
      try {
        const day = await liveOneDay(seed, failOnce(number, code, failed))
        if (failed.length === 0) missed++ // Days differ by a few calls, as keys do.
        if (day.diary.refused.length === 0) silent.set(failed.join(), (silent.get(failed.join()) ?? 0) + 1)
        await judgeDay(day, where())
        await day.field.stop()
        day.volume.unmount()
      } catch (error) {
        faults.push(`${where()}: ${reasonOf(error)}`)
      }
    }
    console.log(
      `seed ${String(seed)}, ${code}: ${String(chosen.length)} of ${String(calls)} failing calls judged`,
      silent
    )
    expect(faults).toEqual([])
    expect(missed, 'calls that never came').toBeLessThanOrEqual(1 + chosen.length / 20)
  },
  isWhole ? 3_600_000 : 120_000
)
