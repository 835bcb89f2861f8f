/**
 * Who may use the local API (docs/api.md): programs with the script token of this start, and windows that exchanged a
 * one-time code for a token of their own. No cookies, so no page of another origin can borrow a session.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

const codeLifeMs = 60_000
const windowsMost = 32

export class Access {
  /** For programs; written to the data folder at each start. */
  readonly scriptToken = randomBytes(32).toString('base64url')
  readonly #windowTokens: string[] = []
  #code: { readonly text: string; readonly until: number } | undefined

  /** A new one-time code; the one before it is void. */
  newCode(): string {
    const text = randomBytes(32).toString('base64url')
    this.#code = { text, until: performance.now() + codeLifeMs }
    return text
  }

  /** A token for one window, kept in its memory only; `undefined` when the code is used, old or wrong. */
  exchange(code: string): string | undefined {
    const known = this.#code
    if (known === undefined || performance.now() > known.until || !isEqual(code, known.text)) return undefined
    this.#code = undefined
    const token = randomBytes(32).toString('base64url')
    this.#windowTokens.push(token)
    if (this.#windowTokens.length > windowsMost) this.#windowTokens.shift()
    return token
  }

  isToken(token: string): boolean {
    return [this.scriptToken, ...this.#windowTokens].some((known) => isEqual(token, known))
  }

  isAuthorized(request: IncomingMessage): boolean {
    const header = request.headers.authorization ?? ''
    return header.startsWith('Bearer ') && this.isToken(header.slice(7))
  }
}

function isEqual(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** Only a loopback name with our port, and no page of another origin: DNS rebinding and foreign pages stop here. */
export function isOwnOrigin(request: IncomingMessage, port: number): boolean {
  const names = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${String(port)}`)
  const { host, origin } = request.headers
  if (host === undefined || !names.includes(host)) return false
  return origin === undefined || names.some((name) => origin === `http://${name}`)
}
