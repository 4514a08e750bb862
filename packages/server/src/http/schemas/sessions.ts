import { Type } from '@fastify/type-provider-typebox'
import { EpochSeconds } from './shapes.ts'

export const SessionsAnswer = Type.Object(
  {
    sessions: Type.Array(
      Type.Object({
        id: Type.String(),
        current: Type.Boolean({ description: 'Whether it is the session that asks.' }),
        client_id: Type.String(),
        audience: Type.String(),
        delivery: Type.Union([Type.Literal('body'), Type.Literal('cookie')]),
        bound_to_key: Type.Boolean(),
        created_at: EpochSeconds,
        last_used_at: EpochSeconds,
        expires_at: EpochSeconds,
        address: Type.String({ description: 'Where it was last used from.' }),
        user_agent: Type.String(),
      }),
    ),
  },
  { description: 'Open sessions of the account, newest first.' },
)
