/** The identity record: signed when it is asked for, and never ahead of the disk. */
import { describe, expect, it } from 'vitest'
import { certificateDer } from '../../src/main/engine/identity/certificate.js'
import { verifyRecord } from '../../src/main/engine/identity/identity-record.js'
import { OwnIdentity } from '../../src/main/engine/identity/identity.js'
import { SimDisk } from '../sim/disk.js'
import { seededRandom } from '../sim/random.js'
import { VirtualTime } from '../sim/time.js'

async function bench() {
  const time = new VirtualTime()
  const random = seededRandom(1)
  const disk = new SimDisk(random, time)
  const loaded = await time.during(OwnIdentity.open({ disk, random, now: 0 }))
  if (!loaded.ok) throw new Error(loaded.problem.code)
  return { time, identity: loaded.value.identity }
}

describe('the identity record', () => {
  it('says nothing that is not durable, also when it is asked for first while the disk writes', async () => {
    const { time, identity } = await bench()
    const renewing = identity.useFederation('other')
    expect(identity.record).toMatchObject({ federation: 'field', counter: 1 })
    await time.during(renewing)
    expect(identity.record).toMatchObject({ federation: 'other', counter: 2 })
    expect(identity.strangerRecord).toMatchObject({ federation: '', counter: 2 })
  })

  it('is signed by both keys, and stays the same until something in it changes', async () => {
    const { time, identity } = await bench()
    const { record, strangerRecord } = identity
    const certificate = certificateDer(identity.tls.certificate)
    expect(verifyRecord(record, identity.publicKey, certificate)).toBe(true)
    expect(verifyRecord(strangerRecord, identity.publicKey, certificate)).toBe(true)
    expect(identity.record).toBe(record)
    await time.during(identity.issueCertificate(1))
    expect(identity.record.certificateHash).not.toBe(record.certificateHash)
    expect(verifyRecord(identity.record, identity.publicKey, certificateDer(identity.tls.certificate))).toBe(true)
  })
})
