/** Runs the vectors without a test runner, for runtimes that have none: exits 1 and says what differs. */
import { readFileSync } from 'node:fs'
import { compute, type Vectors } from './vectors.js'

const frozen = JSON.parse(readFileSync('test/vectors/vectors.json', 'utf8')) as Vectors
const made = compute(frozen)
const parts = Object.keys(frozen) as (keyof Vectors)[]
const different = parts.filter((part) => JSON.stringify(made[part]) !== JSON.stringify(frozen[part]))
const runtime =
  'Bun' in globalThis ? 'Bun (BoringSSL)' : `Node ${process.version} (OpenSSL ${process.versions.openssl})`
console.log(
  `${runtime}: ${different.length === 0 ? `all ${String(parts.length)} kinds of vectors hold` : `DIFFERENT: ${different.join(', ')}`}`
)
process.exit(different.length === 0 ? 0 : 1)
