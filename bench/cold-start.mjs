// W5: a process is spawned on a folder full of changes; how soon it answers for all of them.
import { randomInt } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { makeChange } from './change.mjs'
import { writtenBy } from './folders.mjs'
import { inRounds } from './interleaved.mjs'
import { text } from './report.mjs'
import { median } from './statistics.mjs'
import { floor, muster } from './systems.mjs'

/**
 * @param base changes of the floor, which reads all of its file: a small folder, beside which a large one must not be
 * slower. @param sizes changes of ours.
 */
export async function coldStart({ rounds, base, sizes }) {
  const folders = [await writtenBy(floor, base, 100)]
  for (const size of sizes) folders.push(await writtenBy(muster, size, 100))
  const starts = folders.map(() => [])
  await inRounds(rounds, async () => {
    for (const [index, folder] of folders.entries())
      starts[index].push(await start(index === 0 ? floor : muster, folder))
  })

  const [baseMs, ...ms] = starts.map((times) => median(times.map((one) => one.ms)))
  const [baseMb, ...mb] = starts.map((times) => median(times.map((one) => one.residentBytes / 1e6)))
  return [
    ...sizes.flatMap((size, index) => [
      {
        workload: `W5 start on ${text(size)}, floor on ${text(base)}`,
        unit: 'ms',
        ours: ms[index],
        floor: baseMs,
        must: index === 0 ? { ratioAtMost: 1.3 } : undefined,
        aim: { atMost: 200 }
      },
      {
        workload: `W5 memory then, ${text(size)}, floor on ${text(base)}`,
        unit: 'MB',
        ours: mb[index],
        floor: baseMb,
        aim: { atMost: 80 }
      }
    ]),
    {
      workload: `W5 start on ${text(sizes.at(-1))} in multiples of ${text(sizes[0])}`,
      unit: 'x',
      ours: ms.at(-1) / ms[0],
      must: { atMost: 1.3 }
    }
  ]
}

/** Milliseconds from before the process is spawned until digest, count and three changes of any age are answered. */
async function start(system, written) {
  const { changes, last } = written
  const numbers = Array.from({ length: 3 }, () => randomInt(1, changes + 1))
  // Numbered one after the other, up to the last.
  const places = numbers.map((number) => ({ ...last.place, seq: last.place.seq - last.number + number }))
  const node = await system.start('node-a', { folder: written.a, places })
  const proof = await node.call('prove', { places })
  const ms = proof.at - node.spawnedAt
  const { residentBytes } = await node.ask('stats')
  await node.stop()
  if (proof.digest !== written.digest || proof.count !== written.count) throw new Error('the start lost changes')
  for (const [index, number] of numbers.entries()) {
    const { entity, field, value } = JSON.parse(proof.lines[index])
    if (!isDeepStrictEqual({ entity, field, value }, makeChange(last.tag, number)))
      throw new Error(`change ${number} was read back otherwise than it was written`)
  }
  return { ms, residentBytes }
}
