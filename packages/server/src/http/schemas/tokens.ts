import { Type } from '@fastify/type-provider-typebox'

/** RFC 6749 §5.1. */
export const TokenAnswer = Type.Object(
  {
    access_token: Type.String(),
    token_type: Type.Union([Type.Literal('Bearer'), Type.Literal('DPoP')]),
    expires_in: Type.Integer({ description: 'Seconds that the access token still lives.' }),
    scope: Type.Optional(Type.String()),
    refresh_token: Type.Optional(Type.String({ description: 'With delivery `body` only.' })),
    refresh_expires_in: Type.Integer({ description: 'Seconds until the refresh token lapses unless it is used.' }),
    csrf_token: Type.Optional(
      Type.String({
        description: 'With delivery `cookie` only: to send as X-CSRF-Token where the browser sends no Origin.',
      }),
    ),
  },
  { description: 'Tokens. With delivery `cookie` the refresh token is in a cookie that no script can read.' },
)
