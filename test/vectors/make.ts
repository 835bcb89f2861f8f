/** Makes vectors.json. Run it only for a new version of the protocol: frozen bytes are a promise to every older node. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createPrivateKey } from 'node:crypto'
import { sha256 } from '../../src/main/engine/bytes/hash.js'
import { certificateDer, issueCertificate } from '../../src/main/engine/identity/certificate.js'
import { nodeIdOf, signRecord } from '../../src/main/engine/identity/identity-record.js'
import { privateKeyFromSeed, rawPublicKey } from '../../src/main/engine/identity/signature.js'
import { compute, inputs } from './vectors.js'

const key = privateKeyFromSeed(randomBytes(32))
const publicKey = rawPublicKey(key)
const tls = await issueCertificate(nodeIdOf(publicKey), Buffer.from([1, 2, 3, 4]), Date.UTC(2026, 0, 1))
const der = certificateDer(tls.certificate)
const record = signRecord(
  {
    signingKey: publicKey.toString('base64url'),
    sealingKey: rawPublicKey(generateKeyPairSync('x25519').privateKey).toString('base64url'),
    certificateHash: sha256(der).toString('base64url'),
    federation: 'field',
    counter: 1
  },
  key,
  createPrivateKey(tls.key)
)
writeFileSync(
  'test/vectors/vectors.json',
  `${JSON.stringify(compute(inputs(der.toString('base64'), record)), null, 1)}\n`
)
