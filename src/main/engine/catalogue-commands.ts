/** Commands about the catalogue: every node that is known, and the team list that adds to it. */
import type { CommandHandlers } from '@shared/contract.js'
import { ok, type Problem, type Result } from '@shared/result.js'
import { catalogueOf } from './catalogue/catalogue.js'
import type { ListBook } from './catalogue/list-book.js'
import { parseTeamList } from './catalogue/team-list.js'
import type { LinkTable } from './links/link-table.js'
import type { Clock } from './runtime/clock.js'
import type { PeerBook } from './trust/peer-book.js'
import type { TrustBook } from './trust/trust-book.js'

export interface CatalogueParts {
  readonly clock: Clock
  readonly book: ListBook
  readonly peers: PeerBook
  readonly trust: TrustBook
  readonly links: LinkTable
  readonly onList: () => void
  readonly onSaved: (problem: Problem | undefined) => void
}

const staleAfterMs = 90_000

export function createCatalogueCommands(
  parts: CatalogueParts
): Pick<CommandHandlers, 'openTeamList' | 'removeTeamList' | 'listCatalogue'> {
  const { clock, book, peers, trust, links, onList, onSaved } = parts
  const replace = async (nodes: ListBook['nodes']): Promise<Result<null>> => {
    const saved = await book.replace(nodes)
    onSaved(saved.ok ? undefined : saved.problem)
    if (saved.ok) onList()
    return saved
  }
  return {
    async openTeamList({ text }) {
      const parsed = parseTeamList(text)
      if (!parsed.ok) return parsed
      const saved = await replace(parsed.value)
      return saved.ok ? ok({ nodes: parsed.value.length, addresses: book.addresses.length }) : saved
    },
    async removeTeamList() {
      return replace([])
    },
    async listCatalogue(query) {
      const met = [...peers.peers.values()].map(({ nodeId, ...known }) => ({
        ...known,
        nodeId,
        level: trust.stateOf(nodeId).level,
        isLinked: links.linkTo(nodeId)?.state === 'up'
      }))
      return ok({ nodes: catalogueOf(met, book.nodes, clock.now(), query?.staleAfterMs ?? staleAfterMs) })
    }
  }
}
