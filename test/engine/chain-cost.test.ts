/** What a stranger's chain may cost before anybody trusts it, and until when a good one counts. */
import { X509Certificate, type KeyObject } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { chainEnd, judgeChain, readChain } from '../../src/main/engine/certificates/chain.js'
import { parseCertificate } from '../../src/main/engine/certificates/x509.js'
import { authority, Openssl, opensslProblem } from '../support/openssl.js'

const now = Date.UTC(2026, 6, 22, 12)
const day = 24 * 3600 * 1000
const missing = opensslProblem()

describe.skipIf(missing !== undefined)(`a chain${missing === undefined ? '' : `: ${missing}`}`, () => {
  let openssl: Openssl
  beforeAll(() => {
    openssl = new Openssl(now)
  })
  afterAll(() => openssl.remove())
  afterEach(() => vi.restoreAllMocks())

  it('is checked with no key but those that the anchor vouches for', () => {
    const anchor = openssl.issue({ subject: '/CN=Feld-CA', extensions: authority })
    // Nine authorities that all issued each other, by a key of the sender's choice.
    const first = openssl.issue({ subject: '/CN=Feld-CA', extensions: authority })
    const more = Array.from({ length: 8 }, () =>
      openssl.issue({ subject: '/CN=Feld-CA', extensions: authority, issuer: first, keyOf: first })
    )
    const leaf = openssl.issue({ subject: '/CN=thief', issuer: first })
    const used: KeyObject[] = []
    // A method called on the object that it was taken from.
    const verify = Object.getOwnPropertyDescriptor(X509Certificate.prototype, 'verify')
      ?.value as X509Certificate['verify']
    vi.spyOn(X509Certificate.prototype, 'verify').mockImplementation(function (this: X509Certificate, key) {
      used.push(key)
      return verify.call(this, key)
    })
    const chain = [leaf, first, ...more].map(({ der }) => der)
    expect(judgeChain(chain, anchor.der, now)).toBe('not-issued-by-anchor')
    const own = new X509Certificate(anchor.der).publicKey
    expect(used.length).toBeGreaterThan(0)
    expect(used.every((key) => key.equals(own))).toBe(true)
    expect(used.length).toBeLessThanOrEqual(10)
  })

  it('counts until the first certificate on the way to the anchor ends', () => {
    const anchor = openssl.issue({ subject: '/CN=CA', extensions: authority, until: now + 30 * day })
    const branch = openssl.issue({ subject: '/CN=B', extensions: authority, issuer: anchor, until: now + day })
    const leaf = openssl.issue({ subject: '/CN=bravo', issuer: branch, until: now + 20 * day })
    const end = (time: number) => chainEnd(readChain([leaf.der, branch.der]), parseCertificate(anchor.der), time)
    expect(end(now)).toMatchObject({ until: now + day })
    expect(end(now + 2 * day)).toBe('certificate-expired')
  })
})
