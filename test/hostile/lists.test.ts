/** Revocation lists from a trusted peer that makes them up, holds them back or sends them in crumbs. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { authorityId } from '../../src/main/engine/certificates/lists.js'
import { parseCertificate } from '../../src/main/engine/certificates/x509.js'
import { sha256 } from '../../src/main/engine/bytes/hash.js'
import type { Identity } from '../../src/main/engine/identity/identity.js'
import { limits } from '../../src/main/engine/limits.js'
import { authority, Openssl, opensslProblem, type Issued } from '../support/openssl.js'
import { decideFor, expectUnharmed, rise, startPair, untilCut, untilLogged, type HonestPair } from './honest-pair.js'
import { makeIdentity, type HostileLink } from './hostile-peer.js'

const missing = opensslProblem()
const undo: (() => Promise<void>)[] = []

describe.skipIf(missing !== undefined)(
  `a trusted peer with lists${missing === undefined ? '' : `: ${missing}`}`,
  () => {
    let pair: HonestPair
    let hostile: Identity
    let openssl: Openssl
    let ca: Issued
    let impostor: Issued
    beforeAll(async () => {
      openssl = new Openssl(Date.now())
      ca = openssl.issue({ subject: '/CN=Feld-CA', extensions: authority })
      impostor = openssl.issue({ subject: '/CN=Feld-CA', extensions: authority })
      pair = await startPair((one) => undo.unshift(one))
      hostile = await makeIdentity()
      await decideFor(pair.node, hostile, { level: 'trusted' })
      const data = Buffer.from(ca.pem).toString('base64')
      const accepted = await pair.node.call('POST', 'certificates', { data, as: 'anchor' })
      expect(accepted.status).toBe(201)
    })
    afterAll(async () => {
      openssl.remove()
      for (const one of undo) await one()
    })
    afterEach(() => expectUnharmed(pair))

    const idOf = ({ der }: Issued) => {
      const certificate = parseCertificate(der)
      return certificate === undefined ? '' : authorityId(certificate)
    }
    const offerOf = (der: Buffer, number: number, of = ca) => ({
      ...{ sha256: sha256(der).toString('hex'), authority: idOf(of), anchor: idOf(of) },
      ...{ number: number.toString(16), thisUpdate: Date.now() }
    })
    const lists = () => pair.node.overview.anchors[0]?.lists ?? []

    async function give(link: HostileLink, der: Buffer, signer: Issued, bytes = der): Promise<void> {
      const hash = sha256(der).toString('hex')
      await link.until('the question', (message) => message.t === 'list-want' && message.sha256 === hash)
      const part = { t: 'list-part', sha256: hash, offset: 0, total: bytes.length, data: bytes.toString('base64') }
      link.send({ ...part, signer: signer.der.toString('base64') })
    }
    const refusal = (from: number, why: string) =>
      untilLogged(pair.node, from, why, (line) => line['event'] === 'list-refused' && line['why'] === why)

    test('is asked for nothing about organisations that nobody accepted, and for nothing old', async () => {
      const link = await rise(pair.node, hostile)
      const foreign = openssl.list({ issuer: impostor, number: 1 })
      link.send({ t: 'lists', lists: [offerOf(foreign, 1, impostor)] })
      await link.roundTrip()
      expect(link.messages.some(({ t }) => t === 'list-want')).toBe(false)
      link.end()
      await link.closed
    })

    test('makes none up: neither by another key nor by other bytes', async () => {
      const link = await rise(pair.node, hostile)
      let from = pair.node.logLines.length
      const forged = openssl.list({ issuer: impostor, number: 2 })
      link.send({ t: 'lists', lists: [offerOf(forged, 2)] })
      await give(link, forged, impostor)
      await refusal(from, 'list-not-signed')
      from = pair.node.logLines.length
      const good = openssl.list({ issuer: ca, number: 3 })
      link.send({ t: 'lists', lists: [offerOf(good, 3)] })
      await give(link, good, ca, forged)
      await refusal(from, 'not what was offered')
      expect(lists()).toEqual([])
      link.end()
      await link.closed
    })

    test('that sends crumbs is not asked on, and one that breaks the form is cut', async () => {
      const link = await rise(pair.node, hostile)
      const good = openssl.list({ issuer: ca, number: 4 })
      link.send({ t: 'lists', lists: [offerOf(good, 4)] })
      await give(link, good, ca, good.subarray(0, 1))
      const crumb = { t: 'list-part', sha256: sha256(good).toString('hex'), total: good.length, data: 'AAAA' }
      link.send({ ...crumb, offset: 1 })
      await link.roundTrip()
      expect(link.messages.filter(({ t }) => t === 'list-want')).toHaveLength(1)
      const from = pair.node.logLines.length
      link.send({ ...crumb, offset: 0, data: Buffer.alloc(limits.listPartBytes + 3).toString('base64') })
      await untilCut(pair.node, from, 'protocol-error')
    })

    test('brings a good one, and a later one that it holds back is given by another peer', async () => {
      const link = await rise(pair.node, hostile)
      const good = openssl.list({ issuer: ca, number: 5 })
      link.send({ t: 'lists', lists: [offerOf(good, 5)] })
      await give(link, good, ca)
      await pair.node.until('the list', ({ anchors }) => anchors[0]?.lists[0]?.number === '5')
      expect(lists()).toMatchObject([{ from: { nodeId: hostile.nodeId }, state: 'current' }])
      const older = openssl.list({ issuer: ca, number: 4 })
      link.send({ t: 'lists', lists: [offerOf(older, 4)] })
      await link.roundTrip()
      expect(link.messages.filter(({ t }) => t === 'list-want')).toHaveLength(1)
      const claimed = openssl.list({ issuer: ca, number: 1 })
      const from = pair.node.logLines.length
      link.send({ t: 'lists', lists: [offerOf(claimed, 9)] })
      await give(link, claimed, ca)
      await refusal(from, 'list-older')
      // It is asked for another one, and says nothing; the friend has it as well.
      const newest = openssl.list({ issuer: ca, number: 10 })
      link.send({ t: 'lists', lists: [offerOf(newest, 10)] })
      const hash = sha256(newest).toString('hex')
      await link.until('the question', (message) => message.t === 'list-want' && message.sha256 === hash)
      const files = (bytes: Buffer) => bytes.toString('base64')
      await pair.friend.call('POST', 'certificates', { data: files(Buffer.from(ca.pem)), as: 'anchor' })
      await pair.friend.call('POST', 'certificates', { data: files(newest), as: 'list' })
      link.end()
      await link.closed
      await pair.node.until('the newest', ({ anchors }) => anchors[0]?.lists[0]?.number === 'a')
      expect(lists()).toMatchObject([{ from: { nodeId: pair.friend.overview.node.nodeId } }])
    })
  }
)
