/** This node's certificate as a file for others; never with its key. */
import type { CertificateFormat } from '@shared/contract.js'
import { fail, ok, type Result } from '@shared/result.js'
import { pem } from '../identity/certificate.js'
import { limits } from '../limits.js'
import { factsOf } from './facts.js'
import { readPem } from './pem.js'
import { makeTrustStore } from './pkcs12.js'
import { parseCertificate } from './x509.js'

/**
 * @param chainPem the certificate and then those that issued it. `der` holds the first alone, the others all.
 * @param password for `p12` and `p12-old`, 1 to 64 characters, else `export-password`.
 */
export async function exportCertificate(
  chainPem: string,
  format: CertificateFormat,
  password?: string
): Promise<Result<Buffer>> {
  const blocks = readPem(chainPem)
  if (!blocks.ok) return blocks
  const chain = blocks.value.map(({ der }) => parseCertificate(der)).filter((one) => one !== undefined)
  const [own] = chain
  if (own === undefined) return fail('no-certificate')
  if (format === 'pem') return ok(Buffer.from(chain.map(({ der }) => pem('CERTIFICATE', der)).join('')))
  if (format === 'der') return ok(own.der)
  const length = [...(password ?? '')].length
  if (password === undefined || length < 1 || length > limits.nameLength) return fail('export-password')
  const named = chain.map((certificate) => ({ der: certificate.der, name: factsOf(certificate).name.slice(0, 64) }))
  return ok(await makeTrustStore(named, password, format === 'p12' ? 'aes' : 'old'))
}
