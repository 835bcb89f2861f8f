/**
 * Name constraints of authorities (RFC 5280 4.2.1.10): every name of a certificate below must lie in a permitted
 * subtree of its kind, if there is one, and in no excluded one. Names mean nothing to us; an organisation that gave a
 * branch its own authority for `*.north.example` only must find that kept all the same.
 */
import { attributes, canonicalName, type Certificate, type GeneralName, type NameConstraints } from './x509.js'

export function meetsConstraints(certificate: Certificate, constraints: NameConstraints, isLeaf: boolean): boolean {
  return namesOf(certificate, isLeaf).every((name) => {
    const permitted = constraints.permitted.filter((base) => base.kind === name.kind)
    const excluded = constraints.excluded.filter((base) => base.kind === name.kind)
    if (permitted.length === 0 && excluded.length === 0) return true
    const isIn = [...permitted, ...excluded].map((base) => matches(name, base))
    // A form that cannot be compared might be any name.
    if (isIn.includes(undefined)) return false
    const inPermitted = isIn.slice(0, permitted.length)
    const inExcluded = isIn.slice(permitted.length)
    return (permitted.length === 0 || inPermitted.includes(true)) && !inExcluded.includes(true)
  })
}

function namesOf({ subject, alternativeNames }: Certificate, isLeaf: boolean): readonly GeneralName[] {
  const names: GeneralName[] = [...alternativeNames]
  if (subject.length > 0) names.push({ kind: 'directory', text: '', bytes: Buffer.alloc(0), name: subject })
  const texts = (type: string) => subject.flat().flatMap((pair) => (pair.type === type ? [pair.value] : []))
  for (const text of texts(attributes.email)) names.push(textName('rfc822', text))
  // As OpenSSL does it: a common name that looks like a host name counts as one, unless host names are said elsewhere.
  if (isLeaf && !alternativeNames.some(({ kind }) => kind === 'dns'))
    for (const text of texts(attributes.commonName)) if (looksLikeHost(text)) names.push(textName('dns', text))
  return names
}

function textName(kind: 'rfc822' | 'dns', text: string): GeneralName {
  return { kind, text, bytes: Buffer.alloc(0), name: [] }
}

function looksLikeHost(text: string): boolean {
  return (
    text.includes('.') && text.split('.').every((label) => /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?$/.test(label))
  )
}

/** `undefined`: cannot be said. */
function matches(name: GeneralName, base: GeneralName): boolean | undefined {
  const [text, wanted] = [name.text.toLowerCase(), base.text.toLowerCase()]
  switch (name.kind) {
    case 'dns':
      return hostMatches(text, wanted)
    case 'rfc822':
      return mailMatches(text, wanted)
    case 'uri':
      return uriMatches(text, wanted)
    case 'ip':
      return ipMatches(name.bytes, base.bytes)
    case 'directory': {
      const [whole, start] = [canonicalName(name.name), canonicalName(base.name)]
      return start.every((part, index) => part === whole[index])
    }
    default:
      return undefined
  }
}

/** `example` covers itself and all below; `.example` only what is below. */
function hostMatches(host: string, base: string): boolean {
  if (base === '' || host === base) return true
  return host.endsWith(base.startsWith('.') ? base : `.${base}`)
}

/** `a@b` one mailbox, `b` all of one host, `.b` all of the hosts below. */
function mailMatches(mail: string, base: string): boolean | undefined {
  const at = mail.lastIndexOf('@')
  if (at < 0) return undefined
  if (base.includes('@')) return mail === base
  const host = mail.slice(at + 1)
  return base === '' || (base.startsWith('.') ? host.endsWith(base) : host === base)
}

/** `b` that host, `.b` the hosts below; without a host, or with an address for one, it cannot be said. */
function uriMatches(uri: string, base: string): boolean | undefined {
  const host = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#:@[\]]+)(?::\d*)?(?:[/?#]|$)/.exec(uri)?.[1]
  if (host === undefined || /^[\d.]+$/.test(host)) return undefined
  return base.startsWith('.') ? host.endsWith(base) : host === base
}

function ipMatches(address: Buffer, base: Buffer): boolean | undefined {
  if ((address.length !== 4 && address.length !== 16) || (base.length !== 8 && base.length !== 32)) return undefined
  if (base.length !== address.length * 2) return false
  const mask = base.subarray(address.length)
  return address.every((byte, index) => (byte & (mask[index] ?? 0)) === ((base[index] ?? 0) & (mask[index] ?? 0)))
}
