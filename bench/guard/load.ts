// The load generator, in a process of its own: bare sockets, one request at a time on each, no HTTP parser.
import { connect } from 'node:net'
import type { Socket } from 'node:net'

export interface LoadOrder {
  readonly port: number
  /** The request, byte for byte. */
  readonly request: string
  readonly count: number
  readonly connections: number
}

/** `null`, or why the measurement means nothing. */
export type LoadResult = string | null

process.on('disconnect', () => process.exit())
process.on('message', (order: LoadOrder) => {
  fire(order).then(
    () => process.send?.(null),
    (error: unknown) => process.send?.(error instanceof Error ? error.message : 'failed'),
  )
})

const open = new Map<number, Promise<Connection[]>>()

/** Sends `count` requests over connections that stay open from order to order. */
async function fire({ port, request, count, connections }: LoadOrder): Promise<void> {
  const pool = open.get(port) ?? Promise.all(Array.from({ length: connections }, () => openConnection(port)))
  open.set(port, pool)
  const bytes = Buffer.from(request, 'latin1')
  let left = count
  const next = (): Buffer | undefined => {
    left -= 1
    return left < 0 ? undefined : bytes
  }
  await Promise.all((await pool).map((connection) => connection.drive(next)))
}

function openConnection(port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(new Connection(socket)))
    socket.once('error', reject)
  })
}

/**
 * Knows an answer's end by its length: the first one is read in full, and every further answer of the same endpoint has as
 * many bytes. Each must begin with status 200.
 */
class Connection {
  readonly #socket: Socket
  #answerBytes = 0
  #received = 0
  #onAnswer: () => void = () => {}
  #fail: (error: Error) => void = () => {}

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  drive(next: () => Buffer | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#fail = reject
      if (this.#socket.destroyed) reject(new Error('the server closed the connection'))
      this.#onAnswer = () => {
        const request = next()
        if (request === undefined) resolve()
        else this.#socket.write(request)
      }
      this.#onAnswer()
    })
  }

  #read(chunk: Buffer): void {
    if (this.#received === 0 && !startsWith200(chunk)) {
      this.#fail(new Error(`the answer is not 200: ${chunk.toString('latin1', 0, 64)}`))
      return
    }
    this.#received += chunk.length
    if (this.#answerBytes === 0) this.#answerBytes = lengthOf(chunk)
    if (this.#received < this.#answerBytes) return
    this.#received = 0
    this.#onAnswer()
  }
}

const STATUS = Buffer.from('HTTP/1.1 200')

function startsWith200(chunk: Buffer): boolean {
  return chunk.length > STATUS.length && chunk.compare(STATUS, 0, STATUS.length, 0, STATUS.length) === 0
}

function lengthOf(answer: Buffer): number {
  const text = answer.toString('latin1')
  const head = text.indexOf('\r\n\r\n')
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head))?.[1]
  if (head === -1 || length === undefined) throw new Error('the answer has no length')
  return head + 4 + Number(length)
}
