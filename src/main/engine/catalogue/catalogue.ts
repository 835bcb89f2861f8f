/** Every node ever met and every node of the team list, one entry each, pure. What was met outranks what a list says. */
import type { CatalogueEntry, Level, NodeId } from '@shared/model.js'
import type { ListedNode } from './team-list.js'

export interface MetNode {
  readonly nodeId: NodeId
  readonly callsign: string
  readonly laptop: string
  readonly federation: string
  readonly linkVersion?: number | undefined
  readonly lastHeard: number
  readonly addresses: CatalogueEntry['addresses']
  readonly level: Level
  readonly isLinked: boolean
}

/** @param now wall time, as of `lastHeard`. */
export function catalogueOf(
  met: readonly MetNode[],
  listed: readonly ListedNode[],
  now: number,
  staleAfterMs: number
): readonly CatalogueEntry[] {
  const left = new Set(listed)
  const entries = met.map((node): CatalogueEntry => {
    const entry = listed.find((one) => left.has(one) && isSame(one, node))
    if (entry !== undefined) left.delete(entry)
    const { nodeId, callsign, laptop, federation, linkVersion, lastHeard, level, isLinked } = node
    return {
      nodeId,
      name: callsign || (entry?.name ?? ''),
      laptop,
      federation: federation || (entry?.federation ?? ''),
      tags: entry?.tags ?? [],
      addresses: union(node.addresses, entry?.addresses ?? []),
      ...(linkVersion === undefined ? {} : { linkVersion }),
      lastHeard,
      // A clock that was set back makes nobody stale.
      isStale: !isLinked && now - lastHeard >= staleAfterMs,
      level,
      isListed: entry !== undefined,
      forwards: entry?.forwards ?? []
    }
  })
  const unmet = [...left].map(({ nodeId, name, federation = '', tags, addresses, forwards }): CatalogueEntry => ({
    ...(nodeId === undefined ? {} : { nodeId }),
    ...{ name, laptop: '', federation, tags, addresses, isStale: true, isListed: true, forwards }
  }))
  return [...entries, ...unmet].sort((one, other) => (other.lastHeard ?? 0) - (one.lastHeard ?? 0))
}

/** By node ID where the list has one; else by where it was met last. */
function isSame(listed: ListedNode, { nodeId, addresses: [newest] }: MetNode): boolean {
  if (listed.nodeId !== undefined) return listed.nodeId === nodeId
  return listed.addresses.some(({ address, port }) => address === newest?.address && port === newest.port)
}

function union(met: CatalogueEntry['addresses'], listed: CatalogueEntry['addresses']): CatalogueEntry['addresses'] {
  const isMet = (one: CatalogueEntry['addresses'][number]) =>
    met.some(({ address, port }) => address === one.address && port === one.port)
  return [...met, ...listed.filter((one) => !isMet(one))]
}
