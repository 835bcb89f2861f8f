/** The overview feed and the commands over a WebSocket: the same contract that the Electron window uses over IPC. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { ServerMessage } from '@shared/contract.js'
import { callCommand, isCommandName, type Engine, type Log } from '../engine/index.js'
import { fail, type Result } from '@shared/result.js'
import type { Access } from './access.js'

const tokenWithinMs = 2_000
/** Room for certificate files of 1 MiB in base64. */
const messageBytesMost = 2 * 1024 * 1024
/** A window that stopped reading; it subscribes anew when it is back. */
const unsentBytesMost = 16 * 1024 * 1024
const socketsMost = 32

export class FeedSockets {
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: messageBytesMost })
  readonly #engine: Engine
  readonly #access: Access
  readonly #log: Log

  constructor(engine: Engine, access: Access, log: Log) {
    this.#engine = engine
    this.#access = access
    this.#log = log
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#server.clients.size >= socketsMost) socket.destroy()
    else this.#server.handleUpgrade(request, socket, head, (opened) => this.#open(opened))
  }

  close(): void {
    for (const client of this.#server.clients) client.terminate()
    this.#server.close()
  }

  #open(socket: WebSocket): void {
    let isKnown = false
    let unsubscribe: (() => void) | undefined
    const timer = setTimeout(() => socket.close(4401, 'token expected'), tokenWithinMs)
    const send = (message: ServerMessage) => {
      if (socket.bufferedAmount > unsentBytesMost) socket.terminate()
      else socket.send(JSON.stringify(message))
    }
    const subscribe = () => {
      unsubscribe?.()
      unsubscribe = this.#engine.subscribe(send)
    }
    socket.on('error', () => undefined) // A close always follows.
    socket.on('close', () => {
      clearTimeout(timer)
      unsubscribe?.()
    })
    socket.on('message', (data: Buffer) => {
      const message = parse(data)
      if (!isKnown) {
        isKnown =
          message?.['type'] === 'token' &&
          typeof message['token'] === 'string' &&
          this.#access.isToken(message['token'])
        clearTimeout(timer)
        if (isKnown) subscribe()
        else socket.close(4401, 'token expected')
      } else if (message?.['type'] === 'subscribe') subscribe()
      else if (message?.['type'] === 'call' && typeof message['id'] === 'number') {
        const { id, name, argument } = message
        void this.#answer(name, argument).then((result) => send({ type: 'answer', id, result }))
      } else socket.close(4400, 'message not understood')
    })
  }

  async #answer(name: unknown, argument: unknown): Promise<Result<unknown>> {
    if (!isCommandName(name)) return fail('bad-request', 'unknown command')
    try {
      return await callCommand(this.#engine.commands, name, argument)
    } catch (error) {
      this.#log('error', 'command-failed', { name, error: String(error) })
      return fail('internal')
    }
  }
}

function parse(data: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(data.toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
