// Floods the mDNS group of its network: node air-flood.mjs KIND COUNT MS ADDRESS… ; each address sends in turn.
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { encode } from 'dns-packet'

const [kind, countText, msText, ...addresses] = process.argv.slice(2)
const [count, ms] = [Number(countText), Number(msText)]
const service = '_muster._tcp.local'
const turnMs = 10

const instance = () => `${randomBytes(8).toString('hex')}.${service}`
const srv = (name, data) => ({
  type: 'SRV',
  name,
  ttl: 120,
  data: { port: 1 + (sent % 65535), target: 'x.local', ...data }
})
const pointer = Buffer.from([0xc0, 0x0c])

/** As many records as are taken, of long names that point to each other: as dear to decode as can be. */
function labyrinth() {
  const header = Buffer.from('000084000000002000000000', 'hex')
  const label = Buffer.from(`\x07_muster\x04_tcp\x05local${'\x01a'.repeat(110)}\x00`, 'latin1')
  const record = Buffer.concat([pointer, Buffer.from('000c00010000007800', 'hex'), Buffer.from([2]), pointer])
  return Buffer.concat([header, label, Buffer.from('000c0001000000780002', 'hex'), pointer, ...Array(31).fill(record)])
}

let sent = 0
const kinds = {
  /** A new service each time. */
  services() {
    const name = instance()
    return encode({ type: 'response', answers: [{ type: 'PTR', name: service, ttl: 120, data: name }, srv(name)] })
  },
  questions: () => encode({ type: 'query', questions: [{ type: 'PTR', name: service }] }),
  noise: () => randomBytes(12 + (sent % 1400)),
  labyrinths: labyrinth,
  /** What others really sent at some time, or might. */
  oddities() {
    const name = instance()
    const odd = [
      () => [srv(name, { port: 0 })],
      () => [srv(`${'a'.repeat(63)}.${service}`)],
      () => [srv(`\u0000\u202e.${service}`)],
      () => [srv(service)],
      () => [{ type: 'PTR', name: service, ttl: 120, data: name }],
      () => [{ type: 'TXT', name, ttl: 120, data: randomBytes(200) }],
      () => [{ ...srv(name), ttl: 0 }],
      () => [{ ...srv(name), ttl: 2 ** 31 - 1 }],
      () => Array.from({ length: 30 }, () => srv(instance()))
    ]
    const packet = encode({ type: 'response', answers: odd[sent % odd.length]() })
    return sent % 3 === 0 ? packet.subarray(0, packet.length - (sent % 20)) : packet
  }
}

const sockets = await Promise.all(
  addresses.map(async (address) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: true })
    socket.bind(5353, address)
    await once(socket, 'listening')
    socket.setMulticastInterface(address)
    return socket
  })
)
const startedAt = performance.now()
console.log('begins')
await new Promise((done) => {
  const timer = setInterval(() => {
    const due = Math.min(count, Math.ceil((count * (performance.now() - startedAt + turnMs)) / ms))
    while (sent < due) {
      const packet = kinds[kind]()
      sockets[sent++ % sockets.length].send(packet, 5353, '224.0.0.251')
    }
    if (sent < count) return
    clearInterval(timer)
    done()
  }, turnMs)
})
console.log(`sent ${sent} in ${Math.round(performance.now() - startedAt)} ms`)
for (const socket of sockets) socket.close()
