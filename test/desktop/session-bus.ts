/** A session bus of our own, and a program on it that owns a name, as the tray of a desktop does (D-Bus specification). */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

export interface SessionBus {
  readonly address: string
  /** Resolves when the bus gave the name. */
  own(name: string): Promise<void>
  stop(): void
}

export async function startBus(): Promise<SessionBus> {
  const daemon = spawn('dbus-daemon', ['--session', '--nofork', '--print-address=1'], {
    stdio: ['ignore', 'pipe', 'ignore']
  })
  const [line] = (await once(createInterface({ input: daemon.stdout }), 'line')) as [string]
  const path = /path=([^,]+)/.exec(line)?.[1] ?? ''
  const sockets: Socket[] = []
  return {
    address: line,
    async own(name) {
      const socket = connect(path)
      sockets.push(socket)
      const user = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex')
      socket.write(`\0AUTH EXTERNAL ${user}\r\n`)
      await once(socket, 'data')
      socket.write('BEGIN\r\n')
      socket.write(call('Hello', 1, '', Buffer.alloc(0)))
      // DBUS_NAME_FLAG_DO_NOT_QUEUE is 4.
      socket.write(call('RequestName', 2, 'su', Buffer.concat([text(name), pad(text(name).length, 4), u32(4)])))
      // Answers come in order: what ends with 1 (primary owner) is the second.
      for (let i = 0; i < 10; i++) {
        const [data] = (await once(socket, 'data')) as [Buffer]
        if (data.includes('NameAcquired') && data.includes(name)) return
      }
      throw new Error(`the bus did not give ${name}`)
    },
    stop() {
      for (const socket of sockets) socket.destroy()
      daemon.kill()
    }
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}

function pad(length: number, to: number): Buffer {
  return Buffer.alloc((to - (length % to)) % to)
}

function text(value: string): Buffer {
  return Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(`${value}\0`)])
}

/** A method call to the bus itself: "Message Format" of the specification, little endian. */
function call(member: string, serial: number, signature: string, body: Buffer): Buffer {
  const fields: [number, string, string][] = [
    [1, 'o', '/org/freedesktop/DBus'],
    [2, 's', 'org.freedesktop.DBus'],
    [3, 's', member],
    [6, 's', 'org.freedesktop.DBus']
  ]
  if (signature !== '') fields.push([8, 'g', signature])
  let list = Buffer.alloc(0)
  for (const [code, type, value] of fields) {
    const content = type === 'g' ? Buffer.from([value.length, ...Buffer.from(`${value}\0`)]) : text(value)
    list = Buffer.concat([list, pad(list.length, 8), Buffer.from([code, 1, type.charCodeAt(0), 0]), content])
  }
  const head = Buffer.concat([Buffer.from('l\x01\x00\x01'), u32(body.length), u32(serial), u32(list.length), list])
  return Buffer.concat([head, pad(head.length, 8), body])
}
