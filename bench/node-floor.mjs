/**
 * The floor: the least that any such system must do, as plainly as possible. An append log with group-commit fdatasync,
 * mutual TLS 1.3, catch-up by version vector, relay. No signatures, no hash chain, no index, no trust. Lines of JSON on
 * disk and on the wire: {author, seq, at, …change}; the first line of each side of a link says what it has.
 */
import { constants, createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { connect, createSecureContext, createServer } from 'node:tls'
import { drive } from './driver.mjs'
import { now } from './time.mjs'

drive(createNode)

function createNode(stored) {
  /** Newest number of each author: on the way to disk or there. */
  const have = new Map()
  const links = new Set()
  let author
  let tls
  /** Of every bare handshake, as our own dials share one. */
  let dialled
  let server
  let file
  let path
  let size = 0
  let durable = 0
  let waiting = []
  let working
  /** Lines by number, of the one author of a folder that is asked for lines. */
  const asked = new Map()

  function addLink(socket) {
    const link = { socket, isLive: false, backlog: [], rest: [] }
    links.add(link)
    socket.setNoDelay(true)
    socket.on('data', (bytes) => receive(link, bytes))
    socket.on('error', () => undefined)
    socket.on('close', () => links.delete(link))
    socket.write(`${JSON.stringify([...have])}\n`)
  }

  function receive(link, bytes) {
    const end = bytes.lastIndexOf(0x0a)
    if (end < 0) {
      link.rest.push(bytes)
      return
    }
    const lines = Buffer.concat([...link.rest, bytes.subarray(0, end)])
      .toString()
      .split('\n')
    link.rest = [bytes.subarray(end + 1)]
    if (link.theirs === undefined) {
      link.theirs = new Map(JSON.parse(lines.shift()))
      void catchUp(link)
    }
    const fresh = lines.filter((line) => {
      const { author, seq } = JSON.parse(line)
      if (seq !== (have.get(author) ?? 0) + 1) return false
      have.set(author, seq)
      return true
    })
    if (fresh.length === 0) return
    for (const other of links) if (other !== link) send(other, fresh)
    void append(fresh)
  }

  /** From the file what the peer lacks, then what came meanwhile; what it gets twice it drops by its number. */
  async function catchUp(link) {
    await working
    for await (const lines of fileLines(size)) {
      const missing = lines.filter((line) => {
        const { author, seq } = JSON.parse(line)
        return seq > (link.theirs.get(author) ?? 0)
      })
      if (missing.length > 0 && !link.socket.write(`${missing.join('\n')}\n`)) await once(link.socket, 'drain')
    }
    link.isLive = true
    send(link, link.backlog)
  }

  function send(link, lines) {
    if (!link.isLive) link.backlog.push(...lines)
    else if (lines.length > 0) link.socket.write(`${lines.join('\n')}\n`)
  }

  /** Resolves when the lines are durable. What comes while the disk syncs goes with the next sync. */
  function append(lines) {
    return new Promise((done) => {
      waiting.push({ lines, done })
      working ??= commit()
    })
  }

  async function commit() {
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      const bytes = Buffer.from(group.map(({ lines }) => `${lines.join('\n')}\n`).join(''))
      await file.appendFile(bytes)
      await file.datasync()
      size += bytes.length
      for (const { lines, done } of group) {
        durable += lines.length
        done()
      }
      stored()
    }
    working = undefined
  }

  async function* fileLines(end = Infinity) {
    if (end === 0) return
    let rest = Buffer.alloc(0)
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024, end: end - 1 })) {
      const bytes = Buffer.concat([rest, chunk])
      const last = bytes.lastIndexOf(0x0a)
      rest = bytes.subarray(last + 1)
      if (last >= 0) yield bytes.toString('utf8', 0, last).split('\n')
    }
  }

  const node = {
    /** @param places of changes that will be asked for: all are read anyway, so these are kept as they pass. */
    async start({ folder, name, identity, places = [] }) {
      author = name
      path = join(folder, 'log')
      file = await open(path, 'a')
      const isAsked = new Set(places.map(({ seq }) => seq))
      for await (const lines of fileLines())
        for (const line of lines) {
          const change = JSON.parse(line)
          have.set(change.author, change.seq)
          durable++
          if (isAsked.has(change.seq)) asked.set(change.seq, line)
        }
      size = (await file.stat()).size
      tls = { ...identity, minVersion: 'TLSv1.3', requestCert: true, rejectUnauthorized: false }
      server = createServer(tls, addLink).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { port: server.address().port }
    },
    link({ port }) {
      const socket = connect({ host: '127.0.0.1', port, ...tls }, () => addLink(socket))
    },
    unlinked: () => Promise.all([...links].map(({ socket }) => socket.closed || once(socket, 'close'))),
    /** Own changes are on disk before they are sent, or a crash could use a number twice. */
    async write(changes) {
      let seq = have.get(author) ?? 0
      const lines = changes.map((change) => JSON.stringify({ author, seq: ++seq, at: Date.now(), ...change }))
      have.set(author, seq)
      await append(lines)
      for (const link of links) send(link, lines)
      return { author, seq }
    },
    count: () => durable,
    digest: () => JSON.stringify([...have].sort()),
    async stop() {
      for (const { socket } of links) socket.destroy()
      server.close()
      await working
      await file.close()
    },
    more: {
      /** Answers each handshake with one byte, so that the other side knows that it was taken. */
      async serveBare() {
        const bare = createServer({ ...tls, secureOptions: constants.SSL_OP_NO_TICKET }, (socket) => {
          socket.on('error', () => undefined)
          socket.setNoDelay(true)
          socket.write('.')
        }).listen(0, '127.0.0.1')
        await once(bare, 'listening')
        bare.unref()
        return bare.address().port
      },
      /** Milliseconds of a handshake with a certificate on both sides, and nothing else. */
      async handshake({ port }) {
        dialled ??= createSecureContext({ ...tls, secureOptions: constants.SSL_OP_NO_TICKET })
        const from = now()
        const socket = connect({ host: '127.0.0.1', port, secureContext: dialled, rejectUnauthorized: false })
        socket.setNoDelay(true)
        // As our own: it looks after every turn of the event loop.
        let isTaken = false
        socket.once('data', () => (isTaken = true))
        while (!isTaken) await new Promise((done) => setImmediate(done))
        const ms = now() - from
        socket.destroy()
        return ms
      },
      /** For whoever connects to the port that it answers with. */
      async serveFile({ path: source }) {
        const giver = createServer(tls, (socket) => {
          socket.on('error', () => undefined)
          createReadStream(source, { highWaterMark: 256 * 1024 }).pipe(socket)
        }).listen(0, '127.0.0.1')
        await once(giver, 'listening')
        giver.unref()
        return giver.address().port
      },
      /** Hashed on its way to the disk, under its name only when it is durable. */
      async takeFile({ port, folder }) {
        const from = now()
        const socket = connect({ host: '127.0.0.1', port, ...tls })
        const target = await open(join(folder, 'file.new'), 'w')
        const hash = createHash('sha256')
        for await (const bytes of socket) {
          hash.update(bytes)
          await target.write(bytes)
        }
        await target.sync()
        await target.close()
        await rename(join(folder, 'file.new'), join(folder, 'file'))
        const directory = await open(folder, 'r')
        await directory.sync()
        await directory.close()
        return { ms: now() - from, sha256: hash.digest('hex') }
      },
      prove: ({ places }) => ({
        lines: places.map(({ seq }) => asked.get(seq)),
        digest: node.digest(),
        count: durable,
        at: now()
      })
    }
  }
  return node
}
