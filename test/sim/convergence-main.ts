/** The table of scripts/convergence.mjs. */
import { parseArgs } from 'node:util'
import { converge, type Convergence } from './convergence.js'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '10,100,1000' },
    seed: { type: 'string', default: '1' },
    writers: { type: 'string', default: '5' },
    changes: { type: 'string', default: '10' }
  }
})

const rows: Convergence[] = []
for (const nodes of values.nodes.split(',').map(Number)) {
  const startedAt = performance.now()
  const onProgress = (text: string) =>
    console.error(`${String(nodes)} nodes, ${((performance.now() - startedAt) / 1_000).toFixed(0)} s: ${text}`)
  const writers = Math.min(Number(values.writers), Math.floor(nodes / 2))
  rows.push(
    await converge({ seed: Number(values.seed), nodes, writers, changesEach: Number(values.changes), onProgress })
  )
}

const columns: readonly (readonly [string, (row: Convergence, before: Convergence | undefined) => string])[] = [
  ['nodes', ({ nodes }) => String(nodes)],
  ['links', ({ edges }) => String(edges)],
  ['cut', ({ cut }) => String(cut)],
  ['changes', ({ changes }) => String(changes)],
  ['time', ({ ms }) => `${(ms / 1_000).toFixed(2)} s`],
  ['frames', ({ frames }) => String(frames)],
  ['bytes', ({ bytes }) => `${(bytes / 1e6).toFixed(2)} MB`],
  ['frames per node', ({ frames, nodes }) => (frames / nodes).toFixed(0)],
  ['kB per node', ({ bytes, nodes }) => (bytes / nodes / 1e3).toFixed(1)],
  ['time grows as', growth(({ ms }) => ms)],
  ['frames grow as', growth(({ frames }) => frames)],
  ['bytes grow as', growth(({ bytes }) => bytes)],
  ['processor', ({ cpuMs }) => `${(cpuMs / 1_000).toFixed(1)} s`],
  ['memory', ({ memoryMiB }) => `${memoryMiB.toFixed(0)} MiB`]
]

/** The exponent of the number of nodes since the row before. */
function growth(of: (row: Convergence) => number): (row: Convergence, before: Convergence | undefined) => string {
  return (row, before) =>
    before === undefined ? '' : `n^${(Math.log(of(row) / of(before)) / Math.log(row.nodes / before.nodes)).toFixed(2)}`
}

const table = [
  columns.map(([title]) => title),
  ...rows.map((row, index) => columns.map(([, of]) => of(row, rows[index - 1])))
]
const widths = columns.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)))
for (const cells of table) console.log(cells.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  '))
