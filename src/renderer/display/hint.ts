/** Where a node may be found, as one line of text that a picture carries (docs/protocol/pairing.md, "As a picture"). */
import * as v from 'valibot'
import { hasZone, joinAddress } from '@shared/address'
import type { Address, NodeId, Target } from '@shared/model'
import { fail, ok, type Result } from '@shared/result'

/** Nobody vouches for it: what answers at an address has to prove that it is this node. */
export interface Hint {
  readonly nodeId: NodeId
  /** 1 to 8; IPv4 or IPv6 without a zone. */
  readonly addresses: readonly Address[]
}

const addressesMost = 8

/** @returns `undefined`: of these addresses none means anything elsewhere. */
export function writeHint(nodeId: NodeId, addresses: readonly Address[]): string | undefined {
  const some = addresses.filter(({ address }) => !hasZone(address)).slice(0, addressesMost)
  if (some.length === 0) return undefined
  return `muster:add?node=${nodeId}${some.map((one) => `&at=${joinAddress(one)}`).join('')}`
}

/** @returns `picture-foreign` for anything that is not exactly this form. */
export function readHint(text: string): Result<Hint> {
  const [, nodeId, list] = /^muster:add\?node=([0-9a-f]{64})((?:&at=[0-9a-f.:[\]]{1,60}){1,8})$/.exec(text) ?? []
  if (nodeId === undefined || list === undefined) return fail('picture-foreign')
  const addresses: Address[] = []
  for (const part of list.split('&at=').slice(1)) {
    const address = readAddress(part)
    if (address === undefined) return fail('picture-foreign', part)
    addresses.push(address)
  }
  return ok({ nodeId: nodeId as NodeId, addresses })
}

/** `10.0.0.1:47110` or `[fd00::1]:47110`; no names, which others could answer for. */
function readAddress(text: string): Address | undefined {
  const [, six, four, digits] = /^(?:\[(.+)\]|([\d.]+)):([1-9]\d{0,4})$/.exec(text) ?? []
  const address = six ?? four ?? ''
  const port = Number(digits)
  const isAddress = v.is(v.pipe(v.string(), six === undefined ? v.ipv4() : v.ipv6()), address)
  return isAddress && port <= 65535 ? { address, port } : undefined
}

/** What answered so far at the addresses of a hint. */
export function answersTo({ nodeId, addresses }: Hint, targets: readonly Target[]) {
  const dialled = targets.filter((target) =>
    addresses.some(({ address, port }) => address === target.address && port === target.port)
  )
  const reached = dialled.filter(({ state }) => state === 'reached')
  return {
    dialled,
    isMet: reached.some((target) => target.nodeId === nodeId),
    others: reached.filter((target) => target.nodeId !== nodeId)
  }
}
