import type { FastifyReply, FastifyRequest } from 'fastify'
import { PROBLEMS } from '@signet/protocol'
import { oauthFormOf } from './oauth-form.ts'
import { failureOf, noteRefusal } from './problem.ts'

/** Answers a failure on an OAuth endpoint in the form of RFC 6749 §5.2, from the same row of the catalogue. */
export function sendOAuthError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const failure = failureOf(error)
  noteRefusal(request, failure, error)
  const form = oauthFormOf(failure.code)
  if (form.status === 401) reply.header('www-authenticate', 'Basic realm="signet", Bearer realm="signet"')
  if (failure.retryAfterSeconds !== undefined) reply.header('retry-after', Math.ceil(failure.retryAfterSeconds))
  const description = failure.detail ?? PROBLEMS[failure.code].title
  reply
    .code(form.status)
    .header('content-type', 'application/json')
    .send(Buffer.from(JSON.stringify({ error: form.error, error_description: description })))
}
