/**
 * Certificates of the simulated field. RSA, because its PKCS#1 v1.5 signatures are the same each time, where those of
 * P-256 are not; of a key made from a number, because one seed must be one run. Small keys, quickly made: nothing here
 * is secret, and nobody judges such a certificate but by its key.
 */
import { checkPrimeSync, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { pem, type IssueCertificate, type TlsIdentity } from '../../src/main/engine/identity/certificate.js'
import type { Random } from '../../src/main/engine/runtime/random.js'
import { namedRandom } from './random.js'

const primeBytes = 32
const publicExponent = 65_537n

/** In one field, so that no two certificates have the same number. */
const nodesMost = 100_000

const made = new Map<number, TlsIdentity>()

/** What a node issues its certificates with: the first one has the node's number. */
export function certificatesOf(node: number): IssueCertificate {
  let next = node
  return () => {
    const issued = certificate(next)
    next += nodesMost
    return Promise.resolve(issued)
  }
}

/** The same certificate for the same number, whatever the seed of the run. */
export function certificate(number: number): TlsIdentity {
  const known = made.get(number)
  if (known !== undefined) return known
  const issued = issue(number)
  made.set(number, issued)
  return issued
}

function issue(number: number): TlsIdentity {
  const random = namedRandom(number, 'certificate')
  const [p, q] = [primeOf(random), primeOf(random)].sort((one, other) => (one > other ? -1 : 1)) as [bigint, bigint]
  const d = inverse(publicExponent, (p - 1n) * (q - 1n))
  const key = createPrivateKey({
    format: 'jwk',
    key: {
      kty: 'RSA',
      n: base64Url(p * q),
      e: base64Url(publicExponent),
      d: base64Url(d),
      p: base64Url(p),
      q: base64Url(q),
      dp: base64Url(d % (p - 1n)),
      dq: base64Url(d % (q - 1n)),
      qi: base64Url(inverse(q, p))
    }
  })
  const name = sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(`node ${String(number)}`)))))
  const algorithm = sequence(objectId('2a864886f70d01010b'), der(0x05))
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([0x40]), random.bytes(15)])),
    algorithm,
    name,
    sequence(der(0x17, Buffer.from('200101000000Z')), der(0x17, Buffer.from('491231235959Z'))),
    name,
    createPublicKey(key).export({ format: 'der', type: 'spki' })
  )
  const signature = sign('sha256', body, key)
  const whole = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const pkcs8 = key.export({ format: 'der', type: 'pkcs8' })
  return { key: pem('PRIVATE KEY', pkcs8), certificate: pem('CERTIFICATE', whole) }
}

/** A prime that fits the public exponent. */
function primeOf(random: Random): bigint {
  const bytes = random.bytes(primeBytes)
  bytes[0] = (bytes[0] ?? 0) | 0xc0 // The product has its full length.
  let candidate = BigInt(`0x${bytes.toString('hex')}`) | 1n
  while (candidate % publicExponent === 1n || !checkPrimeSync(candidate)) candidate += 2n
  return candidate
}

/** By the extended Euclidean algorithm. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [before, rest] = [modulus, value % modulus]
  let [coefficientBefore, coefficient] = [0n, 1n]
  while (rest !== 0n) {
    const quotient = before / rest
    ;[before, rest] = [rest, before - quotient * rest]
    ;[coefficientBefore, coefficient] = [coefficient, coefficientBefore - quotient * coefficient]
  }
  return ((coefficientBefore % modulus) + modulus) % modulus
}

function base64Url(value: bigint): string {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url')
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts)
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'))
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), content])
}
