/** Settings, port, keys and certificates under haste and oddities. */
import { afterEach, describe, expect, it } from 'vitest'
import type { Settings } from '@shared/settings.js'
import { problem } from '@shared/result.js'
import { OwnIdentity } from '../../src/main/engine/identity/identity.js'
import type { KeyStore } from '../../src/main/engine/identity/key-store.js'
import { SimDisk } from '../sim/disk.js'
import { Field, type FieldNode } from '../sim/field.js'
import { seededRandom } from '../sim/random.js'
import { authority, Openssl, opensslProblem } from '../support/openssl.js'

let field: Field
afterEach(() => field.stop())

function set(node: FieldNode, changes: Partial<Settings>) {
  return field.during(node.engine.commands.changeSettings(changes))
}

describe('settings', () => {
  it('keep both of two changes made in the same moment', async () => {
    field = new Field(1)
    const alpha = await field.node('alpha', { wantsFirstRun: true })
    const { commands } = alpha.engine
    const both = [commands.changeSettings({ laptop: 'Toughbook 4' }), commands.changeSettings({ hasSingleKeys: false })]
    await field.during(Promise.all(both))
    expect(alpha.overview.node.settings).toMatchObject({ laptop: 'Toughbook 4', hasSingleKeys: false })
    await alpha.restart()
    expect(alpha.overview.node.settings).toMatchObject({ laptop: 'Toughbook 4', hasSingleKeys: false })
  })

  it('are readable after a restart, however many interfaces came and went', async () => {
    field = new Field(2)
    const alpha = await field.node('alpha', { wantsFirstRun: true })
    await set(alpha, { laptop: 'Toughbook 4' })
    for (let round = 0; round < 4; round++) {
      const names = Array.from({ length: 30 }, (_, index) => `enx${String(round)}-${String(index)}`)
      const interfaces = Object.fromEntries(names.map((name) => [name, false]))
      expect(await set(alpha, { interfaces })).toMatchObject({ ok: true })
    }
    await alpha.restart()
    expect(alpha.overview.health.problems).toEqual([])
    expect(alpha.overview.node.settings).toMatchObject({ laptop: 'Toughbook 4', interfaces: { 'enx3-29': false } })
  })

  it('in a damaged or newer file do not keep the node from starting', async () => {
    field = new Field(9)
    const alpha = await field.node('alpha', { wantsFirstRun: true })
    await set(alpha, { laptop: 'Toughbook 4' })
    await alpha.stop()
    alpha.disk.alter('settings.json', (bytes) => bytes.write('X', bytes.indexOf('Toughbook')))
    await alpha.start()
    expect(alpha.overview.health.problems.map(({ code }) => code)).toEqual(['file-damaged'])
    await alpha.stop()
    const newer = Buffer.from(JSON.stringify({ muster: 'document', version: 2, checksum: '', data: {} }))
    await field.during(alpha.disk.replace('settings.json', newer))
    await alpha.start()
    expect(alpha.overview.health.problems.map(({ code }) => code)).toEqual(['newer-data'])
    expect(await set(alpha, { laptop: 'other' })).toMatchObject({ ok: true })
    expect(await field.during(alpha.disk.read('settings.json'))).toEqual(newer)
  })

  it('that cannot be signed are not half in force', async () => {
    field = new Field(3)
    const alpha = await field.node('alpha')
    alpha.disk.faults.onCall = (operation, path) => {
      if (operation === 'replace' && path === 'identity.json')
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    }
    expect(await set(alpha, { laptop: 'new', federation: 'kras' })).toMatchObject({ ok: false })
    expect(alpha.overview.node).toMatchObject({ federation: 'field', settings: { laptop: '' } })
  })

  it('go back to the port that is still in use after another one was taken', async () => {
    field = new Field(4)
    const alpha = await field.node('alpha', { wantsFirstRun: true })
    const used = alpha.overview.node.linkPort ?? 0
    const bravo = await field.node('bravo', { address: alpha.address, wantsFirstRun: true })
    expect(bravo.overview.node.listenProblem?.code).toBe('port-in-use')
    await set(bravo, { linkPort: 47111 })
    expect(bravo.overview.node).toMatchObject({ linkPort: 47111 })
    await set(alpha, { linkPort: 47111 })
    expect(alpha.overview.node).toMatchObject({ linkPort: used, listenProblem: { code: 'port-in-use' } })
    await set(alpha, { linkPort: used })
    expect(alpha.overview.node.listenProblem).toBeUndefined()
    expect(alpha.overview.node.linkPort).toBe(used)
    expect(alpha.overview.health.problems).toEqual([])
  })
})

describe('a key store', () => {
  const secretless = (store: Partial<KeyStore>): KeyStore => ({
    problem: () => undefined,
    wrap: (secret) => Buffer.from(secret.map((byte) => byte ^ 0x5a)),
    unwrap: (wrapped) => Buffer.from(wrapped.map((byte) => byte ^ 0x5a)),
    ...store
  })

  it.each<[string, Partial<KeyStore>]>([
    ['does not open what it wrapped', { unwrap: () => undefined }],
    ['opens something else', { unwrap: () => Buffer.from('{}') }],
    [
      'fails',
      {
        wrap: () => {
          throw new Error('org.freedesktop.Secret.Error.IsLocked')
        }
      }
    ]
  ])('that %s gets no keys, and the node starts again', async (_, store) => {
    field = new Field(5)
    const disk = new SimDisk(seededRandom(5))
    const parts = { disk, random: seededRandom(6), now: field.wallNow, keyStore: secretless(store) }
    const opened = await OwnIdentity.open(parts)
    if (!opened.ok) throw new Error(opened.problem.code)
    const { identity } = opened.value
    expect(await identity.lock(true)).toMatchObject({ ok: false, problem: { code: problem('no-key-store').code } })
    expect(identity.protection.state).toBe('file')
    const again = await OwnIdentity.open(parts)
    expect(again.ok && again.value.identity.nodeId).toBe(identity.nodeId)
  })

  it('keeps no secret in the folder', async () => {
    field = new Field(6)
    const disk = new SimDisk(seededRandom(5))
    const parts = { disk, random: seededRandom(6), now: field.wallNow, keyStore: secretless({}) }
    const opened = await OwnIdentity.open(parts)
    if (!opened.ok) throw new Error(opened.problem.code)
    const { identity } = opened.value
    const clear = JSON.parse(String(await disk.read('identity.json'))) as { data: { signingSeed: string } }
    expect(await identity.lock(true)).toMatchObject({ ok: true })
    await identity.useFederation('kras')
    expect(String(await disk.read('identity.json'))).not.toContain(clear.data.signingSeed)
    expect(String(await disk.read('identity.json'))).not.toContain('PRIVATE KEY')
    const again = await OwnIdentity.open(parts)
    expect(again.ok && again.value.identity.federation).toBe('kras')
  })
})

const missing = opensslProblem()
describe.skipIf(missing !== undefined)('a certificate', () => {
  it('that is larger than the journal holds is refused with a reason, and nothing else is lost', async () => {
    field = new Field(7)
    const alpha = await field.node('alpha')
    const openssl = new Openssl(field.wallNow)
    try {
      const comment = `nsComment=${'x'.repeat(60_000)}`
      const { pem } = openssl.issue({ subject: '/CN=Large', extensions: [...authority, comment] })
      const files = [Buffer.from(pem).toString('base64')]
      const imported = await field.during(alpha.engine.commands.importCertificates({ files, as: 'anchor' }))
      expect(imported).toMatchObject({ ok: false, problem: { code: 'certificate-file-too-large' } })
      expect(alpha.overview.anchors).toEqual([])
    } finally {
      openssl.remove()
    }
  })

  it('that was removed stays removed when the journal is damaged before that line', async () => {
    field = new Field(8)
    const alpha = await field.node('alpha')
    const openssl = new Openssl(field.wallNow)
    try {
      const files = [Buffer.from(openssl.issue({ subject: '/CN=CA', extensions: authority }).pem).toString('base64')]
      const imported = await field.during(alpha.engine.commands.importCertificates({ files, as: 'anchor' }))
      if (!imported.ok) throw new Error(imported.problem.code)
      await field.during(alpha.engine.commands.exportCertificate({ format: 'pem' }))
      await field.during(alpha.engine.commands.removeAnchor({ id: imported.value.id }))
      await alpha.stop()
      const path = alpha.disk.paths().find((one) => one.startsWith('trust/')) ?? ''
      alpha.disk.alter(path, (bytes) => bytes.write('X', bytes.indexOf('certificate-saved')))
      await alpha.start()
      expect(alpha.overview.health.problems.map(({ code }) => code)).toContain('journal-damaged')
      expect(alpha.overview.anchors).toEqual([])
    } finally {
      openssl.remove()
    }
  })
})
