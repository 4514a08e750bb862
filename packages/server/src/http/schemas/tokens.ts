import { Type } from '@fastify/type-provider-typebox'
import { EpochSeconds } from './shapes.ts'

/** RFC 7662 §2.2. */
export const IntrospectionAnswer = Type.Object(
  {
    active: Type.Boolean({ description: 'Everything else is there only with `true`.' }),
    token_type: Type.Optional(Type.Union([Type.Literal('Bearer'), Type.Literal('DPoP')])),
    iss: Type.Optional(Type.String()),
    sub: Type.Optional(Type.String()),
    aud: Type.Optional(Type.String()),
    exp: Type.Optional(EpochSeconds),
    iat: Type.Optional(EpochSeconds),
    jti: Type.Optional(Type.String()),
    sid: Type.Optional(Type.String()),
    client_id: Type.Optional(Type.String()),
    auth_time: Type.Optional(EpochSeconds),
    amr: Type.Optional(Type.Array(Type.String())),
    scope: Type.Optional(Type.String({ description: 'Space-separated.' })),
    roles: Type.Optional(Type.Array(Type.String())),
    cnf: Type.Optional(Type.Object({ jkt: Type.String() }, { description: 'The key it is bound to (RFC 9449 §6.2).' })),
  },
  { description: 'Whether the token is live, and what it says.' },
)

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
