/** Whoever cheats at a pairing: stands in between, looks for a nonce, gives up, repeats, or asks and asks. */
import { afterEach, describe, expect, it } from 'vitest'
import type { PairingRun } from '@shared/model.js'
import { parseMessage, type Message } from '../../src/main/engine/links/messages.js'
import {
  codeOf,
  commitmentOf,
  signConfirm,
  type Nonces,
  type PairingContext,
  type Side
} from '../../src/main/engine/pairing/transcript.js'
import { Field, type FieldNode } from '../sim/field.js'
import { HostilePeer } from '../sim/hostile.js'
import { namedRandom } from '../sim/random.js'

let field: Field
afterEach(() => field.stop())

type Wire = NonNullable<Awaited<ReturnType<HostilePeer['meet']>>>
type Of<T extends Message['t']> = Extract<Message, { t: T }>

const hex = (fill: number) => fill.toString(16).padStart(32, '0')

/** The hostile side of pairings with one node. */
class Attack {
  readonly node: FieldNode
  readonly peer: HostilePeer
  wire!: Wire

  constructor(node: FieldNode, peer: HostilePeer) {
    this.node = node
    this.peer = peer
  }

  async meet(): Promise<this> {
    const wire = await field.during(this.peer.meet(this.node))
    if (wire === undefined) throw new Error('refused')
    this.wire = wire
    await field.until('met', () => this.node.overview.peers.some(({ nodeId }) => nodeId === this.peer.id))
    return this
  }

  context(side: Side, pairing: string): PairingContext {
    const { exporter, clientCertificate, serverCertificate } = this.wire.binding
    const own = this.peer.identity.publicKey
    const intro = this.wire.messages.find((message): message is Of<'intro'> => message.t === 'intro')
    const theirs = Buffer.from(intro?.key ?? '', 'base64url')
    return {
      pairing: Buffer.from(pairing, 'hex'),
      // It dialled.
      initiatorRole: side === 'initiator' ? 'client' : 'server',
      initiatorKey: side === 'initiator' ? own : theirs,
      responderKey: side === 'initiator' ? theirs : own,
      clientCertificate,
      serverCertificate,
      exporter
    }
  }

  /** The newest message of a kind that is not among those seen. */
  async told<T extends Message['t']>(t: T): Promise<Of<T>> {
    const seen = this.#seen
    const look = () => this.wire.messages.find((message): message is Of<T> => message.t === t && !seen.has(message))
    await field.until(t, () => look() !== undefined)
    const found = look()
    if (found === undefined) throw new Error(t)
    seen.add(found)
    return found
  }
  readonly #seen = new Set<Message>()

  start(pairing: string, nonce: Buffer): void {
    const commitment = commitmentOf(this.context('initiator', pairing), nonce).toString('base64url')
    this.wire.send({ t: 'pair-start', pairing, commitment })
  }

  async untilAsked(): Promise<void> {
    await field.until('asked', () => this.node.overview.pairing.requests.length > 0)
  }

  /** The person opens it; gives the node's nonce. */
  async opened(): Promise<Buffer> {
    await this.untilAsked()
    await field.during(this.node.engine.commands.openPairing({ nodeId: this.peer.id }))
    return Buffer.from((await this.told('pair-nonce')).nonce, 'base64url')
  }

  get current(): PairingRun | undefined {
    return this.node.overview.pairing.current
  }

  async untilEnded(code: string): Promise<void> {
    await field.until(code, () => this.current?.state === 'ended')
    expect(this.current?.problem?.code).toBe(code)
  }

  say(equal: boolean) {
    return field.during(this.node.engine.commands.answerPairing({ nodeId: this.peer.id, equal }))
  }

  get decision() {
    return this.node.overview.peers.find(({ nodeId }) => nodeId === this.peer.id)?.decision
  }
}

async function attack(seed: number): Promise<Attack> {
  field = new Field(seed)
  const alpha = await field.node('alpha')
  return new Attack(alpha, await HostilePeer.make(field)).meet()
}

const nonce = (fill: number) => Buffer.alloc(32, fill)
const base64 = (bytes: Buffer) => bytes.toString('base64url')

describe('somebody in between', () => {
  async function between(seed: number): Promise<readonly [Attack, Attack]> {
    field = new Field(seed)
    const peer = await HostilePeer.make(field)
    const [alpha, bravo] = [await field.node('alpha'), await field.node('bravo')]
    return [await new Attack(alpha, peer).meet(), await new Attack(bravo, peer).meet()]
  }

  it.each([201, 202, 203])('who runs a pairing with each side cannot make the codes equal (seed %i)', async (seed) => {
    const [toAlpha, toBravo] = await between(seed)
    const random = namedRandom(seed, 'between')
    const chosen = random.bytes(32)
    toBravo.start(hex(1), chosen)
    const ofBravo = await toBravo.opened()
    await field.during(toAlpha.node.engine.commands.startPairing({ nodeId: toAlpha.peer.id }))
    const { pairing } = await toAlpha.told('pair-start')
    // It knows the code that Bravo will show, and has no way to see which of its nonces leads there.
    toAlpha.wire.send({ t: 'pair-nonce', pairing, nonce: base64(ofBravo) })
    const ofAlpha = Buffer.from((await toAlpha.told('pair-reveal')).nonce, 'base64url')
    toBravo.wire.send({ t: 'pair-reveal', pairing: hex(1), nonce: base64(chosen) })
    await field.until('both compare', () => [toAlpha, toBravo].every((one) => one.current?.state === 'comparing'))
    const [first, second] = [toAlpha.current?.code, toBravo.current?.code]
    expect(first?.digits).not.toBe(second?.digits)
    expect(first?.words).not.toEqual(second?.words)
    expect(first).toEqual(codeOf(toAlpha.context('responder', pairing), { initiator: ofAlpha, responder: ofBravo }))
    // One side says equal by mistake, the other looks: nobody is trusted.
    await toAlpha.say(true)
    await toBravo.say(false)
    toAlpha.wire.send({ t: 'pair-end', pairing, why: 'differ' })
    await toAlpha.untilEnded('pairing-they-differ')
    for (const one of [toAlpha, toBravo]) expect(one.decision).toBeUndefined()
  })

  it('who passes every message on is found out at the reveal', async () => {
    const [toAlpha, toBravo] = await between(204)
    await field.during(toAlpha.node.engine.commands.startPairing({ nodeId: toAlpha.peer.id }))
    const { pairing, commitment } = await toAlpha.told('pair-start')
    toBravo.wire.send({ t: 'pair-start', pairing, commitment })
    const ofBravo = await toBravo.opened()
    toAlpha.wire.send({ t: 'pair-nonce', pairing, nonce: base64(ofBravo) })
    const { nonce: revealed } = await toAlpha.told('pair-reveal')
    toBravo.wire.send({ t: 'pair-reveal', pairing, nonce: revealed })
    await toBravo.untilEnded('pairing-broken')
    expect(toBravo.node.overview.pairing.tries).toBe(1)
    await field.until('cut', () => toBravo.wire.isClosed)
  })
})

describe('whoever looks for a code', () => {
  it('and opens the commitment to another nonce is refused, cut, noted and counted', async () => {
    const one = await attack(211)
    one.start(hex(1), nonce(1))
    const theirs = await one.opened()
    const context = one.context('initiator', hex(1))
    // It likes the code of another nonce better: there is always one for a code of few digits.
    let better = 2
    while (!codeOf(context, { initiator: nonce(better), responder: theirs }).digits.startsWith('0')) better++
    one.wire.send({ t: 'pair-reveal', pairing: hex(1), nonce: base64(nonce(better)) })
    await one.untilEnded('pairing-broken')
    await field.until('cut', () => one.wire.isClosed)
    expect(one.node.overview.pairing.tries).toBe(1)
    await field.time.run(1_000)
    const audit = await field.during(one.node.engine.commands.listAudit({ offset: 0, limit: 20 }))
    expect(audit.ok && audit.value.items.map(({ kind, code }) => [kind, code])).toContainEqual([
      'pairing-failed',
      'pairing-broken'
    ])
  })

  it('and gives up whenever it does not come has three draws, then ten minutes nothing', async () => {
    const one = await attack(212)
    for (let draw = 1; draw <= 3; draw++) {
      one.start(hex(draw), nonce(draw))
      await one.opened()
      // By now it knows the code, and its side alone. It ends in whatever way it likes.
      if (draw === 1) one.wire.send({ t: 'pair-end', pairing: hex(draw), why: 'expired' })
      else if (draw === 2) one.wire.end()
      else one.wire.send({ t: 'pair-confirm', pairing: hex(draw), signature: base64(Buffer.alloc(64, 1)) })
      await field.until('counted', () => one.current?.state === 'ended')
      if (draw === 1) continue
      await field.until('gone', () => one.wire.isClosed)
      await one.meet()
    }
    const { pausedUntil = 0 } = one.node.overview.pairing
    expect(pausedUntil - field.wallNow).toBeGreaterThan(590_000)
    one.start(hex(9), nonce(9))
    expect(await one.told('pair-end')).toMatchObject({ why: 'paused' })
    expect(one.node.overview.pairing.requests).toEqual([])
  })

  it('learns nothing before a person opens its request: no nonce, no signature', async () => {
    const one = await attack(213)
    one.start(hex(1), nonce(1))
    await one.untilAsked()
    await field.time.run(30_000)
    const spoken = one.wire.messages.filter(({ t }) => t.startsWith('pair-'))
    expect(spoken).toEqual([])
  })
})

describe('whoever repeats', () => {
  /** A whole pairing up to the code. */
  async function toCode(one: Attack, pairing: string): Promise<Nonces> {
    one.start(pairing, nonce(1))
    const responder = await one.opened()
    one.wire.send({ t: 'pair-reveal', pairing, nonce: base64(nonce(1)) })
    await field.until('the code', () => one.current?.state === 'comparing')
    return { initiator: nonce(1), responder }
  }

  it('the confirm of the other side as its own is refused', async () => {
    const one = await attack(221)
    await toCode(one, hex(1))
    await one.say(true)
    const confirm = await one.told('pair-confirm')
    one.wire.send(confirm)
    await one.untilEnded('pairing-broken')
    expect(one.decision).toBeUndefined()
  })

  it('the messages of an earlier pairing on another connection is refused at the reveal', async () => {
    const one = await attack(222)
    const context = one.context('initiator', hex(1))
    const commitment = base64(commitmentOf(context, nonce(1)))
    const nonces = await toCode(one, hex(1))
    const signature = signConfirm('initiator', context, nonces, one.peer.identity.signingKey)
    one.wire.end()
    await one.untilEnded('pairing-lost')
    await one.meet()
    one.wire.send({ t: 'pair-start', pairing: hex(1), commitment })
    await one.opened()
    one.wire.send({ t: 'pair-reveal', pairing: hex(1), nonce: base64(nonce(1)) })
    one.wire.send({ t: 'pair-confirm', pairing: hex(1), signature })
    await one.untilEnded('pairing-broken')
  })

  it('a pairing that is done changes nothing more', async () => {
    const one = await attack(223)
    const nonces = await toCode(one, hex(1))
    const context = one.context('initiator', hex(1))
    expect(one.current?.code).toEqual(codeOf(context, nonces))
    const signature = signConfirm('initiator', context, nonces, one.peer.identity.signingKey)
    one.wire.send({ t: 'pair-confirm', pairing: hex(1), signature })
    await one.say(true)
    await field.until('done', () => one.current?.state === 'done')
    const { decision } = one
    expect(decision?.ground).toBe('code')
    one.wire.send({ t: 'pair-confirm', pairing: hex(1), signature })
    one.wire.send({ t: 'pair-end', pairing: hex(1), why: 'differ' })
    await field.time.run(2_000)
    expect(one.current?.state).toBe('done')
    expect(one.decision).toEqual(decision)
    expect(one.wire.isClosed).toBe(false)
  })

  it('a start while its pairing runs is cut', async () => {
    const one = await attack(224)
    await toCode(one, hex(1))
    one.start(hex(2), nonce(2))
    await one.untilEnded('pairing-broken')
    await field.until('cut', () => one.wire.isClosed)
  })
})

describe('whoever asks and asks', () => {
  it('has one prompt, which gets no more time, and is cut after 32 messages', async () => {
    const one = await attack(231)
    for (let count = 1; count <= 20; count++) one.start(hex(count), nonce(count))
    await one.untilAsked()
    const [request, ...more] = one.node.overview.pairing.requests
    expect(more).toEqual([])
    await field.time.run(30_000)
    for (let count = 21; count <= 30; count++) one.start(hex(count), nonce(count))
    await field.time.run(1_000)
    expect(one.node.overview.pairing.requests).toEqual([request])
    expect(one.wire.isClosed).toBe(false)
    // The newest counts: the older ones had their chance.
    await one.opened()
    // Of another one than runs: it may have been on its way.
    one.wire.send({ t: 'pair-end', pairing: hex(29), why: 'busy' })
    await field.time.run(1_000)
    expect(one.current?.state).toBe('answered')
    for (let count = 0; count < 2; count++) one.wire.send({ t: 'pair-end', pairing: hex(29), why: 'busy' })
    await field.until('cut', () => one.wire.isClosed)
  })

  it('out of turn, of another pairing or on an older link is ignored or cut as the rules say', async () => {
    const one = await attack(232)
    one.wire.send({ t: 'pair-nonce', pairing: hex(1), nonce: base64(nonce(1)) })
    one.wire.send({ t: 'pair-reveal', pairing: hex(1), nonce: base64(nonce(1)) })
    await field.time.run(1_000)
    expect(one.wire.isClosed).toBe(false)
    expect(one.current).toBeUndefined()
    const old = await field.node('old', { linkVersions: [1, 2, 3] })
    const other = await new Attack(old, one.peer).meet()
    other.start(hex(1), nonce(1))
    await field.until('cut', () => other.wire.isClosed)
    expect(old.overview.pairing.requests).toEqual([])
  })

  it('with names, nonces and words of another form is cut, or taken for the end', () => {
    const parse = (message: unknown) => parseMessage(Buffer.from(JSON.stringify(message)))
    const good = { t: 'pair-nonce', pairing: hex(1), nonce: base64(nonce(1)) }
    expect(typeof parse(good)).toBe('object')
    for (const wrong of [
      { ...good, pairing: 'A'.repeat(32) },
      { ...good, pairing: hex(1).slice(2) },
      { ...good, nonce: base64(Buffer.alloc(31)) },
      { ...good, nonce: `${good.nonce}=` },
      { t: 'pair-start', pairing: hex(1) },
      { t: 'pair-confirm', pairing: hex(1), signature: base64(Buffer.alloc(63)) },
      { t: 'pair-again', pairing: hex(1) }
    ])
      expect(typeof parse(wrong), JSON.stringify(wrong)).toBe('string')
    expect(parse({ t: 'pair-end', pairing: hex(1), why: 'of a later release' })).toMatchObject({ why: 'cancelled' })
  })
})
