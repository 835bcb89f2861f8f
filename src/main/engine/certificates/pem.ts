/**
 * Text with PEM blocks (RFC 7468) between anything: "Bag Attributes" of OpenSSL, notes, CRLF, a byte order mark. Read line
 * by line, because a pattern over a hostile file of a megabyte can take hours.
 */
import { fail, ok, type Result } from '@shared/result.js'

export interface PemBlock {
  /** `CERTIFICATE`, `EC PRIVATE KEY`, … */
  readonly label: string
  readonly der: Buffer
  /** Headers of RFC 1421 before the content, such as `Proc-Type`. */
  readonly headers: ReadonlyMap<string, string>
}

/** Text of a file, or `undefined` when it is none that holds PEM. Some Windows tools write UTF-16. */
export function pemText(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer[0] === 0xff && buffer[1] === 0xfe ? buffer.toString('utf16le', 2) : buffer.toString('latin1')
  return text.includes('-----BEGIN ') ? text : undefined
}

const fence = /^\s*-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----\s*$/
const header = /^([A-Za-z-]{1,32}): ?(.{0,200})$/
const base64 = /^[A-Za-z0-9+/]*={0,2}$/

export function readPem(text: string): Result<readonly PemBlock[]> {
  const blocks: PemBlock[] = []
  let open: { label: string; headers: Map<string, string>; body: string[] } | undefined
  for (const line of text.replace(/^(\ufeff|\u00ef\u00bb\u00bf)/, '').split(/\r\n|\r|\n/)) {
    // Longer lines are no fence; patterns see short ones only.
    const [, edge, label] = (line.length <= 200 && line.includes('-----') ? fence.exec(line) : null) ?? []
    if (edge === 'BEGIN' && label !== undefined) {
      if (open !== undefined) return fail('certificate-damaged', `${open.label} has no end`)
      open = { label, headers: new Map(), body: [] }
    } else if (edge === 'END') {
      if (open === undefined || open.label !== label) return fail('certificate-damaged', `${label} has no beginning`)
      const body = open.body.join('')
      if (!base64.test(body) || body.length % 4 === 1) return fail('certificate-damaged', `${label} is not base64`)
      blocks.push({ label, headers: open.headers, der: Buffer.from(body, 'base64') })
      open = undefined
    } else if (open !== undefined) {
      const [, name, value] = (open.body.length === 0 && line.length <= 250 && header.exec(line)) || []
      if (name !== undefined) open.headers.set(name, value ?? '')
      else if (line.trim() !== '') open.body.push(line.trim())
    }
  }
  return open === undefined ? ok(blocks) : fail('certificate-damaged', `${open.label} has no end`)
}

/** The block as PEM, for readers that need its headers. */
export function blockText({ label, headers, der }: PemBlock): string {
  const lines = [...headers].map(([name, value]) => `${name}: ${value}`)
  return [
    `-----BEGIN ${label}-----`,
    ...lines,
    ...(lines.length > 0 ? [''] : []),
    wrapped(der.toString('base64')),
    `-----END ${label}-----`,
    ''
  ].join('\n')
}

function wrapped(body: string): string {
  return (body.match(/.{1,64}/g) ?? []).join('\n')
}
