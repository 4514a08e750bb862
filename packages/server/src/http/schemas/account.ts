import { Type } from '@fastify/type-provider-typebox'
import { EpochSeconds, NullableText } from './shapes.ts'

export const AccountAnswer = Type.Object(
  {
    id: Type.String({ description: 'The `sub` of the tokens: opaque, never reassigned.' }),
    email: Type.String(),
    name: NullableText,
    roles: Type.Array(Type.String()),
    created_at: EpochSeconds,
    password_changed_at: EpochSeconds,
  },
  { description: 'The account that asks.' },
)
