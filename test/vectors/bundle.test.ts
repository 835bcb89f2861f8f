/** A frozen bundle, in the open and sealed: what every later version has to read. */
import { readFileSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { expect, it } from 'vitest'
import type { NodeId } from '@shared/model.js'
import { ageRecipient } from '../../src/main/engine/bundles/age-file.js'
import { encodeManifest } from '../../src/main/engine/bundles/manifest.js'
import { openBundle, readParts } from '../../src/main/engine/bundles/read-bundle.js'
import { decodeReceipt, encodeReceipt } from '../../src/main/engine/bundles/receipt.js'
import { RunCheck } from '../../src/main/engine/bundles/run-check.js'
import { privateKeyFromSeed, rawPublicKey, sealingKeyFromSeed } from '../../src/main/engine/identity/signature.js'
import { inMemory, takeApart } from '../support/bundle-bytes.js'

interface Frozen {
  readonly seed: string
  readonly node: NodeId
  readonly secret: string
  readonly recipient: string
  readonly open: string
  readonly sealed: string
  readonly payloadSha256: string
  readonly manifest: unknown
  readonly changes: number
  readonly receipt: string
}

const frozen = JSON.parse(readFileSync('test/vectors/bundle.json', 'utf8')) as Frozen
const secret = Buffer.from(frozen.secret, 'hex')

it.each(['open', 'sealed'] as const)('the frozen bundle, %s, is read whole', async (form) => {
  const bundle = await openBundle(inMemory(Buffer.from(frozen[form], 'base64')), frozen.node, secret)
  expect(bundle.isSealed).toBe(form === 'sealed')
  expect(bundle.manifest).toEqual(frozen.manifest)
  const [entry] = bundle.manifest.missions
  if (entry === undefined) throw new Error('no mission')
  const check = new RunCheck(entry, undefined)
  let changes = 0
  const hash = createHash('sha256')
  const refused = (what: string) => () => Promise.reject(new Error(what))
  await readParts(
    bundle,
    {
      identities: (records) => Promise.resolve(expect(records).toHaveLength(1)),
      receipts: refused('receipts'),
      statements: refused('statements'),
      lists: refused('lists'),
      forks: refused('forks'),
      content: refused('content'),
      async runs(_, runs) {
        for (const run of runs) {
          await check.take(run)
          changes += run.header.count
        }
      }
    },
    (bytes) => Promise.resolve(void hash.update(bytes))
  )
  check.end()
  expect(changes).toBe(frozen.changes)
  expect(hash.digest('hex')).toBe(frozen.payloadSha256)
})

it('its manifest and a receipt are signed to the same bytes', () => {
  const key = privateKeyFromSeed(Buffer.from(frozen.seed, 'hex'))
  const open = Buffer.from(frozen.open, 'base64')
  const { manifest } = takeApart(open)
  const end = encodeManifest(manifest, key)
  expect(end?.equals(open.subarray(open.length - (end.length ?? 0)))).toBe(true)
  const receipt = decodeReceipt(Buffer.from(frozen.receipt))
  if (typeof receipt === 'string') throw new Error(receipt)
  expect(encodeReceipt(receipt, key).toString()).toBe(frozen.receipt)
})

it('the recipient is that of age', () => {
  expect(ageRecipient(rawPublicKey(sealingKeyFromSeed(secret)))).toBe(frozen.recipient)
})
