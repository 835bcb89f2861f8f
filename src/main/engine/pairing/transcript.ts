/**
 * What both sides of a pairing hash and sign (docs/protocol/pairing.md), pure. The initiator is bound to its nonce by
 * the commitment before it sees the responder's, so nobody in between can choose a nonce that makes two codes equal.
 */
import type { KeyObject } from 'node:crypto'
import type { PairingCode } from '@shared/model.js'
import { lengthPrefixed, parseBase64Url, sha256 } from '../bytes/hash.js'
import { signFor, verifyFor } from '../identity/signature.js'
import { wordsOf } from '../identity/words.js'

export type Side = 'initiator' | 'responder'

/** Equal on both sides of one link, and on no other. */
export interface PairingContext {
  /** 16 bytes, chosen by the initiator. */
  readonly pairing: Buffer
  /** Which side of the link the initiator is. */
  readonly initiatorRole: 'client' | 'server'
  /** Ed25519, 32 bytes. */
  readonly initiatorKey: Buffer
  readonly responderKey: Buffer
  /** SHA-256 of the DER. */
  readonly clientCertificate: Buffer
  readonly serverCertificate: Buffer
  /** Of the link, 32 bytes. */
  readonly exporter: Buffer
}

/** 32 bytes each. */
export interface Nonces {
  readonly initiator: Buffer
  readonly responder: Buffer
}

function fieldsOf(context: PairingContext): Buffer[] {
  const { pairing, initiatorRole, initiatorKey, responderKey } = context
  const { clientCertificate, serverCertificate, exporter } = context
  const role = Buffer.from(initiatorRole)
  return [pairing, role, initiatorKey, responderKey, clientCertificate, serverCertificate, exporter]
}

/** What the initiator sends before it knows the other nonce: 32 bytes. */
export function commitmentOf(context: PairingContext, initiatorNonce: Buffer): Buffer {
  return sha256('muster/1 pairing-commitment\0', lengthPrefixed([...fieldsOf(context), initiatorNonce]))
}

function openedFields(context: PairingContext, nonces: Nonces): Buffer[] {
  const commitment = commitmentOf(context, nonces.initiator)
  return [...fieldsOf(context), commitment, nonces.responder, nonces.initiator]
}

/** What two people compare. Digits and words are of different bits: neither is a part of the other. */
export function codeOf(context: PairingContext, nonces: Nonces): PairingCode {
  const hash = sha256('muster/1 pairing-code\0', lengthPrefixed(openedFields(context, nonces)))
  const digits = hash.readBigUInt64BE(0) % 1_000_000n
  return { digits: digits.toString().padStart(6, '0'), words: wordsOf(hash.readBigUInt64BE(8), 3) }
}

/** Its person said that the codes are equal: base64url. */
export function signConfirm(side: Side, context: PairingContext, nonces: Nonces, key: KeyObject): string {
  return signFor('pairing', [Buffer.from(side), ...openedFields(context, nonces)], key).toString('base64url')
}

/** @param side the one that signed. */
export function verifyConfirm(
  side: Side,
  context: PairingContext,
  nonces: Nonces,
  key: KeyObject,
  signature: string
): boolean {
  const bytes = parseBase64Url(signature, 64)
  const fields = [Buffer.from(side), ...openedFields(context, nonces)]
  return bytes !== undefined && verifyFor('pairing', fields, key, bytes)
}
