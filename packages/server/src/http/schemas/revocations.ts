import { Type } from '@fastify/type-provider-typebox'
import { EpochSeconds } from './shapes.ts'

const byEnd = <T extends ReturnType<typeof Type.String> | ReturnType<typeof Type.Tuple>>(
  entry: T,
  description: string,
) => Type.Record(Type.String(), Type.Array(entry), { description })

/** For the description only: the feed writes it itself, page by page. */
export const RevocationSnapshotAnswer = Type.Object({
  cursor: Type.String({ description: 'Everything up to here is in it; the `Last-Event-ID` to go on from.' }),
  taken_at: EpochSeconds,
  tokens: byEnd(Type.String(), 'Token ids (`jti`) by the second at which they lapse.'),
  sessions: byEnd(Type.String(), 'Session ids (`sid`) by the second at which they lapse.'),
  subjects: byEnd(
    Type.Tuple([Type.String(), EpochSeconds]),
    'Subjects (`sub`) with the instant before which their tokens were issued, by the second at which they lapse.',
  ),
  keys: byEnd(Type.String(), 'Key ids (`kid`) by the second at which they lapse.'),
})
