/** Whether a peer's chain leads to an anchor: one table, judged by us and by OpenSSL. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ProblemCode } from '@shared/problems.js'
import { judgeChain } from '../../src/main/engine/certificates/chain.js'
import { authority, laptop, Openssl, opensslProblem, type Issued, type Wanted } from '../support/openssl.js'

const now = Date.UTC(2027, 0, 1)
const day = 24 * 3600 * 1000
const missing = opensslProblem()

interface Row {
  readonly name: string
  readonly make: (parts: Parts) => { readonly chain: readonly Issued[]; readonly anchor: Issued }
  /** Left out: vouched for. */
  readonly code?: ProblemCode
  /** Where we refuse and OpenSSL does not: why. */
  readonly stricter?: string
  /** Where OpenSSL refuses and we do not: why. */
  readonly laxer?: string
}

class Parts {
  readonly openssl = new Openssl(now)
  readonly root = this.authority('/O=LFV/CN=Root')
  readonly middle = this.authority('/O=LFV/CN=Middle', { issuer: this.root })
  readonly low = this.authority('/O=LFV/CN=Low', { issuer: this.middle })

  authority(subject: string, over: Partial<Wanted> = {}): Issued {
    return this.openssl.issue({ subject, extensions: authority, ...over })
  }

  leaf(issuer: Issued, over: Partial<Wanted> = {}): Issued {
    return this.openssl.issue({ subject: '/O=LFV/CN=laptop', issuer, ...over })
  }

  /** A leaf below a root that has this extension. */
  constrained(constraint: string, leafNames: string, over: Partial<Wanted> = {}) {
    const anchor = this.authority('/CN=Constrained', { extensions: [...authority, constraint] })
    const names = leafNames === '' ? [] : [`subjectAltName=${leafNames}`]
    return { chain: [this.leaf(anchor, { extensions: [...laptop, ...names], ...over })], anchor }
  }
}

const without = (list: readonly string[], start: string) => list.filter((line) => !line.startsWith(start))
const both = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,digitalSignature']
const expired = { from: now - 9 * day, until: now - day }
const future = { from: now + day, until: now + 9 * day }

const rows: readonly Row[] = [
  { name: 'one level', make: (p) => ({ chain: [p.leaf(p.root)], anchor: p.root }) },
  { name: 'two levels', make: (p) => ({ chain: [p.leaf(p.middle), p.middle], anchor: p.root }) },
  { name: 'three levels', make: (p) => ({ chain: [p.leaf(p.low), p.low, p.middle], anchor: p.root }) },
  { name: 'three levels in another order', make: (p) => ({ chain: [p.leaf(p.low), p.middle, p.low], anchor: p.root }) },
  { name: 'an anchor that is no root', make: (p) => ({ chain: [p.leaf(p.middle), p.middle], anchor: p.middle }) },
  {
    name: 'an anchor below a chain that goes on',
    make: (p) => ({ chain: [p.leaf(p.low), p.low, p.middle], anchor: p.middle })
  },
  { name: 'the anchor also in the chain', make: (p) => ({ chain: [p.leaf(p.root), p.root], anchor: p.root }) },
  {
    name: 'others in the chain that have nothing to do with it',
    make: (p) => ({ chain: [p.leaf(p.middle), p.authority('/CN=Other'), p.leaf(p.root), p.middle], anchor: p.root })
  },
  {
    name: 'an authority signed by two roots, of which we know one',
    make: (p) => ({ chain: [p.leaf(p.middle), p.middle, crossed(p)], anchor: p.root })
  },
  {
    name: 'the same in the other order',
    make: (p) => ({ chain: [p.leaf(p.middle), crossed(p), p.middle], anchor: p.root }),
    laxer: 'OpenSSL follows the first issuer it finds and does not come back'
  },
  {
    name: 'one of two certificates of an authority has expired',
    make(p) {
      const old = p.authority('/O=LFV/CN=Middle', { issuer: p.root, keyOf: p.middle, ...expired })
      return { chain: [p.leaf(p.middle), old, p.middle], anchor: p.root }
    }
  },
  { name: 'RSA', make: (p) => ({ chain: [p.leaf(p.root, { key: 'rsa2048' })], anchor: p.root }) },
  {
    name: 'P-384 below RSA',
    make(p) {
      const anchor = p.authority('/CN=RSA root', { key: 'rsa2048' })
      return { chain: [p.leaf(anchor, { key: 'p384', digest: 'sha384' })], anchor }
    }
  },
  {
    name: 'no limits said',
    make: (p) => ({ chain: [p.leaf(p.root, { extensions: ['basicConstraints=CA:FALSE'] })], anchor: p.root })
  },
  { name: 'a leaf of version 1', make: (p) => ({ chain: [p.leaf(p.root, { extensions: [] })], anchor: p.root }) },
  {
    name: 'a root signed with SHA-1, which nobody checks',
    make(p) {
      const anchor = p.authority('/CN=Old root', { key: 'rsa2048', digest: 'sha1' })
      return { chain: [p.leaf(anchor)], anchor }
    }
  },
  {
    name: 'expired leaf',
    make: (p) => ({ chain: [p.leaf(p.root, expired)], anchor: p.root }),
    code: 'certificate-expired'
  },
  {
    name: 'leaf that ends in this second',
    make: (p) => ({ chain: [p.leaf(p.root, { until: now })], anchor: p.root }),
    code: 'certificate-expired'
  },
  {
    name: 'leaf that begins in this second',
    make: (p) => ({ chain: [p.leaf(p.root, { from: now })], anchor: p.root })
  },
  {
    name: 'expired authority between',
    make(p) {
      const old = p.authority('/CN=Old middle', { issuer: p.root, ...expired })
      return { chain: [p.leaf(old), old], anchor: p.root }
    },
    code: 'certificate-expired'
  },
  {
    name: 'expired anchor',
    make(p) {
      const anchor = p.authority('/CN=Old', expired)
      return { chain: [p.leaf(anchor)], anchor }
    },
    code: 'certificate-expired'
  },
  {
    name: 'leaf not valid yet',
    make: (p) => ({ chain: [p.leaf(p.root, future)], anchor: p.root }),
    code: 'certificate-not-yet-valid'
  },
  {
    name: 'anchor not valid yet',
    make(p) {
      const anchor = p.authority('/CN=New', future)
      return { chain: [p.leaf(anchor)], anchor }
    },
    code: 'certificate-not-yet-valid'
  },
  {
    name: 'a laptop that issues',
    make(p) {
      const issuer = p.leaf(p.root, { extensions: ['basicConstraints=critical,CA:FALSE'] })
      return { chain: [p.leaf(issuer), issuer], anchor: p.root }
    },
    code: 'not-an-authority'
  },
  {
    name: 'an authority that may not sign certificates',
    make(p) {
      const issuer = p.authority('/CN=No sign', {
        issuer: p.root,
        extensions: ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,cRLSign']
      })
      return { chain: [p.leaf(issuer), issuer], anchor: p.root }
    },
    code: 'not-issued-by-anchor'
  },
  {
    name: 'path length kept',
    make(p) {
      const anchor = p.authority('/CN=One below', {
        extensions: ['basicConstraints=critical,CA:TRUE,pathlen:1', 'keyUsage=keyCertSign']
      })
      const middle = p.authority('/CN=Below', { issuer: anchor })
      return { chain: [p.leaf(middle), middle], anchor }
    }
  },
  {
    name: 'path length exceeded',
    make(p) {
      const anchor = p.authority('/CN=None below', {
        extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0', 'keyUsage=keyCertSign']
      })
      const middle = p.authority('/CN=Below', { issuer: anchor })
      return { chain: [p.leaf(middle), middle], anchor }
    },
    code: 'not-issued-by-anchor'
  },
  {
    name: 'path length of an authority between exceeded',
    make(p) {
      const middle = p.authority('/CN=M0', {
        issuer: p.root,
        extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0', 'keyUsage=keyCertSign']
      })
      const low = p.authority('/CN=L0', { issuer: middle })
      return { chain: [p.leaf(low), low, middle], anchor: p.root }
    },
    code: 'not-issued-by-anchor'
  },
  {
    name: 'an authority renewed by itself does not count for the path length',
    make(p) {
      const anchor = p.authority('/CN=Renewed', {
        extensions: ['basicConstraints=critical,CA:TRUE,pathlen:0', 'keyUsage=keyCertSign']
      })
      const renewed = p.authority('/CN=Renewed', { issuer: anchor })
      return { chain: [p.leaf(renewed), renewed], anchor }
    }
  },
  {
    name: 'the same name with another key',
    make(p) {
      const impostor = p.authority('/O=LFV/CN=Root')
      return { chain: [p.leaf(impostor)], anchor: p.root }
    },
    code: 'not-issued-by-anchor'
  },
  {
    name: 'issuer missing',
    make: (p) => ({ chain: [p.leaf(p.low), p.middle], anchor: p.root }),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'self-signed',
    make: (p) => ({ chain: [p.openssl.issue({ subject: '/CN=alone' })], anchor: p.root }),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'DNS name permitted',
    make: (p) =>
      p.constrained('nameConstraints=critical,permitted;DNS:lfv.example', 'DNS:a.lfv.example,DNS:lfv.example')
  },
  {
    name: 'one of two DNS names not permitted',
    make: (p) =>
      p.constrained('nameConstraints=critical,permitted;DNS:lfv.example', 'DNS:a.lfv.example,DNS:evil.example'),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'DNS name that only ends alike',
    make: (p) => p.constrained('nameConstraints=critical,permitted;DNS:lfv.example', 'DNS:notlfv.example'),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'DNS name excluded',
    make: (p) => p.constrained('nameConstraints=critical,excluded;DNS:bad.example', 'DNS:x.BAD.example'),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'common name that looks like a host',
    make: (p) =>
      p.constrained('nameConstraints=critical,permitted;DNS:lfv.example', '', { subject: '/CN=host.evil.example' }),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'URI permitted',
    make: (p) => p.constrained('nameConstraints=permitted;URI:.lfv.example', 'URI:muster://a.lfv.example:1/x')
  },
  {
    name: 'URI not permitted',
    make: (p) => p.constrained('nameConstraints=permitted;URI:.lfv.example', 'URI:muster://lfv.example@evil.example/'),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'URI without a host',
    make: (p) => p.constrained('nameConstraints=permitted;URI:.lfv.example', 'URI:urn:uuid:1'),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'IP permitted',
    make: (p) => p.constrained('nameConstraints=permitted;IP:10.1.0.0/255.255.0.0', 'IP:10.1.2.3')
  },
  {
    name: 'IP not permitted',
    make: (p) => p.constrained('nameConstraints=permitted;IP:10.1.0.0/255.255.0.0', 'IP:10.2.2.3'),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'IP excluded',
    make: (p) => p.constrained('nameConstraints=excluded;IP:10.0.0.0/255.0.0.0', 'IP:10.2.2.3'),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'mail permitted',
    make: (p) => p.constrained('nameConstraints=permitted;email:lfv.example', 'email:a@lfv.example')
  },
  {
    name: 'mail not permitted',
    make: (p) => p.constrained('nameConstraints=permitted;email:lfv.example', 'email:a@x.lfv.example'),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'mail in the subject not permitted',
    make: (p) =>
      p.constrained('nameConstraints=permitted;email:lfv.example', '', {
        subject: '/CN=a/emailAddress=a@evil.example'
      }),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'directory name permitted',
    make: (p) =>
      p.constrained('nameConstraints=permitted;dirName:north\n[north]\nO=LFV North', '', {
        subject: '/O=lfv  north/CN=x'
      })
  },
  {
    name: 'directory name not permitted',
    make: (p) =>
      p.constrained('nameConstraints=permitted;dirName:north\n[north]\nO=LFV North', '', {
        subject: '/O=LFV South/CN=x'
      }),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'a constrained form that is not known',
    make: (p) =>
      p.constrained(
        'nameConstraints=permitted;otherName:1.3.6.1.4.1.311.20.2.3;UTF8:x',
        'otherName:1.3.6.1.4.1.311.20.2.3;UTF8:x'
      ),
    code: 'not-issued-by-anchor'
  },
  {
    name: 'unknown critical extension in the leaf',
    make: (p) => ({
      chain: [p.leaf(p.root, { extensions: [...laptop, '1.2.3.4=critical,ASN1:NULL'] })],
      anchor: p.root
    }),
    code: 'wrong-usage'
  },
  {
    name: 'unknown critical extension between',
    make(p) {
      const odd = p.authority('/CN=Odd', { issuer: p.root, extensions: [...authority, '1.2.3.4=critical,ASN1:NULL'] })
      return { chain: [p.leaf(odd), odd], anchor: p.root }
    },
    code: 'wrong-usage'
  },
  {
    name: 'unknown extension that is not critical',
    make: (p) => ({ chain: [p.leaf(p.root, { extensions: [...laptop, '1.2.3.4=ASN1:NULL'] })], anchor: p.root })
  },
  {
    name: 'critical policies, of which we ask none',
    make: (p) => ({
      chain: [p.leaf(p.root, { extensions: [...laptop, 'certificatePolicies=critical,1.2.3.4'] })],
      anchor: p.root
    })
  },
  ...(['serverAuth', 'clientAuth', 'anyExtendedKeyUsage', 'emailProtection'] as const).map((usage): Row => ({
    name: `extended usage only ${usage}`,
    make: (p) => ({
      chain: [p.leaf(p.root, { extensions: [...without(laptop, 'extendedKeyUsage'), `extendedKeyUsage=${usage}`] })],
      anchor: p.root
    }),
    code: 'wrong-usage'
  })),
  {
    name: 'an authority for clients only',
    make(p) {
      const narrow = p.authority('/CN=Narrow', {
        issuer: p.root,
        extensions: [...authority, 'extendedKeyUsage=clientAuth']
      })
      return { chain: [p.leaf(narrow), narrow], anchor: p.root }
    },
    code: 'wrong-usage'
  },
  {
    name: 'key usage without digitalSignature',
    make: (p) => ({
      chain: [p.leaf(p.root, { key: 'rsa2048', extensions: ['keyUsage=critical,keyEncipherment'] })],
      anchor: p.root
    }),
    code: 'wrong-usage'
  },
  {
    name: 'key usage only keyAgreement',
    make: (p) => ({ chain: [p.leaf(p.root, { extensions: ['keyUsage=critical,keyAgreement'] })], anchor: p.root }),
    code: 'wrong-usage',
    stricter: 'TLS 1.3 and the identity record need signatures; OpenSSL also thinks of fixed Diffie-Hellman'
  },
  {
    name: 'old Netscape type of a server',
    make: (p) => ({ chain: [p.leaf(p.root, { extensions: ['nsCertType=server'] })], anchor: p.root }),
    code: 'wrong-usage'
  },
  {
    name: 'SHA-1 signature',
    make(p) {
      const anchor = p.authority('/CN=RSA root', { key: 'rsa2048' })
      return { chain: [p.leaf(anchor, { digest: 'sha1' })], anchor }
    },
    code: 'unsupported-key'
  },
  {
    name: 'RSA with 1024 bits',
    make: (p) => ({ chain: [p.leaf(p.root, { key: 'rsa1024' })], anchor: p.root }),
    code: 'unsupported-key'
  },
  {
    name: 'RSA with 4224 bits in a laptop',
    make: (p) => ({ chain: [p.leaf(p.root, { keyOf: rsa4224(p) })], anchor: p.root }),
    code: 'unsupported-key',
    stricter: 'its signature does not fit into an identity record'
  },
  {
    name: 'RSA with 4224 bits in an authority',
    make(p) {
      const anchor = rsa4224(p)
      return { chain: [p.leaf(anchor)], anchor }
    }
  },
  {
    name: 'authority with RSA of 1024 bits',
    make(p) {
      const weak = p.authority('/CN=Weak', { issuer: p.root, key: 'rsa1024' })
      return { chain: [p.leaf(weak), weak], anchor: p.root }
    },
    code: 'unsupported-key'
  },
  {
    name: 'Ed25519 leaf',
    make: (p) => ({ chain: [p.leaf(p.root, { key: 'ed25519' })], anchor: p.root }),
    code: 'unsupported-key',
    stricter: 'BoringSSL refuses such certificates in TLS'
  },
  {
    name: 'P-521 leaf',
    make: (p) => ({ chain: [p.leaf(p.root, { key: 'p521' })], anchor: p.root }),
    code: 'unsupported-key',
    stricter: 'BoringSSL refuses such certificates in TLS'
  },
  {
    name: 'Ed25519 authority',
    make(p) {
      const anchor = p.authority('/CN=Ed', { key: 'ed25519', digest: 'null' })
      return { chain: [p.leaf(anchor, { digest: 'null' })], anchor }
    },
    code: 'unsupported-key',
    stricter: 'BoringSSL refuses such signatures in TLS'
  },
  {
    name: 'an authority as a laptop',
    make: (p) => ({ chain: [p.authority('/CN=Both', { issuer: p.root, extensions: both })], anchor: p.root }),
    code: 'wrong-usage',
    stricter: 'the key of an authority does not belong on a laptop that is in the air'
  },
  {
    name: 'the anchor itself as a laptop',
    make(p) {
      const anchor = p.authority('/CN=Both', { extensions: both })
      return { chain: [anchor], anchor }
    },
    code: 'wrong-usage',
    stricter: 'an authority speaks for others only'
  },
  {
    name: 'a laptop’s certificate as its own anchor',
    make(p) {
      const leaf = p.leaf(p.root)
      return { chain: [leaf], anchor: leaf }
    },
    code: 'wrong-usage',
    stricter: 'that is a pin, not an anchor'
  },
  {
    name: 'an authority of version 1',
    make(p) {
      const anchor = p.authority('/CN=Old root', { extensions: [] })
      return { chain: [p.leaf(anchor)], anchor }
    },
    code: 'not-an-authority',
    stricter: 'any certificate without extensions would be an authority'
  },
  {
    name: 'an authority that wants policies',
    make(p) {
      const middle = p.authority('/CN=Policies', {
        issuer: p.root,
        extensions: [...authority, 'policyConstraints=critical,requireExplicitPolicy:0']
      })
      return { chain: [p.leaf(middle), middle], anchor: p.root }
    },
    code: 'wrong-usage',
    stricter: 'OpenSSL looks at policies only when told to; we do not look at all, so we refuse'
  }
]

/** The authority between, signed by a root that nobody here knows. */
function crossed(p: Parts): Issued {
  return p.authority('/O=LFV/CN=Middle', { issuer: p.authority('/CN=Other root'), keyOf: p.middle })
}

const rsa4224Made = new WeakMap<Parts, Issued>()
/** Making such a key takes a second or more: once. */
function rsa4224(p: Parts): Issued {
  const made = rsa4224Made.get(p) ?? p.authority('/CN=Large', { key: 'rsa4224' })
  rsa4224Made.set(p, made)
  return made
}

describe.skipIf(missing !== undefined)(
  `a chain to an anchor${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    let parts: Parts
    beforeAll(() => {
      parts = new Parts()
    })
    afterAll(() => parts.openssl.remove())

    it.each(rows)('$name', { timeout: 120_000 }, async ({ make, code, stricter, laxer }) => {
      const { chain, anchor } = make(parts)
      const ders = chain.map(({ der }) => der)
      expect(judgeChain(ders, anchor.der, now)).toBe(code)
      const openssl = parts.openssl.judge(ders, anchor.der, now)
      if (laxer === undefined && (code === undefined || stricter !== undefined)) expect(openssl).toBeUndefined()
      else expect(openssl).toMatch(/error \d+ at|error \w+.* lookup/)
    })

    it('has enough rows', () => {
      expect(rows.length).toBeGreaterThan(60)
    })

    it('is judged in bounded time when all authorities have issued each other', async () => {
      const first = parts.authority('/CN=Web')
      const web = Array.from({ length: 9 }, (_, index) =>
        parts.authority('/CN=Web', { issuer: first, keyOf: first, until: now + (index + 2) * day })
      )
      const chain = [parts.leaf(first), ...web].map(({ der }) => der)
      const started = performance.now()
      expect(judgeChain(chain, parts.root.der, now)).toBe('not-issued-by-anchor')
      expect(performance.now() - started).toBeLessThan(2_000)
      expect(judgeChain(chain, first.der, now)).toBeUndefined()
    })

    it('is refused when it is too long, or is no certificate at all', async () => {
      const leaf = parts.leaf(parts.root)
      expect(
        judgeChain(
          Array.from({ length: 11 }, () => leaf.der),
          parts.root.der,
          now
        )
      ).toBe('chain-too-long')
      expect(judgeChain([], parts.root.der, now)).toBe('certificate-damaged')
      expect(judgeChain([Buffer.from(leaf.pem)], parts.root.der, now)).toBe('certificate-damaged')
      expect(judgeChain([leaf.der, Buffer.from('noise')], parts.root.der, now)).toBeUndefined()
    })
  }
)
