/** Bytes under a passphrase: what opens them, what does not, and what a file may cost that says so itself. */
import { describe, expect, it } from 'vitest'
import {
  dataKeyStore,
  openUnder,
  refusePassphrase,
  sealUnder,
  usualCost,
  type UnderPassphrase
} from '../../src/main/engine/identity/passphrase.js'
import { seededRandom } from '../sim/random.js'

const random = seededRandom(1)
const cost = { N: 16, r: 8, p: 1 }
const secret = Buffer.from('thirty-two bytes of a secret key')

/** docs/protocol/identity.md has it, too. */
const vector: UnderPassphrase = {
  kdf: 'scrypt',
  N: 1024,
  r: 8,
  p: 1,
  salt: 'AAECAwQFBgcICQoLDA0ODw',
  nonce: 'EBESExQVFhcYGRob',
  box: '5Sm1GvnbTF1MSvPZugW6v5HloTeNalzQY4e7nrqN9pVmhVG0l7pqCC0J9WF-Ii7U'
}

describe('bytes under a passphrase', () => {
  it('are as the protocol page shows them', async () => {
    const bytes = [Buffer.from(vector.salt, 'base64url'), Buffer.from(vector.nonce, 'base64url')]
    const given = { bytes: () => bytes.shift() ?? Buffer.alloc(0), unit: () => 0 }
    const sealed = await sealUnder('Sežana 5 gozd', secret, 'data-key', {
      random: given,
      cost: { N: 1024, r: 8, p: 1 }
    })
    expect(sealed).toEqual(vector)
    expect(await openUnder(vector, 'Sežana 5 gozd', 'data-key')).toEqual({ ok: true, value: secret })
  })

  it('open at the usual cost, and with an accent that is typed as two characters', async () => {
    const sealed = await sealUnder('Sežana 5 gozd', secret, 'data-key', { random })
    expect(sealed).toMatchObject(usualCost)
    expect(await openUnder(sealed, 'Sežana 5 gozd'.normalize('NFD'), 'data-key')).toEqual({ ok: true, value: secret })
  })

  it('do not open with another passphrase, for another purpose, or with anything altered', async () => {
    const sealed = await sealUnder('correct', secret, 'data-key', { random, cost })
    const code = async (
      one: UnderPassphrase,
      passphrase = 'correct',
      purpose: 'data-key' | 'identity-file' = 'data-key'
    ) => {
      const opened = await openUnder(one, passphrase, purpose)
      return opened.ok ? 'opened' : opened.problem.code
    }
    expect(await code(sealed)).toBe('opened')
    expect(await code(sealed, 'Correct')).toBe('wrong-passphrase')
    expect(await code(sealed, 'correct ')).toBe('wrong-passphrase')
    expect(await code(sealed, 'correct', 'identity-file')).toBe('wrong-passphrase')
    for (const member of ['salt', 'nonce', 'box'] as const) {
      const bytes = Buffer.from(sealed[member], 'base64url')
      bytes[0] = (bytes[0] ?? 0) ^ 1
      expect(await code({ ...sealed, [member]: bytes.toString('base64url') }), member).toBe('wrong-passphrase')
    }
    expect(await code({ ...sealed, N: 32 })).toBe('wrong-passphrase')
    expect(await code({ ...sealed, box: 'AAAA' })).toBe('wrong-passphrase')
  })

  it('cost at most 512 MiB and four passes, whatever a file says', async () => {
    const sealed = await sealUnder('correct', secret, 'data-key', { random, cost })
    for (const much of [{ N: 2 ** 20 }, { N: 2 ** 18, r: 32 }, { p: 5 }, { N: 24 }, { N: 1 }]) {
      const opened = await openUnder({ ...sealed, ...much }, 'correct', 'data-key')
      expect(opened, JSON.stringify(much)).toMatchObject({ ok: false, problem: { code: 'passphrase-cost' } })
    }
  })

  it('want a passphrase of ten characters, as people count them', () => {
    expect(refusePassphrase('ninechar9')).toBe('passphrase-short')
    expect(refusePassphrase('žžžžžžžžž'.normalize('NFD'))).toBe('passphrase-short')
    expect(refusePassphrase('ten of them')).toBeUndefined()
  })
})

describe('a data key', () => {
  it('wraps as a key store does, and gives back nothing that was altered', () => {
    const store = dataKeyStore(random.bytes(32), random)
    const wrapped = store.wrap(secret)
    expect(store.unwrap(wrapped)).toEqual(secret)
    for (let at = 0; at < wrapped.length; at++) {
      const altered = Buffer.from(wrapped)
      altered[at] = (altered[at] ?? 0) ^ 1
      expect(store.unwrap(altered)).toBeUndefined()
    }
    expect(store.unwrap(Buffer.alloc(5))).toBeUndefined()
    expect(dataKeyStore(random.bytes(32), random).unwrap(wrapped)).toBeUndefined()
  })
})
