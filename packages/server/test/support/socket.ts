import { once } from 'node:events'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { TestServer } from './server.ts'

/** Lets the server listen on a free port of this machine. */
export async function listen(server: TestServer): Promise<number> {
  await server.fastify.listen({ port: 0, host: '127.0.0.1' })
  return portOf(server.fastify.server.address())
}

/** Sends bytes as they are and resolves to all that came back until the server closed the connection. */
export async function send(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = await open(port)
  for (const part of parts) if (socket.writable) socket.write(part)
  return untilClosed(socket)
}

/** The same, and nothing more will come: a server need not wait for the rest of half a request. */
export async function sendAll(port: number, bytes: Uint8Array): Promise<string> {
  const socket = await open(port)
  socket.end(bytes)
  return untilClosed(socket)
}

export async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return socket
}

/** A reset after the answer is an end like any other. */
export async function untilClosed(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let received = ''
  socket.on('data', (chunk) => (received += chunk.toString('latin1')))
  socket.on('error', () => socket.destroy())
  socket.on('close', () => resolve(received))
  return promise
}

/** The status codes of the answers in what came back. */
export function statuses(received: string): readonly number[] {
  return [...received.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status))
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new TypeError('not listening on a port')
  return address.port
}
