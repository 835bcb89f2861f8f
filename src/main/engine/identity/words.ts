/**
 * Four recognition words of a node ID: for recognising a laptop again, not proof (44 bits, and nobody compares a hash
 * by ear). The list is BIP-39's 2,048 English words, chosen so that four letters tell them apart; never translated.
 */
import { wordlist } from '@scure/bip39/wordlists/english.js'

export function recognitionWords(nodeId: string): readonly string[] {
  const bits = BigInt(`0x${nodeId.slice(0, 11)}`)
  return [33n, 22n, 11n, 0n].map((shift) => wordlist[Number((bits >> shift) & 2047n)] ?? '')
}
