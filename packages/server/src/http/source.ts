import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Source } from '../domain/event.ts'

const MAX_USER_AGENT = 256

/** Where a request came from: the connection's address unless a trusted proxy names another (TR-02). */
export function sourceOf(request: FastifyRequest): Source {
  return {
    address: addressOf(request),
    userAgent: cleanText(request.headers['user-agent'] ?? '', MAX_USER_AGENT),
    requestId: request.id,
  }
}

/** What a trusted proxy passes on is still a client's text: only an address counts. */
function addressOf(request: FastifyRequest): string {
  const address = isIP(request.ip) === 0 ? (request.socket.remoteAddress ?? '') : request.ip
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
}

/** Drops what could forge a line or turn a terminal around: control, format, private and unassigned characters (LA-03). */
export function cleanText(text: string, maxLength: number): string {
  return [...text.slice(0, maxLength * 2).replaceAll(/\p{C}/gu, '')].slice(0, maxLength).join('')
}
