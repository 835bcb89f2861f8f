/**
 * A team list: a YAML or JSON file that people write by hand or have written, with the nodes of an operation. Read whole or
 * refused with the line that is wrong; nothing in it is proof of anything (docs/protocol/team-list.md).
 */
import { isIPv6 } from 'node:net'
import * as v from 'valibot'
import { isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml'
import type { Address, NodeId } from '@shared/model.js'
import { fail, ok, type Result } from '@shared/result.js'
import { NodeIdSchema } from '../bytes/ids.js'
import { bounds, limits } from '../limits.js'

const usualPort = 47110

const Name = (most: number = limits.nameLength) =>
  v.pipe(
    v.string('a text'),
    v.trim(),
    v.check((text) => text.isWellFormed() && text !== '' && [...text].length <= most, `1 to ${String(most)} characters`)
  )
const few = <Item>(item: v.GenericSchema<unknown, Item>, most: number) =>
  v.pipe(v.array(item, 'a list'), v.maxLength(most, `at most ${String(most)}`))

const AddressText = v.pipe(
  v.string('a text: host, host:port or [IPv6]:port'),
  v.rawTransform<string, Address>(({ dataset, addIssue, NEVER }) => {
    const address = parseAddress(dataset.value)
    if (address !== undefined) return address
    addIssue({ message: 'host, host:port or [IPv6]:port' })
    return NEVER
  })
)

const NodeEntry = v.strictObject({
  name: Name(),
  node: v.optional(NodeIdSchema),
  federation: v.optional(Name()),
  tags: v.optional(few(Name(), bounds.listed.tags), []),
  addresses: v.optional(few(AddressText, bounds.addressesPerPeer), []),
  /** What this node is meant to pass on; a plan of people, which no node enforces. */
  forwards: v.optional(
    few(v.strictObject({ mission: Name(200), to: few(Name(), bounds.listed.to) }), bounds.listed.forwards),
    []
  )
})
const TeamListFile = v.strictObject({
  nodes: v.pipe(few(NodeEntry, bounds.listed.nodes), v.minLength(1, 'at least one node'))
})

export interface ListedNode {
  readonly name: string
  readonly nodeId?: NodeId
  readonly federation?: string
  readonly tags: readonly string[]
  readonly addresses: readonly Address[]
  readonly forwards: readonly { readonly mission: string; readonly to: readonly string[] }[]
}

/** @param text YAML 1.2, of which JSON is a part. */
export function parseTeamList(text: string): Result<readonly ListedNode[]> {
  if (Buffer.byteLength(text) > bounds.listed.bytes)
    return fail('team-list-refused', `larger than ${String(bounds.listed.bytes)} bytes`)
  const deep = tooDeepLine(text)
  if (deep !== undefined) return refused(deep, 'nested deeper than any list is')
  const lines = new LineCounter()
  // Its own check of keys compares each with each.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, merge: false, prettyErrors: false })
  const [error] = document.errors
  if (error !== undefined) return refused(lines.linePos(error.pos[0]).line, error.message)
  const oddity = oddityOf(document)
  if (oddity !== undefined) return refused(lines.linePos(oddity.at).line, oddity.why)
  const read: unknown = document.toJS({ maxAliasCount: 0 })
  const parsed = v.safeParse(TeamListFile, read, { abortEarly: true })
  if (!parsed.success) {
    const [issue] = parsed.issues
    const path = issue.path?.map(({ key }) => key) ?? []
    return refused(lineOf(document, path, lines), `${pathText(path)}: ${issue.message}`)
  }
  const nodes = parsed.output.nodes.map(({ node, federation, ...rest }) => ({
    ...rest,
    ...(node === undefined ? {} : { nodeId: node }),
    ...(federation === undefined ? {} : { federation })
  }))
  const twice = repeated(nodes)
  return twice === undefined
    ? ok(nodes)
    : refused(lineOf(document, ['nodes', twice.index], lines), `nodes[${String(twice.index)}]: ${twice.why}`)
}

/** `host`, `host:port` or `[IPv6]:port`; IPv6 without a port needs no brackets. */
export function parseAddress(text: string): Address | undefined {
  const trimmed = text.trim()
  if (isIPv6(trimmed)) return { address: trimmed, port: usualPort }
  const [, six, host, portText] = /^(?:\[(.+)\]|([\p{L}\p{N}._-]+))(?::(\d{1,5}))?$/u.exec(trimmed) ?? []
  const address = six ?? host
  const port = portText === undefined ? usualPort : Number(portText)
  if (address === undefined || address.length > 253 || port < 1 || port > 65535) return undefined
  if (six !== undefined && !isIPv6(six)) return undefined
  return { address, port }
}

/**
 * The parser makes a regular expression out of an indent and calls itself for each level of nesting: some thousands of
 * either end the process, and nobody could catch that.
 */
function tooDeepLine(text: string): number | undefined {
  let depth = 0
  let line = 0
  for (const one of text.split('\n')) {
    line++
    const start = /[^ \t?:-]/.exec(one)?.index ?? one.length
    if (start > bounds.listed.indent) return line
    for (const char of one) {
      if (char === '[' || char === '{') depth++
      else if (char === ']' || char === '}') depth = Math.max(0, depth - 1)
      if (depth > bounds.listed.nesting) return line
    }
  }
  return undefined
}

/** What YAML would take and a list does not need: an alias can stand for more than any list has, a key twice hides one. */
function oddityOf(document: Document): { readonly at: number; readonly why: string } | undefined {
  let found: { readonly at: number; readonly why: string } | undefined
  visit(document, {
    Alias(_, alias) {
      found = { at: alias.range?.[0] ?? 0, why: 'aliases are not taken' }
      return visit.BREAK
    },
    Map(_, map) {
      const keys = new Set<unknown>()
      for (const { key } of map.items) {
        const name = isScalar(key) ? key.value : undefined
        if (typeof name === 'string' && !keys.has(name)) keys.add(name)
        else {
          const at = isScalar(key) ? key.range?.[0] : map.range?.[0]
          found = { at: at ?? 0, why: typeof name === 'string' ? `${name} stands twice` : 'a key that is no text' }
          return visit.BREAK
        }
      }
      return undefined
    }
  })
  return found
}

function repeated(nodes: readonly ListedNode[]): { readonly index: number; readonly why: string } | undefined {
  const seen = new Map<string, string>()
  for (const [index, { name, nodeId, addresses }] of nodes.entries()) {
    const own = new Set([
      ...(nodeId === undefined ? [] : [`node ${nodeId}`]),
      ...addresses.map(({ address, port }) => `address ${address} ${String(port)}`)
    ])
    for (const what of own) {
      const other = seen.get(what)
      if (other !== undefined) return { index, why: `${what} stands at ${other} already` }
      seen.set(what, name)
    }
  }
  return undefined
}

function refused(line: number, why: string): Result<never> {
  return fail('team-list-refused', `line ${String(line)}: ${why}`)
}

/** Where the deepest part of this path that is there begins. */
function lineOf(document: Document, path: readonly unknown[], lines: LineCounter): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true)
    const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined
    if (Array.isArray(range) && typeof range[0] === 'number') return lines.linePos(range[0]).line
  }
  return 1
}

function pathText(path: readonly unknown[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${String(key)}]` : `.${String(key)}`)).join('')
  return text.replace(/^\./, '').slice(0, 100) || 'the file'
}
