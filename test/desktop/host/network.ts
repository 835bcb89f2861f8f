/**
 * The only way from Chromium to a network: a proxy of the host that lets through what the shell let through, and nothing
 * else. A request can leave a page that is being closed before anybody could hold it there; here it ends.
 */
import { createServer, request as ask } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'

const allowed = new Set<string>()

export function allow(url: string): void {
  allowed.add(url)
}

/** @returns its port, on loopback. */
export async function startGate(): Promise<number> {
  const gate = createServer((request, response) => {
    // Towards a proxy the whole address stands in the request (RFC 9112, 3.2.2).
    const url = request.url ?? ''
    if (!allowed.has(url)) {
      response.writeHead(403).end()
      return
    }
    const onward = ask(url, { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.on('error', () => response.writeHead(502).end())
    request.pipe(onward)
  })
  gate.on('connect', (_request, socket) => socket.destroy())
  gate.listen(0, '127.0.0.1')
  await once(gate, 'listening')
  gate.unref()
  return (gate.address() as AddressInfo).port
}
