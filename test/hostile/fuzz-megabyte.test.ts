/**
 * What 1 MB of hostile input may cost in any decoder: less than a second of computing and less than 64 MB. On Linux the
 * kernel tells the peak of each call; elsewhere only that of the process, which is the highest of all before.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { makeDecoders } from './decoders.js'
import { cpuMsSince, Noise } from './noise.js'

const length = 1024 * 1024
const cpuMsMost = 1_000
const bytesMost = 64 * 1024 * 1024

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Starts a measurement; what it gives answers the bytes that the process took at most since, beyond what it had. */
function watchMemory(): () => number {
  collect()
  if (process.platform !== 'linux') {
    const before = process.resourceUsage().maxRSS
    return () => (process.resourceUsage().maxRSS - before) * 1024
  }
  // proc_pid_clear_refs(5): 5 sets the peak to what is resident now.
  writeFileSync('/proc/self/clear_refs', '5')
  const before = statusBytes('VmRSS')
  return () => statusBytes('VmHWM') - before
}

function statusBytes(field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024
}

/** 1 MB of each kind of trouble; with the beginning or the whole of what is valid, where that leads further in. */
function megabytes(noise: Noise, valid: readonly Buffer[]): readonly (readonly [string, Buffer])[] {
  const repeated = (piece: Buffer | string) => Buffer.alloc(length, piece)
  const around = (before: string, piece: string, after: string) => {
    const count = Math.floor((length - before.length - after.length) / piece.length)
    return Buffer.from(before + piece.repeat(count) + after)
  }
  const some = noise.pick(valid)
  const half = some.subarray(0, noise.below(some.length))
  const behind = (begin: Buffer, rest: Buffer) => Buffer.concat([begin, rest.subarray(begin.length)])
  const random = noise.bytes(length)
  const deep = length >> 1
  return [
    ['noise', random],
    ['noise behind a beginning', behind(half, random)],
    ['noise behind a whole one', behind(some, random)],
    ['valid ones in a row', repeated(some)],
    ['valid ones in a row, damaged', noise.damaged(repeated(some))],
    ['beginnings in a row', repeated(half.length === 0 ? some : half)],
    ['a line of valid ones', repeated(Buffer.from(some.toString('latin1').replaceAll('\n', ' '), 'latin1'))],
    ['line feeds', repeated('\n')],
    ['zeros', repeated('\0')],
    ['digits', repeated('7')],
    ['a long text', around('"', 'x', '"')],
    ['an object of one long text', around('{"a":"', '\\u0001', '"}')],
    ['open arrays', repeated('[')],
    ['arrays in arrays', Buffer.from('['.repeat(deep) + ']'.repeat(deep))],
    ['objects in objects', around('', '{"a":', '')],
    ['an object with deep arrays', Buffer.from(`{"a":${'['.repeat(deep - 4)}${']'.repeat(deep - 4)}}`)],
    ['empty arrays', around('[', '[],', '[]]')],
    ['empty objects', around('[', '{},', '{}]')],
    ['zeros in an array', around('{"a":[', '0,', '0]}')],
    ['long numbers', around('{"a":[', '1e-300,', '0]}')],
    ['many names', Buffer.from(`{${Array.from({ length: 80_000 }, (_, index) => `"k${index}":0`).join(',')}}`)],
    ['one name many times', around('{', '"a":0,', '"b":0}')],
    ['PEM', around('', '-----BEGIN A-----\nAAAA\n-----END A-----\n', '')]
  ]
}

const decoders = await makeDecoders()

test.each(decoders)('1 MB for $name', async ({ name, valid, decode }) => {
  const noise = new Noise(`1 MB for ${name}`)
  const once = async (kind: string, input: Buffer) => {
    const peak = watchMemory()
    const began = process.cpuUsage()
    try {
      await decode(input, noise)
    } catch (error) {
      throw new Error(`${name} threw on ${kind}`, { cause: error })
    }
    return { cpuMs: cpuMsSince(began), bytes: peak() }
  }
  let [cpuMs, bytes] = [0, 0]
  for (const [kind, input] of megabytes(noise, valid)) {
    let cost = await once(kind, input)
    // When garbage is collected is up to the runtime: what is held for sure is held every time.
    if (cost.cpuMs >= cpuMsMost || cost.bytes >= bytesMost) cost = await once(kind, input)
    expect(cost.cpuMs, `milliseconds for ${kind}`).toBeLessThan(cpuMsMost)
    expect(cost.bytes, `bytes for ${kind}`).toBeLessThan(bytesMost)
    ;[cpuMs, bytes] = [Math.max(cpuMs, cost.cpuMs), Math.max(bytes, cost.bytes)]
  }
  console.log(`${name}: at most ${cpuMs.toFixed(0)} ms, ${(bytes / 1024 / 1024).toFixed(1)} MiB`)
})
