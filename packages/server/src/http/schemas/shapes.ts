import { Type } from '@fastify/type-provider-typebox'
import type { TProperties } from '@fastify/type-provider-typebox'
import { PROBLEMS } from '@signet/protocol'
import type { ProblemCode } from '@signet/protocol'
import { oauthFormOf } from '../oauth-form.ts'

/** An object of a request: a member that is not named here is refused. */
export function strictObject<T extends TProperties>(properties: T) {
  return Type.Object(properties, { additionalProperties: false })
}

/** A value of its own, or `null`. */
export const NullableText = Type.Union([Type.String(), Type.Null()])

export const EpochSeconds = Type.Integer({ description: 'Seconds since 1970-01-01T00:00:00Z.' })

/** No body. */
export const NoContent = Type.Null({ description: 'Done.' })

/** A problem document; to be added to the server under its `$id`. */
export const Problem = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ enum: Object.keys(PROBLEMS) }),
    detail: Type.Optional(Type.String()),
    error: Type.Optional(Type.String({ description: 'The OAuth error of the same refusal, where it has one.' })),
    errors: Type.Optional(Type.Array(Type.Object({ field: Type.String(), message: Type.String() }))),
    requestId: Type.Optional(Type.String({ description: 'Also in X-Request-Id, there always.' })),
  },
  { $id: 'Problem', description: 'A problem document (RFC 9457).' },
)

/** The same refusals as an OAuth endpoint writes them (RFC 6749 §5.2); to be added to the server under its `$id`. */
export const OAuthError = Type.Object(
  { error: Type.String(), error_description: Type.Optional(Type.String()) },
  { $id: 'OAuthError', description: 'An error of an OAuth endpoint (RFC 6749 §5.2).' },
)

type Refusals = { readonly [status in `${number}`]: { readonly description: string; readonly content: object } }

/**
 * What a route may refuse with, for the description of its answers: codes that every route has are added.
 * Refusals are written by `problem.ts`, not by the schema.
 */
export function refusals(...codes: readonly ProblemCode[]): Refusals {
  const content = { 'application/problem+json': { schema: { $ref: 'Problem#' } } }
  return describeRefusals(codes, content, (code) => ({ status: PROBLEMS[code].status, name: code }))
}

/** The same for an OAuth endpoint: by the `error` that a client of it sees. Written by `oauth-error.ts`. */
export function oauthRefusals(...codes: readonly ProblemCode[]): Refusals {
  const content = { 'application/json': { schema: { $ref: 'OAuthError#' } } }
  return describeRefusals(codes, content, (code) => {
    const { status, error } = oauthFormOf(code)
    return { status, name: error }
  })
}

function describeRefusals(
  codes: readonly ProblemCode[],
  content: object,
  answerTo: (code: ProblemCode) => { readonly status: number; readonly name: string },
): Refusals {
  const all: readonly ProblemCode[] = [...codes, 'request_invalid', 'unavailable', 'internal']
  const byStatus = Map.groupBy(all.map(answerTo), ({ status }) => status)
  const entries = [...byStatus].map(([status, answers]) => {
    const names = new Set(answers.map(({ name }) => `\`${name}\``))
    return [status, { description: [...names].join(', '), content }]
  })
  return Object.fromEntries(entries)
}

/** What a body can be wrong in, beside its content. */
export const BODY_REFUSALS = ['body_too_large', 'content_type_unsupported'] as const satisfies readonly ProblemCode[]

/** What a guarded route answers when the access token does not do. */
export const TOKEN_REFUSALS = [
  'token_missing',
  'token_invalid',
  'token_expired',
  'token_revoked',
  'credential_malformed',
  'credential_ambiguous',
  'dpop_proof_invalid',
] as const satisfies readonly ProblemCode[]

/** What a request from another site, or without proof of being meant, is answered. */
export const CROSS_SITE_REFUSALS = [
  'cross_site_refused',
  'csrf_token_invalid',
] as const satisfies readonly ProblemCode[]

/** An access token, in the header or, where the server delivers it so, in its cookie. */
export const ACCESS_TOKEN_SECURITY = [{ accessToken: [] }] as const
