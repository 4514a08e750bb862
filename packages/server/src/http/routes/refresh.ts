import { Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { SignetError } from '@signet/protocol'
import { refresh } from '../../flows/refresh.ts'
import { readCookie } from '../cookies.ts'
import { checkCookieIntent, isBrowser } from '../cross-site.ts'
import { dpopOf } from '../dpop.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { emptyBodyIsObject } from '../json-body.ts'
import { BODY_REFUSALS, CROSS_SITE_REFUSALS, refusals, strictObject } from '../schemas/shapes.ts'
import { TokenAnswer } from '../schemas/tokens.ts'
import { sourceOf } from '../source.ts'
import { deliverTokens } from '../tokens-answer.ts'

const PATH = '/auth/refresh'

const schema = {
  operationId: 'refresh',
  summary: 'Exchange the refresh token for new tokens',
  description:
    'The token comes from the body or from its cookie, never from both. Each works once; presenting a spent one ends the session.',
  tags: ['sign in'],
  body: strictObject({ refresh_token: Type.Optional(Type.String()), client_id: Type.Optional(Type.String()) }),
  response: {
    200: TokenAnswer,
    ...refusals(
      ...BODY_REFUSALS,
      ...CROSS_SITE_REFUSALS,
      'refresh_token_missing',
      'refresh_token_invalid',
      'refresh_token_reused',
      'session_expired',
      'session_ended',
      'credential_ambiguous',
      'dpop_proof_invalid',
    ),
  },
}

/** A refusal never sets or clears a cookie: it may arrive after the answer that brought the cookies of a newer login. */
export function refreshRoute(app: HttpApp, options: RouteOptions): void {
  const { context, site } = options
  app.route({
    method: 'POST',
    url: PATH,
    schema,
    preValidation: emptyBodyIsObject,
    handler: async (request, reply) => {
      const presented = presentedToken(request, request.body.refresh_token, options)
      const tokens = await refresh(
        context,
        {
          refreshToken: presented.token,
          clientId: request.body.client_id ?? null,
          dpop: dpopOf(request, site, PATH),
          browser: presented.fromCookie && isBrowser(request),
        },
        sourceOf(request),
      )
      // What came in a cookie never goes back where a script could read it.
      return deliverTokens(reply, site, tokens, presented.fromCookie ? 'cookie' : tokens.delivery)
    },
  })
}

interface PresentedToken {
  readonly token: string
  readonly fromCookie: boolean
}

function presentedToken(request: FastifyRequest, fromBody: string | undefined, options: RouteOptions): PresentedToken {
  const { context, site } = options
  const fromCookie = readCookie(request.headers.cookie, site.cookies.refresh)
  if (fromBody !== undefined) {
    if (fromCookie !== null) throw new SignetError('credential_ambiguous')
    return { token: fromBody, fromCookie: false }
  }
  if (fromCookie === null) throw new SignetError('refresh_token_missing')
  checkCookieIntent(request, site, fromCookie, context.refreshTokens)
  return { token: fromCookie, fromCookie: true }
}
