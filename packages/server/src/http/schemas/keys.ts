import { Type } from '@fastify/type-provider-typebox'
import { EpochSeconds, NullableText } from './shapes.ts'

const NullableInstant = Type.Union([EpochSeconds, Type.Null()])

const Rotation = {
  not_before: Type.Integer({ description: 'The earliest instant at which the next key signs.' }),
  waits_for: Type.Array(Type.String(), { description: 'Connected guards that have yet to learn the next key.' }),
}

export const KeysAnswer = Type.Object(
  {
    keys: Type.Array(
      Type.Object({
        kid: Type.String(),
        alg: Type.String(),
        state: Type.Union([
          Type.Literal('pending'),
          Type.Literal('active'),
          Type.Literal('retired'),
          Type.Literal('revoked'),
        ]),
        created_at: EpochSeconds,
        activated_at: NullableInstant,
        retired_at: NullableInstant,
        revoked_at: NullableInstant,
        leaves_at: Type.Union([EpochSeconds, Type.Null()], {
          description: 'When a retired key leaves the published set.',
        }),
      }),
    ),
    next_rotation_at: Type.Union([EpochSeconds, Type.Null()], {
      description: 'When the next rotation begins by itself; `null` when one is under way, or never will.',
    }),
    rotation: Type.Union([Type.Object({ pending: Type.String(), ...Rotation }), Type.Null()]),
  },
  { description: 'Signing keys, oldest first; nothing secret.' },
)

export const RotationAnswer = Type.Object(
  {
    started: Type.Boolean({ description: '`false` when a rotation was under way already.' }),
    pending: NullableText,
    ...Rotation,
  },
  { description: 'The rotation now under way.' },
)

export const RevokedKeyAnswer = Type.Object(
  {
    kid: Type.String(),
    successor: Type.Union([Type.String(), Type.Null()], {
      description: 'The key that signs instead; `null` when the revoked one did not sign.',
    }),
  },
  { description: 'The key is out of the published set, and on the revocation feed.' },
)
