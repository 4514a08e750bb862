import { Type } from '@fastify/type-provider-typebox'
import { login } from '../../flows/login.ts'
import { readCookie } from '../cookies.ts'
import { isBrowser, refuseCrossSite } from '../cross-site.ts'
import { dpopOf } from '../dpop.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { BODY_REFUSALS, refusals, strictObject } from '../schemas/shapes.ts'
import { TokenAnswer } from '../schemas/tokens.ts'
import { sourceOf } from '../source.ts'
import { deliverTokens } from '../tokens-answer.ts'

const PATH = '/auth/login'

const schema = {
  operationId: 'login',
  summary: 'Sign in',
  description: 'Opens a new session. A `DPoP` header binds it to the key that signed the proof (RFC 9449).',
  tags: ['sign in'],
  body: strictObject({
    email: Type.String(),
    password: Type.String(),
    delivery: Type.Optional(
      Type.Union([Type.Literal('body'), Type.Literal('cookie')], {
        description:
          'How the refresh token travels. Default: `cookie` for a browser, as Fetch-Metadata tells, else `body`.',
      }),
    ),
    resource: Type.Optional(Type.String({ description: 'The resource server the token is for (RFC 8707).' })),
    scope: Type.Optional(Type.String({ description: 'Space-separated. Default: all there are.' })),
    client_id: Type.Optional(Type.String()),
    former_refresh_token: Type.Optional(
      Type.String({
        description:
          'Of an earlier session of the account, live or not; by default the one in the cookie. A device that has signed in before is not slowed down by what strangers do. It opens nothing.',
      }),
    ),
  }),
  response: {
    200: TokenAnswer,
    ...refusals(
      ...BODY_REFUSALS,
      'credentials_invalid',
      'client_unknown',
      'audience_unknown',
      'scope_unknown',
      'dpop_proof_invalid',
      'cross_site_refused',
      'throttled',
      'overloaded',
    ),
  },
}

export function loginRoute(app: HttpApp, { context, site }: RouteOptions): void {
  app.route({
    method: 'POST',
    url: PATH,
    schema,
    onRequest: refuseCrossSite(site),
    handler: async (request, reply) => {
      const { body } = request
      const delivery = body.delivery ?? (isBrowser(request) ? 'cookie' : 'body')
      const tokens = await login(
        context,
        {
          email: body.email,
          password: body.password,
          delivery,
          resource: body.resource ?? null,
          scope: body.scope ?? null,
          clientId: body.client_id ?? null,
          dpop: dpopOf(request, site, PATH),
          formerRefreshToken: body.former_refresh_token ?? readCookie(request.headers.cookie, site.cookies.refresh),
        },
        sourceOf(request),
      )
      return deliverTokens(reply, site, tokens, delivery)
    },
  })
}
