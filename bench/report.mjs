// What a run says: one table for people, the same figures for programs.

/** Adds what follows from the figures: the ratio, and by how much a must was missed. */
export function judge(row) {
  const { ours, floor, must = {} } = row
  const ratio = ours === undefined || floor === undefined ? undefined : ours / floor
  if (ours === undefined) return row
  const { ratioAtMost, ratioAtLeast, atMost } = must
  const missed = Math.max(
    ratioAtMost === undefined ? 0 : ratio / ratioAtMost,
    ratioAtLeast === undefined ? 0 : ratioAtLeast / ratio,
    atMost === undefined ? 0 : ours / atMost
  )
  return { ...row, ratio, ...(row.must === undefined ? {} : { isMet: missed <= 1, missedBy: Math.max(1, missed) }) }
}

export function table(rows) {
  const lines = rows.map((row) => [
    row.workload,
    row.ours === undefined ? 'not measured' : number(row.ours),
    row.floor === undefined ? '' : number(row.floor),
    row.unit,
    row.ratio === undefined ? '' : `${row.ratio.toFixed(2)}x`,
    mustText(row),
    row.isMet === undefined ? '' : row.isMet ? 'ok' : `MISSED x${row.missedBy.toFixed(2)}`
  ])
  const all = [['workload', 'ours', 'floor', 'unit', 'ratio', 'must', ''], ...lines]
  const widths = all[0].map((_, column) => Math.max(...all.map((line) => line[column].length)))
  const isNumber = [false, true, true, false, true, false, false]
  const cell = (text, column) => (isNumber[column] ? text.padStart(widths[column]) : text.padEnd(widths[column]))
  return all.map((line) => line.map(cell).join('  ').trimEnd()).join('\n')
}

function mustText({ must, unit }) {
  if (must === undefined) return ''
  if (must.ratioAtMost !== undefined) return `at most ${must.ratioAtMost}x`
  if (must.ratioAtLeast !== undefined) return `at least ${must.ratioAtLeast}x`
  return `under ${must.atMost} ${unit}`
}

function number(value) {
  return value >= 1000
    ? Math.round(value).toLocaleString('en-US')
    : value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2)
}
