import { describe, expect, it } from 'vitest'
import type { NodeId } from '@shared/model.js'
import { catalogueOf, type MetNode } from '../../src/main/engine/catalogue/catalogue.js'
import { ListBook } from '../../src/main/engine/catalogue/list-book.js'
import { parseAddress, parseTeamList, type ListedNode } from '../../src/main/engine/catalogue/team-list.js'
import { bounds } from '../../src/main/engine/limits.js'
import { SimDisk } from '../sim/disk.js'
import { seededRandom } from '../sim/random.js'

const hex = (digit: string) => digit.repeat(64) as NodeId
const yaml = `# Kras, first week
nodes:
  - name: Base
    node: ${hex('a')}
    federation: field
    tags: [gateway, command post]
    addresses:
      - base.example
      - 10.20.4.1:47111
    forwards:
      - mission: Kras flood
        to: [north]
  - name: Boat 2
    addresses: ["[fe80::1%eth0]:5", "2001:db8::7"]
`

function refusal(text: string): string {
  const parsed = parseTeamList(text)
  expect(parsed).toMatchObject({ ok: false, problem: { code: 'team-list-refused' } })
  return parsed.ok ? '' : (parsed.problem.detail ?? '')
}

describe('a team list', () => {
  it('is read from YAML and from JSON alike', () => {
    const nodes: readonly ListedNode[] = [
      {
        name: 'Base',
        nodeId: hex('a'),
        federation: 'field',
        tags: ['gateway', 'command post'],
        addresses: [
          { address: 'base.example', port: 47110 },
          { address: '10.20.4.1', port: 47111 }
        ],
        forwards: [{ mission: 'Kras flood', to: ['north'] }]
      },
      {
        name: 'Boat 2',
        tags: [],
        addresses: [
          { address: 'fe80::1%eth0', port: 5 },
          { address: '2001:db8::7', port: 47110 }
        ],
        forwards: []
      }
    ]
    expect(parseTeamList(yaml)).toEqual({ ok: true, value: nodes })
    const json = JSON.stringify({
      nodes: [
        {
          ...{ name: 'Base', node: hex('a'), federation: 'field', tags: ['gateway', 'command post'] },
          ...{ addresses: ['base.example', '10.20.4.1:47111'], forwards: [{ mission: 'Kras flood', to: ['north'] }] }
        },
        { name: 'Boat 2', addresses: ['[fe80::1%eth0]:5', '2001:db8::7'] }
      ]
    })
    expect(parseTeamList(json)).toEqual({ ok: true, value: nodes })
  })

  it.each([
    [
      'a wrong address',
      yaml.replace('10.20.4.1:47111', '10.20.4.1:99999'),
      /^line 9: nodes\[0\]\.addresses\[1\]: host/
    ],
    ['a key that is not known', yaml.replace('tags:', 'tag:'), /^line 6: nodes\[0\]\.tag: /],
    ['no name', 'nodes:\n  - tags: [a]\n', /^line 2: nodes\[0\]\.name: /],
    ['a key twice', 'nodes:\n  - name: a\n    name: b\n', /^line 3: name stands twice$/],
    [
      'a node twice',
      `${yaml}  - name: Again\n    node: ${hex('a')}\n`,
      /^line 15: nodes\[2\]: node a{64} stands at Base already$/
    ],
    [
      'an address twice',
      `${yaml}  - name: Again\n    addresses: [base.example:47110]\n`,
      /^line 15: .* stands at Base already$/
    ],
    ['an alias', 'nodes:\n  - &a\n    name: x\n  - *a\n', /^line 4: aliases are not taken$/],
    ['broken YAML', 'nodes:\n  - name: "a\n', /^line \d+: /],
    ['no list', 'hello', /^line 1: the file: /],
    ['nobody', 'nodes: []', /^line 1: nodes: at least one node$/],
    ['two documents', 'nodes: [{ name: a }]\n---\nnodes: []\n', /^line \d: /],
    ['too many', `nodes:\n${'  - name: a\n'.repeat(bounds.listed.nodes + 1)}`, /^line 2: nodes: at most 200$/],
    ['too much', 'x'.repeat(bounds.listed.bytes + 1), /^larger than 65536 bytes$/]
  ])('is refused whole with its line: %s', (_, text, reason) => {
    expect(refusal(text)).toMatch(reason)
  })

  it.each([
    ['dashes', '- '],
    ['question marks', '? '],
    ['colons', ': '],
    ['spaces', ' '],
    ['brackets', '['],
    ['braces', '{a: ']
  ])('that nests without end ends no process: %s', (_, part) => {
    expect(refusal(part.repeat(bounds.listed.bytes / part.length))).toBe('line 1: nested deeper than any list is')
  })

  it('with very many keys is refused soon', () => {
    const keys = Array.from({ length: 6_000 }, (_, index) => `k${String(index)}: 1`).join('\n')
    // Each with each would take longer than a test may.
    expect(refusal(keys)).toMatch(/^line 1: nodes: /)
  })

  it.each([
    ['base', 'base', 47110],
    ['base:1', 'base', 1],
    ['fe80::1%eth0', 'fe80::1%eth0', 47110],
    ['[::1]:65535', '::1', 65535],
    ['bücher.example', 'bücher.example', 47110]
  ])('takes the address %s', (text, address, port) => {
    expect(parseAddress(text)).toEqual({ address, port })
  })

  it.each(['', ':1', 'a:0', 'a:65536', 'a b', '[::1', '::1]:5', 'http://a', 'a:1:2', '[a]:1', `${'a'.repeat(254)}`])(
    'takes no address from "%s"',
    (text) => {
      expect(parseAddress(text)).toBeUndefined()
    }
  )

  it('is kept, and takes the place of the one before', async () => {
    const disk = new SimDisk(seededRandom(1))
    const problems: unknown[] = []
    const nodes = parseTeamList(yaml)
    const book = await ListBook.open(disk, (found) => problems.push(found))
    expect(book.nodes).toEqual([])
    if (nodes.ok) expect(await book.replace(nodes.value)).toEqual({ ok: true, value: null })
    const again = await ListBook.open(disk, (found) => problems.push(found))
    expect(again.addresses.map(({ address }) => address)).toEqual([
      'base.example',
      '10.20.4.1',
      'fe80::1%eth0',
      '2001:db8::7'
    ])
    await again.replace([])
    expect((await ListBook.open(disk, () => undefined)).nodes).toEqual([])
    expect(problems).toEqual([])
  })
})

describe('the catalogue', () => {
  const met = (digit: string, over: Partial<MetNode> = {}): MetNode => ({
    nodeId: hex(digit),
    callsign: `met ${digit}`,
    laptop: '',
    federation: 'field',
    linkVersion: 4,
    lastHeard: 1_000,
    addresses: [{ address: `10.0.0.${digit}`, port: 1 }],
    level: 'untrusted',
    isLinked: false,
    ...over
  })
  const listed = (over: Partial<ListedNode>): ListedNode => ({
    ...{ name: 'listed', tags: ['t'], addresses: [], forwards: [] },
    ...over
  })

  it('has a node once, by its node ID or by where it was met last', () => {
    const entries = catalogueOf(
      [met('1'), met('2'), met('3')],
      [
        listed({ name: 'by ID', nodeId: hex('1'), addresses: [{ address: 'far.example', port: 1 }] }),
        listed({ name: 'by address', addresses: [{ address: '10.0.0.2', port: 1 }] }),
        listed({
          name: 'another ID at a known address',
          nodeId: hex('f'),
          addresses: [{ address: '10.0.0.3', port: 1 }]
        })
      ],
      2_000,
      90_000
    )
    expect(entries.map(({ name, isListed, tags, isStale }) => [name, isListed, tags.length, isStale])).toEqual([
      ['met 1', true, 1, false],
      ['met 2', true, 1, false],
      ['met 3', false, 0, false],
      ['another ID at a known address', true, 1, true]
    ])
    expect(entries[0]?.addresses.map(({ address }) => address)).toEqual(['10.0.0.1', 'far.example'])
    expect(entries[1]?.addresses).toHaveLength(1)
    expect(entries[3]).not.toHaveProperty('lastHeard')
  })

  it('calls stale who was not heard in time and is not linked', () => {
    const isStale = (node: MetNode, now: number) => catalogueOf([node], [], now, 90_000)[0]?.isStale
    expect(isStale(met('1'), 90_999)).toBe(false)
    expect(isStale(met('1'), 91_000)).toBe(true)
    expect(isStale(met('1', { isLinked: true }), 91_000)).toBe(false)
    expect(isStale(met('1'), 0), 'a clock that was set back').toBe(false)
  })
})
