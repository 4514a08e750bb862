import { Type } from '@fastify/type-provider-typebox'
import { revokeToken } from '../../flows/revoke-token.ts'
import { FORM_BODY, FORM_TYPE } from '../form-body.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { sendOAuthError } from '../oauth-error.ts'
import { oauthRefusals } from '../schemas/shapes.ts'
import { sourceOf } from '../source.ts'

const schema = {
  operationId: 'revokeToken',
  summary: 'Revoke a token (RFC 7009)',
  description:
    'A refresh token ends its session and every token of it; an access token ends alone. Who has the token may revoke ' +
    'it. A token that is unknown or over is answered like one that was revoked.',
  tags: ['oauth'],
  consumes: [FORM_TYPE],
  body: Type.Object({
    token: Type.String({ minLength: 1 }),
    client_id: Type.Optional(Type.String({ description: 'If sent, it must be the client the token was issued to.' })),
  }),
  response: {
    200: Type.Null({ description: 'The token is of no use any more.' }),
    ...oauthRefusals('body_too_large', 'content_type_unsupported', 'client_unknown', 'token_of_another_client'),
  },
}

export function revokeTokenRoute(app: HttpApp, { context }: RouteOptions): void {
  app.route({
    method: 'POST',
    url: '/oauth/revoke',
    schema,
    config: FORM_BODY,
    errorHandler: sendOAuthError,
    handler: async (request, reply) => {
      const { token, client_id: clientId = null } = request.body
      await revokeToken(context, { token, clientId }, sourceOf(request))
      // RFC 7009 §2.2: the status says it all
      return reply
        .code(200)
        .serializer(() => '')
        .send(null)
    },
  })
}
