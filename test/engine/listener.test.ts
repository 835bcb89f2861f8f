/** Handshakes under way while the certificate is replaced, on real sockets. */
import { expect, it } from 'vitest'
import { sha256 } from '../../src/main/engine/bytes/hash.js'
import { certificateDer, issueCertificate } from '../../src/main/engine/identity/certificate.js'
import { tlsTransport } from '../../src/main/engine/links/tls-transport.js'
import type { Channel } from '../../src/main/engine/links/transport.js'

it('a handshake that began under the old certificate is bound to that one at both ends', async () => {
  const issue = (serial: number) => issueCertificate('a'.repeat(64), Buffer.alloc(16, serial), Date.now())
  const [before, after] = [await issue(1), await issue(2)]
  const opened: Channel[] = []
  let show = (): void => undefined
  let arrived = (): void => undefined
  const isOpen = new Promise<void>((resolve) => {
    arrived = resolve
  })
  const listener = await tlsTransport.listen({
    host: '127.0.0.1',
    port: 0,
    identity: before,
    admit: () => {
      setImmediate(() => show())
      return () => undefined
    },
    onChannel: (channel) => {
      opened.push(channel)
      arrived()
    },
    onRefused: (_, reason) => {
      throw new Error(reason)
    }
  })
  show = () => listener.show(after)
  try {
    const client = await tlsTransport.dial({ address: '127.0.0.1', port: listener.port }, await issue(3))
    await isOpen
    const seen = sha256(client.binding.peerCertificate)
    expect(seen).toEqual(sha256(certificateDer(before.certificate)))
    expect(opened[0]?.binding.serverCertificate).toEqual(seen)
    client.destroy()
  } finally {
    await listener.close()
  }
})
