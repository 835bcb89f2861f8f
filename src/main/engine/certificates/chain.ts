/**
 * Chains: which certificate of a file is the one to import and who issued it, and whether a peer's chain leads to a
 * certificate that a person accepted (RFC 5280 section 6, without policies). Signatures are checked
 * by node:crypto; the paths are built here, because the ready-made engine in pkijs searches without a bound, does not
 * look at extended usages, and takes a certificate of which one of many names is permitted.
 */
import type { KeyObject } from 'node:crypto'
import type { ProblemCode } from '@shared/problems.js'
import { limits } from '../limits.js'
import { authorityProblem, laptopProblem, signatureProblem, timeProblem } from './fitness.js'
import type { ListPolicy, Lists } from './lists.js'
import { meetsConstraints } from './name-constraints.js'
import { isIssuedBy, isSelfIssued, isSelfSigned, parseCertificate, type Certificate } from './x509.js'

/** Ten certificates that all issued each other have millions of paths; honest ones have a handful. */
const pathsMost = 500

/**
 * The certificate to be imported, then those that issued it, as far as they are there. It is the one that fits the key;
 * else the first that is no authority; of authorities alone the lowest.
 */
export function orderChain(certificates: readonly Certificate[], key?: KeyObject): readonly Certificate[] {
  const end = endOf(certificates, key)
  if (end === undefined) return []
  const chain = [end]
  for (let last = end; !isSelfSigned(last);) {
    const issuer = certificates.find((one) => !chain.includes(one) && isIssuedBy(last, one))
    if (issuer === undefined) break
    chain.push(issuer)
    last = issuer
  }
  return chain
}

function endOf(certificates: readonly Certificate[], key: KeyObject | undefined): Certificate | undefined {
  const fitting = key && certificates.filter(({ x509 }) => x509.checkPrivateKey(key))
  const among = fitting !== undefined && fitting.length > 0 ? fitting : certificates
  const laptop = among.find(({ isCa }) => !isCa)
  if (laptop !== undefined) return laptop
  const hasIssued = (one: Certificate) => certificates.some((other) => other !== one && isIssuedBy(other, one))
  return among.find((one) => !hasIssued(one)) ?? among[0]
}

/**
 * Whether the first certificate of the chain is vouched for by the anchor at `time` (ms since 1970); `undefined` means
 * yes, else why not. The rest of the chain is help in any order, untrusted; the anchor need not be a root. All DER.
 */
export function judgeChain(chain: readonly Uint8Array[], anchor: Uint8Array, time: number): ProblemCode | undefined {
  const judged = chainEnd(readChain(chain), parseCertificate(anchor), time)
  return typeof judged === 'string' ? judged : undefined
}

/** A chain that counts. */
export interface ChainEnd {
  /** The certificates on the way, the peer's own first and the anchor last. */
  readonly path: readonly Certificate[]
  /** When the first of them ends, or the first of the lists that were asked for is outdated (ms). */
  readonly until: number
}

/** What is known of certificates that were taken back, and what the anchor wants to be known. */
export interface ListCheck {
  readonly lists: Lists
  readonly policy: ListPolicy
}

/** A chain read once, to be judged for several anchors. */
export type ReadChain = readonly (Certificate | undefined)[]

export function readChain(chain: readonly Uint8Array[]): ReadChain {
  // Not more than one too many: whoever sent it is a stranger.
  return chain.slice(0, limits.certificates + 1).map(parseCertificate)
}

/** As `judgeChain`, and with revocation lists when they are given. */
export function chainEnd(
  chain: ReadChain,
  top: Certificate | undefined,
  time: number,
  check?: ListCheck
): ChainEnd | ProblemCode {
  if (chain.length > limits.certificates) return 'chain-too-long'
  const [leaf, ...between] = chain
  if (leaf === undefined || top === undefined) return 'certificate-damaged'
  // An authority speaks for others, not for itself as a laptop.
  if (leaf.der.equals(top.der)) return 'wrong-usage'
  // What is not readable among the rest is no help, and no harm.
  const help = between.flatMap((one) =>
    one === undefined || one.der.equals(top.der) || one.der.equals(leaf.der) ? [] : [one]
  )
  let best: ProblemCode = 'not-issued-by-anchor'
  for (const path of pathsTo(leaf, help, top)) {
    const problem = pathProblem(path, time) ?? (check && listProblem(path, time, check))
    if (problem === undefined) return { path, until: endOfPath(path, check) }
    if (best === 'not-issued-by-anchor') best = problem
  }
  return best
}

/** Each certificate and who issued it. */
function pairsOf(path: readonly Certificate[]): readonly (readonly [Certificate, Certificate])[] {
  return path.slice(1).map((issuer, index) => [path[index] ?? issuer, issuer])
}

function listProblem(path: readonly Certificate[], time: number, check: ListCheck): ProblemCode | undefined {
  const { lists, policy } = check
  return pairsOf(path)
    .map(([one, issuer]) => lists.problemOf(one, issuer, policy, time))
    .find((found) => found !== undefined)
}

function endOfPath(path: readonly Certificate[], check: ListCheck | undefined): number {
  const ends = path.map(({ notAfter }) => notAfter)
  if (check?.policy !== 'current') return Math.min(...ends)
  return Math.min(...ends, ...pairsOf(path).map(([, issuer]) => check.lists.currentUntil(issuer)))
}

/** Whether the authority is the anchor or is vouched for by it as an authority. Time does not matter. */
export function isBelow(authority: Certificate, help: readonly Certificate[], anchor: Certificate): boolean {
  if (authority.der.equals(anchor.der)) return true
  const others = help.filter((one) => one !== authority && !one.der.equals(anchor.der))
  for (const path of pathsTo(authority, others, anchor))
    if (path.every((one) => authorityProblem(one) === undefined)) return true
  return false
}

/**
 * All paths from the leaf to the anchor along signatures that hold, each with the leaf first, as far as bounded. Found
 * from the anchor down: a signature is checked with keys only that the anchor vouches for. Strangers send chains before
 * anybody trusts them, and a key of their choice can make each check take long.
 */
function* pathsTo(
  leaf: Certificate,
  help: readonly Certificate[],
  anchor: Certificate
): Generator<readonly Certificate[]> {
  const known = new Map<Certificate, Map<Certificate, boolean>>()
  const issued = (one: Certificate, issuer: Certificate): boolean => {
    const row = known.get(one) ?? new Map<Certificate, boolean>()
    known.set(one, row)
    const held = row.get(issuer) ?? isIssuedBy(one, issuer)
    row.set(issuer, held)
    return held
  }
  const open: (readonly Certificate[])[] = [[anchor]]
  for (let steps = 0; open.length > 0 && steps < pathsMost; steps += 1) {
    // The shortest first: what an attacker adds to a good chain does not hide it.
    const path = open.shift() ?? []
    const first = path[0] ?? anchor
    if (issued(leaf, first)) yield [leaf, ...path]
    if (open.length < pathsMost)
      for (const next of help) if (!path.includes(next) && issued(next, first)) open.push([next, ...path])
  }
}

/** Of a path whose signatures hold, the leaf first and the anchor last. */
function pathProblem(path: readonly Certificate[], time: number): ProblemCode | undefined {
  const [leaf, ...authorities] = path
  if (leaf === undefined) return 'not-issued-by-anchor'
  const first = <T>(list: readonly T[], judge: (one: T, index: number) => ProblemCode | undefined) =>
    list.map(judge).find((found) => found !== undefined)
  return (
    first(path, (one) => timeProblem(one, time)) ??
    first(path.slice(0, -1), signatureProblem) ??
    first(authorities, authorityProblem) ??
    laptopProblem(leaf) ??
    first(authorities, ({ pathLength }, index) => {
      // Authorities between this one and the leaf; those renewed by themselves do not count (RFC 5280 4.2.1.9).
      const below = authorities.slice(0, index).filter((one) => !isSelfIssued(one)).length
      return pathLength !== undefined && below > pathLength ? 'not-issued-by-anchor' : undefined
    }) ??
    first(authorities, ({ constraints }, index) => {
      const below = path.slice(0, index + 1)
      const isKept =
        constraints === undefined ||
        below.every((one, depth) => (depth > 0 && isSelfIssued(one)) || meetsConstraints(one, constraints, depth === 0))
      return isKept ? undefined : 'not-issued-by-anchor'
    })
  )
}
