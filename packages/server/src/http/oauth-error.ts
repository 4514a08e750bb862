import type { FastifyReply, FastifyRequest } from 'fastify'
import { PROBLEMS } from '@signet/protocol'
import { failureOf, noteRefusal } from './problem.ts'

/**
 * Answers a failure on an OAuth endpoint in the form of RFC 6749 §5.2, from the same row of the catalogue.
 *
 * 401 is for a caller that has not proved who it is; what is wrong with a token is the request's fault here: 400.
 * Failures of the server and of transport keep their own status.
 */
export function sendOAuthError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const failure = failureOf(error)
  noteRefusal(request, failure, error)
  const row = PROBLEMS[failure.code]
  const code = row.oauth ?? 'invalid_request'
  const status = row.status === 401 && code !== 'invalid_client' ? 400 : row.status
  if (status === 401) reply.header('www-authenticate', 'Basic realm="signet", Bearer realm="signet"')
  if (failure.retryAfterSeconds !== undefined) reply.header('retry-after', Math.ceil(failure.retryAfterSeconds))
  reply
    .code(status)
    .header('content-type', 'application/json')
    .send(Buffer.from(JSON.stringify({ error: code, error_description: failure.detail ?? row.title })))
}
