/**
 * What a run says: one table for people, the same figures for programs. A row has a `workload`, a `unit`, what `ours`,
 * the `floor` and the `rival` took, and what it `must` and is to `aim` at: {ratioAtMost} or {ratioAtLeast} of the
 * floor's, or {atMost} in its unit. `missing` says why ours was not measured.
 */

/** Adds what follows from the figures: the ratio, by how much the must was missed, whether the aim was reached. */
export function judge(row) {
  const { ours, floor, must, aim } = row
  if (ours === undefined) return row
  // A difference of two measurements may be nothing, or less.
  const ratio = floor > 0 ? ours / floor : undefined
  const missedBy = must && excess(must, ours, ratio)
  return {
    ...row,
    ...(ratio === undefined ? {} : { ratio }),
    ...(must === undefined ? {} : { isMet: missedBy <= 1, missedBy: Math.max(1, missedBy) }),
    ...(aim === undefined ? {} : { isAimMet: excess(aim, ours, ratio) <= 1 })
  }
}

/** Above 1: missed, by this factor. */
function excess({ ratioAtMost, ratioAtLeast, atMost }, ours, ratio) {
  if (atMost !== undefined) return ours / atMost
  return ratioAtMost === undefined ? ratioAtLeast / ratio : ratio / ratioAtMost
}

/** @param before rows of an earlier run: their ratios are shown beside, or their figures where there is no floor. */
export function table(rows, before = []) {
  const earlier = new Map(before.map((row) => [row.workload, row]))
  const hasRival = rows.some(({ rival }) => rival !== undefined)
  const columns = [
    ['workload', ({ workload }) => workload],
    ['ours', ({ ours }) => (ours === undefined ? 'not measured' : number(ours)), true],
    ['floor', ({ floor }) => optional(floor), true],
    ...(hasRival ? [['hypercore', ({ rival }) => optional(rival), true]] : []),
    ['unit', ({ unit }) => unit],
    ['ratio', ({ ratio }) => times(ratio), true],
    ...(before.length > 0 ? [['before', ({ workload }) => ratioOrFigure(earlier.get(workload)), true]] : []),
    ['must', ({ must }) => target(must)],
    ['', verdict],
    ['aim', ({ aim, isAimMet }) => target(aim) + (isAimMet ? ' reached' : '')]
  ]
  const lines = rows.map((row) => columns.map(([, text]) => text(row)))
  const all = [columns.map(([title]) => title), ...lines]
  const widths = columns.map((_, column) => Math.max(...all.map((line) => line[column].length)))
  const cell = (text, column) => (columns[column][2] ? text.padStart(widths[column]) : text.padEnd(widths[column]))
  // Once for all rows of a workload.
  const missing = [
    ...new Set(rows.flatMap(({ workload, missing }) => (missing ? [`${workload.split(' ')[0]}: ${missing}`] : [])))
  ]
  return [
    ...all.map((line) => line.map(cell).join('  ').trimEnd()),
    ...(missing.length === 0 ? [] : ['', 'Not measured:', ...missing.map((line) => `  ${line}`)])
  ].join('\n')
}

function times(ratio) {
  return ratio === undefined ? '' : `${ratio.toFixed(2)}x`
}

function ratioOrFigure({ ratio, ours } = {}) {
  return ratio === undefined ? optional(ours) : times(ratio)
}

function verdict({ isMet, missedBy }) {
  if (isMet === undefined) return ''
  return isMet ? 'ok' : `MISSED x${missedBy.toFixed(2)}`
}

function target(goal) {
  if (goal === undefined) return ''
  if (goal.ratioAtMost !== undefined) return `<= ${goal.ratioAtMost}x`
  if (goal.ratioAtLeast !== undefined) return `>= ${goal.ratioAtLeast}x`
  return `<= ${goal.atMost}`
}

function optional(value) {
  return value === undefined ? '' : number(value)
}

export function text(number) {
  return number.toLocaleString('en-US')
}

function number(value) {
  return value >= 1000
    ? Math.round(value).toLocaleString('en-US')
    : value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)
}
