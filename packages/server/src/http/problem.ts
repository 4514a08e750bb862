import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { GuardError } from '@signet/guard'
import { PROBLEMS, SignetError, problemOf } from '@signet/protocol'
import type { FieldError, ProblemCode } from '@signet/protocol'
import { cleanText } from './source.ts'

/** Why a request was refused, for the log. */
export interface Refusal {
  readonly code: ProblemCode
  readonly reason: string | undefined
  /** Set when the fault is ours. */
  readonly cause: unknown
}

const REFUSALS = new WeakMap<FastifyRequest, Refusal>()

/** Why the request was refused, if it was. */
export function refusalOf(request: FastifyRequest): Refusal | undefined {
  return REFUSALS.get(request)
}

/**
 * Answers a failure as `application/problem+json` (RFC 9457); the only place that does. OAuth endpoints have a form of
 * their own: `oauth-error.ts`.
 *
 * The answer tells what the catalogue says of the code and nothing else: no stack, path, version or foreign message.
 * `requestId` is in the body only where the fault is ours and in `X-Request-Id` always, so that refusals that must not
 * be told apart are the same to the byte (LG-01).
 */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const failure = failureOf(error)
  const { status } = PROBLEMS[failure.code]
  noteRefusal(request, failure, error)
  const problem = problemOf(failure.code, {
    ...(failure.detail === undefined ? {} : { detail: failure.detail }),
    ...(failure.errors === undefined ? {} : { errors: failure.errors }),
    ...(status >= 500 ? { requestId: request.id } : {}),
  })
  if (status === 401) reply.header('www-authenticate', challengeOf(failure))
  if (failure.retryAfterSeconds !== undefined) reply.header('retry-after', Math.ceil(failure.retryAfterSeconds))
  reply.code(status).headers({
    'content-type': 'application/problem+json',
    // Set here too: a URL that cannot be read gets no hook.
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': request.id,
  })
  // As bytes: to text, Fastify adds a charset that this media type does not have.
  reply.send(Buffer.from(JSON.stringify(problem)))
}

/** Keeps for the log why a request was refused. */
export function noteRefusal(request: FastifyRequest, failure: SignetError, error: unknown): void {
  const { code, reason } = failure
  REFUSALS.set(request, { code, reason, cause: PROBLEMS[code].status >= 500 ? error : undefined })
}

/** Finds the row of the catalogue for whatever was thrown. */
export function failureOf(error: unknown): SignetError {
  if (error instanceof SignetError) return error
  if (!(error instanceof Error)) return new SignetError('internal', { cause: error })
  // By name: the class belongs to the store, which this layer does not know.
  if (error.name === 'StoreUnavailableError') {
    return new SignetError('unavailable', {
      retryAfterSeconds: STORE_RETRY_SECONDS,
      reason: error.message,
      cause: error,
    })
  }
  if (isFastifyError(error)) return failureOfFramework(error)
  return new SignetError('internal', { reason: error.message, cause: error })
}

const STORE_RETRY_SECONDS = 5

function failureOfFramework(error: FastifyError): SignetError {
  if (error.validation !== undefined) {
    const errors = fieldErrors(error.validation)
    return new SignetError('request_invalid', errors.length === 0 ? {} : { errors })
  }
  const status = error.statusCode ?? 500
  if (error.code === 'FST_ERR_HANDLER_TIMEOUT')
    return new SignetError('unavailable', { retryAfterSeconds: 1, cause: error })
  if (status < 400 || status > 499) return new SignetError('internal', { reason: error.message, cause: error })
  return new SignetError(CODE_OF_STATUS[status] ?? 'request_invalid', { reason: error.code })
}

const CODE_OF_STATUS: Readonly<Record<number, ProblemCode>> = {
  404: 'not_found',
  405: 'method_not_allowed',
  413: 'body_too_large',
  415: 'content_type_unsupported',
  431: 'headers_too_large',
}

function isFastifyError(error: Error): error is FastifyError {
  return 'statusCode' in error || ('code' in error && String(error.code).startsWith('FST_'))
}

const MAX_FIELD_ERRORS = 10

type SchemaErrors = NonNullable<FastifyError['validation']>

/** One entry a member, with its JSON pointer. Summaries ("a schema in anyOf") say less than their parts: only they go. */
function fieldErrors(errors: SchemaErrors): readonly FieldError[] {
  const fields = new Map<string, string>()
  for (const error of errors) {
    for (const [field, message] of pointersOf(error)) if (!fields.has(field)) fields.set(field, message)
  }
  return [...fields].slice(0, MAX_FIELD_ERRORS).map(([field, message]) => ({ field: cleanText(field, 100), message }))
}

function pointersOf(error: SchemaErrors[number]): readonly (readonly [string, string])[] {
  const { instancePath, params } = error
  const missing = params['requiredProperties']
  if (error.keyword === 'required' && Array.isArray(missing)) {
    return missing.map((name) => [`${instancePath}/${String(name)}`, 'is missing'])
  }
  if (error.keyword === 'boolean') return [[instancePath, 'is not known here']]
  if (error.keyword === 'additionalProperties') return []
  if (error.keyword === 'const') return [[instancePath, 'is not one of the allowed values']]
  return [[instancePath, error.message ?? 'is not valid']]
}

/** RFC 9470 §3: the token is good, the login behind it too old. */
const STEP_UP = `Bearer error="${PROBLEMS.login_too_old.oauth}", error_description="${PROBLEMS.login_too_old.title}"`

/** RFC 9110 §11.6.1: a 401 names the scheme that would help, even where the refusal is not about a token. */
function challengeOf(failure: SignetError): string {
  if (failure instanceof GuardError) return failure.challenge ?? 'Bearer'
  if (failure.code === 'login_too_old') return STEP_UP
  const isAboutToken = failure.code.startsWith('token_') || failure.code === 'dpop_proof_invalid'
  if (!isAboutToken) return 'Bearer'
  const scheme = failure.code === 'dpop_proof_invalid' ? 'DPoP' : 'Bearer'
  return new GuardError(failure.code, { scheme }).challenge ?? scheme
}
