/** What a person typed, as the setting it stands for; `undefined`: it cannot be kept. The engine checks it again. */
const nameLength = 64

export function readName(text: string, least: 0 | 1): string | undefined {
  const name = text.trim()
  const length = [...name].length
  return length >= least && length <= nameLength ? name : undefined
}

/** 0 stands for any free port. */
export function readLinkPort(text: string): number | undefined {
  const port = /^\s*\d{1,5}\s*$/.test(text) ? Number(text) : -1
  return port >= 0 && port <= 65535 ? port : undefined
}

/** Whole megabytes. */
export function readMegabytes(text: string): number | undefined {
  return /^\s*\d{1,9}\s*$/.test(text) ? Number(text) : undefined
}

/** An IP address with a port or without; empty: none. */
export function readDnsServer(text: string): string | undefined {
  const server = text.trim()
  return /^(|\d{1,3}(\.\d{1,3}){3}(:\d{1,5})?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*|\[[0-9A-Fa-f:.]+\](:\d{1,5})?)$/.test(
    server
  )
    ? server
    : undefined
}

/** Names with dots between them; empty: none. */
export function readDnsDomain(text: string): string | undefined {
  const domain = text.trim()
  return /^(|[\p{L}\p{N}_-]{1,63}(\.[\p{L}\p{N}_-]{1,63})*)$/u.test(domain) ? domain : undefined
}
