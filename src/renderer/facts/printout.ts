/** The log and the state of a mission as one HTML file for paper: needs nothing beside itself, and runs nothing. */
export interface PrintRow {
  readonly cells: readonly string[]
}

export interface PrintSection {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly PrintRow[]
  /** Where there are no rows. */
  readonly none: string
}

export interface Printout {
  readonly language: string
  readonly title: string
  readonly lead: string
  /** Who printed it, when, from what: so that paper can be told from newer paper. */
  readonly proof: readonly string[]
  readonly sections: readonly PrintSection[]
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

/** Every text of a mission is somebody else's. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => escapes[sign] ?? '')
}

const style = `
body{font:11pt/1.4 system-ui,sans-serif;margin:1.5cm;color:#000;background:#fff}
h1{font-size:18pt;margin:0}h2{font-size:13pt;margin:1.2em 0 .3em;border-bottom:2px solid #000;break-after:avoid}
p{margin:.2em 0}.proof{font-size:9pt}
table{border-collapse:collapse;width:100%}th,td{text-align:start;vertical-align:top;padding:.25em .8em .25em 0;border-bottom:1px solid #888}
td{white-space:pre-wrap;overflow-wrap:anywhere}td:first-child{white-space:nowrap}thead{display:table-header-group}tr{break-inside:avoid}
@page{margin:1.5cm}@media print{body{margin:0}}`

export function printHtml({ language, title, lead, proof, sections }: Printout): string {
  const cells = (tag: 'th' | 'td', texts: readonly string[]) =>
    texts.map((text) => `<${tag}>${escapeHtml(text)}</${tag}>`).join('')
  const table = ({ head, rows, none }: PrintSection) =>
    rows.length === 0
      ? `<p>${escapeHtml(none)}</p>`
      : `<table><thead><tr>${cells('th', head)}</tr></thead><tbody>${rows
          .map((row) => `<tr>${cells('td', row.cells)}</tr>`)
          .join('\n')}</tbody></table>`
  return `<!doctype html>
<html lang="${escapeHtml(language)}" dir="auto">
<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${escapeHtml(title)}</title><style>${style}</style></head>
<body>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(lead)}</p>
${proof.map((line) => `<p class="proof">${escapeHtml(line)}</p>`).join('\n')}
${sections.map((section) => `<h2>${escapeHtml(section.title)}</h2>\n${table(section)}`).join('\n')}
</body>
</html>
`
}
