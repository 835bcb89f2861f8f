/** Revocations as bundles carry them: told and judged by what links tell and judge. */
import type { NodeId } from '@shared/model.js'
import { ok } from '@shared/result.js'
import { readList } from './certificates/crl.js'
import type { CarriedList, RevocationPort } from './bundles/revocation-port.js'
import { judgeCarried, keepCarried } from './list-exchange.js'
import type { TrustBook } from './trust/trust-book.js'
import type { Vouching } from './trust/vouching.js'

/** What no sender can help: there is no room for it, or it counts nowhere here. */
const passedOver: ReadonlySet<string> = new Set(['too-many'])

export function createRevocationPort(trust: TrustBook, vouching: Vouching): RevocationPort {
  const counts = async ({ list, signer }: CarriedList) => {
    const read = await readList(list)
    return read.ok && judgeCarried({ trust, vouching }, read.value, signer).ok
  }
  return {
    told() {
      const accepted = new Set(trust.acceptedCertificates().map(({ sha256 }) => sha256))
      const lists = trust.listLines().flatMap(({ authority, anchor }) => {
        const kept = trust.lists.get(authority)
        const isTold = kept?.list !== undefined && accepted.has(anchor)
        return isTold ? [{ signer: Buffer.from(kept.signer.der), list: Buffer.from(kept.list.der) }] : []
      })
      return { statements: trust.statementsTold(), lists }
    },
    async news({ statements, lists }) {
      const fresh = statements.filter(({ name }) => !trust.hasStatement(name))
      const about = new Set<NodeId>(fresh.map(({ node }) => node))
      const out = new Set(
        fresh
          .filter((one) => trust.wouldCount(one) && trust.stateOf(one.node).level !== 'revoked')
          .map(({ node }) => node)
      )
      let count = 0
      for (const list of lists) if (await counts(list)) count++
      return { laptops: about.size, shutOut: out.size, lists: count }
    },
    async take({ statements, lists }, from) {
      const taken = { statements: 0, lists: 0 }
      for (const statement of statements) {
        if (trust.hasStatement(statement.name)) continue
        const kept = await trust.takeStatement(statement, from)
        if (kept.ok) taken.statements++
        else if (!passedOver.has(kept.problem.code)) return kept
      }
      for (const { list, signer } of lists) {
        const read = await readList(list)
        const judged = read.ok ? judgeCarried({ trust, vouching }, read.value, signer) : read
        if (!read.ok || !judged.ok) continue
        const kept = await keepCarried({ trust, vouching }, read.value, judged.value, from)
        if (kept.ok) taken.lists++
        else if (!passedOver.has(kept.problem.code)) return kept
      }
      return ok(taken)
    }
  }
}
