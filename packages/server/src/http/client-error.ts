import { STATUS_CODES, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { problemOf } from '@signet/protocol'
import type { Problem } from '@signet/protocol'

/**
 * Answers what is not HTTP, or comes too slowly or too large, and closes the connection (TR-03, TR-04, TR-06).
 *
 * Node has no request to speak of here, so the answer is written by hand. Nothing is written once an answer is under way
 * on the connection: it would be read as part of it.
 */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering(socket)) {
    socket.destroy()
    return
  }
  const problem = problemOfParser(error.code)
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? 'Bad Request'}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function problemOfParser(code: string | undefined): Problem {
  if (code === 'HPE_HEADER_OVERFLOW') return problemOf('headers_too_large')
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return problemOf('request_timeout')
  return problemOf('request_invalid')
}

/** Whether the head of an answer is out. Node's own default handler looks at the same member; there is no public one. */
function isAnswering(socket: Socket): boolean {
  const answer: unknown = Reflect.get(socket, '_httpMessage')
  return answer instanceof ServerResponse && answer.headersSent
}
