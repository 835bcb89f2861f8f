/** Trust by certificate against its own races: what a person does while a decision is on its way to the disk. */
import { describe, expect, it } from 'vitest'
import type { Decision, NodeId } from '@shared/model.js'
import { everything, type Scope } from '@shared/scope.js'
import { certificateDer, issueCertificate } from '../../src/main/engine/identity/certificate.js'
import { parseCertificate } from '../../src/main/engine/certificates/x509.js'
import { OwnIdentity } from '../../src/main/engine/identity/identity.js'
import { TrustBook } from '../../src/main/engine/trust/trust-book.js'
import { Vouching } from '../../src/main/engine/trust/vouching.js'
import { sha256 } from '../../src/main/engine/bytes/hash.js'
import { SimDisk } from '../sim/disk.js'
import { seededRandom } from '../sim/random.js'
import { VirtualTime } from '../sim/time.js'

const bravo = 'b'.repeat(64) as NodeId
const thief = 'c'.repeat(64) as NodeId
const narrow: Scope = { out: ['Karst*'], in: ['*'], access: 'read' }

async function bench() {
  const time = new VirtualTime()
  const random = seededRandom(1)
  const disk = new SimDisk(random, time)
  const wall = { offsetMs: 0 }
  const clock = time.clock(wall)
  const changes: string[] = []
  const during = <T>(work: Promise<T>) => time.during(work)
  const loaded = await during(OwnIdentity.open({ disk, random, now: clock.now() }))
  if (!loaded.ok) throw new Error(loaded.problem.code)
  const { identity } = loaded.value
  identity.callsign = 'alpha'
  async function open(isNew: boolean): Promise<TrustBook> {
    const opened = await during(
      TrustBook.open(
        {
          disk,
          identity,
          clock,
          random,
          onTrust: () => undefined,
          onDamage: () => undefined,
          onSaved: () => undefined,
          onChange: (what) => changes.push(what),
          onBoundary: () => undefined,
          onStatement: () => undefined
        },
        isNew
      )
    )
    if (!opened.ok) throw new Error(opened.problem.code)
    return opened.value
  }
  const trust = await open(true)
  const vouching = new Vouching({
    trust,
    ownFederation: () => 'field',
    mayLetIn: (_, federation) => federation === 'field' || federation === '',
    now: () => clock.now(),
    onPeer: () => undefined
  })
  const made = await issueCertificate(bravo, Buffer.alloc(16, 1), clock.now())
  const certificate = certificateDer(made.certificate)
  const other = certificateDer((await issueCertificate(thief, Buffer.alloc(16, 2), clock.now())).certificate)
  const id = sha256(certificate).toString('hex')
  const accept = (scope: Scope = everything, until?: number) =>
    trust.accept({
      as: 'peer',
      sha256: id,
      name: 'bravo',
      data: certificate,
      at: clock.now(),
      by: 'alpha',
      scope,
      ...(until === undefined ? {} : { until })
    })
  const show = (nodeId: NodeId, leaf = certificate) =>
    vouching.shown({ nodeId, callsign: 'bravo', federation: 'field', chain: [leaf] })
  const person = (nodeId: NodeId, level: Decision['level'], key?: string) => {
    const decision: Decision = { level, at: clock.now(), by: 'alpha', ground: 'words', scope: narrow }
    return trust.decide({ nodeId, callsign: 'bravo', federation: 'field', decision, key })
  }
  /** What the journal says to the next start. */
  async function reopened(): Promise<TrustBook> {
    await during(trust.close())
    return open(false)
  }
  return { time, wall, clock, trust, vouching, id, certificate, other, accept, show, person, during, reopened, changes }
}

describe('a certificate that vouches', () => {
  it('lets in one of two nodes that show it at the same moment', async () => {
    const { trust, accept, show, during, reopened, vouching } = await bench()
    await during(accept())
    await during(Promise.all([show(bravo), show(thief)]))
    expect([bravo, thief].map((nodeId) => trust.stateOf(nodeId).level)).toEqual(['trusted', 'untrusted'])
    expect(vouching.warningOf(thief)).toBe('certificate-shared')
    const later = await reopened()
    expect([bravo, thief].map((nodeId) => later.stateOf(nodeId).level)).toEqual(['trusted', 'untrusted'])
  })

  it('lets nobody in who was on the way in when it was removed', async () => {
    const { trust, accept, show, during, reopened, id } = await bench()
    await during(accept())
    await during(Promise.all([show(bravo), trust.remove('peer', id)]))
    expect(trust.stateOf(bravo).level).toBe('untrusted')
    expect((await reopened()).stateOf(bravo).level).toBe('untrusted')
  })

  it('does not replace what a person decides in the same moment', async () => {
    const { trust, accept, show, person, during, reopened } = await bench()
    await during(accept())
    await during(Promise.all([person(bravo, 'trusted'), show(bravo)]))
    expect(trust.stateOf(bravo).decision).toMatchObject({ ground: 'words', scope: narrow })
    expect((await reopened()).stateOf(bravo).decision).toMatchObject({ ground: 'words', scope: narrow })
  })

  it('is lost before the link can rise when something else is shown', async () => {
    const { trust, accept, show, during, other } = await bench()
    await during(accept())
    await during(show(bravo))
    expect(trust.stateOf(bravo).level).toBe('trusted')
    const work = show(bravo, other)
    expect(trust.stateOf(bravo).level).toBe('untrusted')
    await during(work)
  })

  it('is lost also when something else is shown while the decision is on its way', async () => {
    const { trust, accept, show, during, other } = await bench()
    await during(accept())
    await during(Promise.all([show(bravo), show(bravo, other)]))
    expect(trust.stateOf(bravo).level).toBe('untrusted')
  })

  it('holds its new scope and end at once for who was let in before and is not here', async () => {
    const { trust, accept, show, during, reopened, clock } = await bench()
    await during(accept())
    await during(show(bravo))
    const until = clock.now() + 60_000
    await during(accept(narrow, until))
    expect(trust.stateOf(bravo)).toMatchObject({ level: 'trusted', decision: { scope: narrow, until } })
    expect((await reopened()).stateOf(bravo).decision).toMatchObject({ scope: narrow, until })
  })

  it('lets nobody in by a key of a node that a person revoked', async () => {
    const { trust, accept, show, person, during, reopened, vouching } = await bench()
    await during(show(bravo))
    await during(person(bravo, 'trusted', vouching.keyShownBy(bravo)))
    await during(person(bravo, 'revoked', vouching.keyShownBy(bravo)))
    await during(accept())
    await during(show(thief))
    expect(trust.stateOf(thief).level).toBe('untrusted')
    expect(vouching.warningOf(thief)).toBe('certificate-shared')
    expect((await reopened()).stateOf(thief).level).toBe('untrusted')
  })

  it('knows also the keys that a trusted peer showed after the decision', async () => {
    const { trust, accept, show, person, during, reopened, other, certificate, vouching } = await bench()
    await during(show(bravo, other))
    await during(person(bravo, 'trusted', vouching.keyShownBy(bravo)))
    await during(show(bravo, certificate))
    await during(show(bravo, other))
    await during(person(bravo, 'revoked', vouching.keyShownBy(bravo)))
    const later = await reopened()
    const again = new Vouching({
      trust: later,
      ownFederation: () => 'field',
      mayLetIn: () => true,
      now: () => 0,
      onPeer: () => undefined
    })
    expect(trust.stateOf(bravo).level).toBe('revoked')
    const pin = { as: 'peer', sha256: sha256(certificate).toString('hex'), name: 'x', data: certificate } as const
    await during(later.accept({ ...pin, at: 0, by: 'alpha', scope: everything }))
    await during(again.shown({ nodeId: thief, callsign: 'x', federation: 'field', chain: [certificate] }))
    expect(later.stateOf(thief).level).toBe('untrusted')
    expect(accept).toBeDefined()
  })

  it('does not count for who is of another federation by now', async () => {
    const { trust, accept, during, vouching, certificate } = await bench()
    await during(vouching.shown({ nodeId: bravo, callsign: 'bravo', federation: 'kras', chain: [certificate] }))
    await during(accept())
    await during(vouching.review())
    expect(trust.stateOf(bravo).level).toBe('untrusted')
  })

  it('is told of as ended when its end comes, also while nobody was let in by it', async () => {
    const { accept, during, time, changes, clock } = await bench()
    await during(accept(everything, clock.now() + 120_000))
    changes.length = 0
    await time.run(119_000)
    expect(changes).not.toContain('certificates')
    await time.run(2_000)
    expect(changes).toContain('certificates')
  })

  it('stays ended when the clock is set back just as its end comes, also after a restart', async () => {
    const { trust, accept, show, during, time, wall, clock, reopened } = await bench()
    const until = clock.now() + 90_000
    await during(accept(everything, until))
    await during(show(bravo))
    await time.run(30_000)
    wall.offsetMs = 61_000
    expect(trust.time).toBeGreaterThanOrEqual(until)
    wall.offsetMs = -600_000
    await time.run(120_000)
    expect(trust.stateOf(bravo).level).toBe('untrusted')
    expect((await reopened()).stateOf(bravo).level).toBe('untrusted')
  })

  it('fills neither memory nor disk when its key is shown under ever new names', async () => {
    const { trust, accept, show, during } = await bench()
    await during(accept())
    await during(show(bravo))
    const before = trust.auditTotal
    for (let count = 0; count < 400; count++) await during(show(count.toString(16).padStart(64, '0') as NodeId))
    expect(trust.auditTotal - before).toBeLessThanOrEqual(200)
  })

  it('ends with the certificate', async () => {
    const { trust, accept, show, during, certificate } = await bench()
    await during(accept())
    await during(show(bravo))
    expect(trust.stateOf(bravo).decision?.until).toBe(parseCertificate(certificate)?.notAfter)
  })
})
