/**
 * Words to be read aloud: BIP-39's 2,048 English words, chosen so that four letters tell them apart; never translated.
 */
import { wordlist } from '@scure/bip39/wordlists/english.js'

/** The lowest bits, 11 for each word, the highest first. */
export function wordsOf(bits: bigint, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => {
    const index = (bits >> BigInt(11 * (count - 1 - at))) & 2047n
    return wordlist[Number(index)] ?? ''
  })
}

/** Four words of a node ID: for recognising a laptop again, not proof (44 bits, and nobody compares a hash by ear). */
export function recognitionWords(nodeId: string): readonly string[] {
  return wordsOf(BigInt(`0x${nodeId.slice(0, 11)}`), 4)
}
