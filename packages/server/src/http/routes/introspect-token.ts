import { Type } from '@fastify/type-provider-typebox'
import { introspectToken } from '../../flows/introspect-token.ts'
import { FORM_BODY, FORM_TYPE } from '../form-body.ts'
import { GUARD_SECURITY, authenticateGuardOf } from '../guard-credential.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { sendOAuthError } from '../oauth-error.ts'
import { IntrospectionAnswer } from '../schemas/tokens.ts'
import { oauthRefusals } from '../schemas/shapes.ts'

const schema = {
  operationId: 'introspectToken',
  summary: 'Ask whether an access token is live (RFC 7662)',
  description:
    'For services without a guard of ours. A credential made for one audience learns about tokens of that audience; any ' +
    'other token, and any that is not live, is `{"active": false}`.',
  tags: ['oauth'],
  consumes: [FORM_TYPE],
  security: GUARD_SECURITY,
  body: Type.Object({ token: Type.String({ minLength: 1 }) }),
  response: {
    200: IntrospectionAnswer,
    ...oauthRefusals('body_too_large', 'content_type_unsupported', 'guard_credential_invalid'),
  },
}

export function introspectTokenRoute(app: HttpApp, { context }: RouteOptions): void {
  app.route({
    method: 'POST',
    url: '/oauth/introspect',
    schema,
    config: FORM_BODY,
    errorHandler: sendOAuthError,
    handler: async (request, reply) => {
      const guard = await authenticateGuardOf(request, context)
      const answer = await introspectToken(context, guard, request.body.token)
      // written as it is, so that answers that must not be told apart are the same to the byte (RV-04)
      return reply
        .header('content-type', 'application/json; charset=utf-8')
        .serializer(String)
        .send(JSON.stringify(answer) as never)
    },
  })
}
