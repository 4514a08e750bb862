import { Type } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { GUARD_NAME_HEADER, HELD_KEYS_HEADER, REVOCATION_FEED_PATH, parseCursor } from '@signet/protocol'
import type { FeedCursor } from '@signet/protocol'
import type { ReaderIdentity } from '../../feed/reader.ts'
import type { GuardCredential } from '../../domain/guard-credential.ts'
import { acceptedEncoding } from '../accepted-encoding.ts'
import { namesTag } from '../etag.ts'
import { GUARD_SECURITY, authenticateGuardOf } from '../guard-credential.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { RevocationSnapshotAnswer } from '../schemas/revocations.ts'
import { refusals } from '../schemas/shapes.ts'
import { cleanText, sourceOf } from '../source.ts'
import { openEventStream } from '../stream-sink.ts'

/** A moment: for many that ask at once, behind a cache. The stream gives what came since. */
const MAX_AGE_SECONDS = 1
/** Below it, compressing saves no packet. */
const MIN_COMPRESSED_BYTES = 1024
const ENCODINGS = ['br', 'gzip'] as const

const schema = {
  operationId: 'readRevocations',
  summary: 'What has been revoked',
  description:
    'As JSON: everything that is revoked and has not lapsed, with a cursor. With `Accept: text/event-stream`: what comes ' +
    'after the cursor in `Last-Event-ID`, as it comes, with a heartbeat every five seconds. Needs a guard credential, ' +
    'unless the server is configured to leave the feed open.',
  tags: ['revocation'],
  security: GUARD_SECURITY,
  headers: Type.Object({
    'last-event-id': Type.Optional(Type.String({ description: 'For a stream: the cursor to go on from.' })),
    [GUARD_NAME_HEADER]: Type.Optional(Type.String({ description: 'What the guard calls itself.' })),
    [HELD_KEYS_HEADER]: Type.Optional(
      Type.String({ description: 'Key ids the guard holds, separated by commas: a rotation waits for it.' }),
    ),
  }),
  response: {
    200: {
      description: 'The list, or the stream of what comes after the cursor.',
      content: {
        'application/json': { schema: RevocationSnapshotAnswer },
        'text/event-stream': { schema: Type.String() },
      },
    },
    304: Type.Null({ description: 'Nothing has come since the `ETag` in `If-None-Match`.' }),
    ...refusals('guard_credential_invalid', 'overloaded'),
  },
}

/** Holds opaque ids and instants, never a token, a name or an address (RV-05). */
export function revocationsRoute(app: HttpApp, options: RouteOptions): void {
  app.route({
    method: 'GET',
    url: REVOCATION_FEED_PATH,
    schema,
    handler: async (request, reply) => {
      const credential = await admit(request, options)
      reply.header('vary', 'origin, accept, accept-encoding, authorization')
      return wantsStream(request)
        ? sendStream(request, reply, credential, options)
        : sendSnapshot(request, reply, options)
    },
  })
}

/** Where the feed is open, a credential is not looked at: a guard that has one may meet a server that asks for none. */
async function admit(request: FastifyRequest, { context }: RouteOptions): Promise<GuardCredential | null> {
  return context.settings.revocationFeed === 'open' ? null : authenticateGuardOf(request, context)
}

function wantsStream(request: FastifyRequest): boolean {
  return (request.headers.accept ?? '').toLowerCase().includes('text/event-stream')
}

async function sendSnapshot(request: FastifyRequest, reply: FastifyReply, { context, feed }: RouteOptions) {
  const snapshot = await feed.snapshot()
  const etag = `W/"${snapshot.cursor}"`
  const visibility = context.settings.revocationFeed === 'open' ? 'public' : 'private'
  reply.header('cache-control', `${visibility}, max-age=${MAX_AGE_SECONDS}`).header('etag', etag)
  if (namesTag(request.headers['if-none-match'], etag)) return reply.code(304).send(null)
  const plain = await snapshot.body('identity')
  const accepted = acceptedEncoding(request.headers['accept-encoding'], ENCODINGS)
  const encoding = plain.length < MIN_COMPRESSED_BYTES ? 'identity' : accepted
  if (encoding !== 'identity') reply.header('content-encoding', encoding)
  return reply.header('content-type', 'application/json; charset=utf-8').send(await snapshot.body(encoding))
}

async function sendStream(
  request: FastifyRequest,
  reply: FastifyReply,
  credential: GuardCredential | null,
  { feed }: RouteOptions,
) {
  const cursor = cursorOf(request)
  // RFC 9110 §9.3.2: as a GET would be answered, without its content
  if (request.method === 'HEAD') return reply.header('content-type', 'text/event-stream').send('')
  const connection = await feed.connect(identityOf(request, credential), cursor, () => openEventStream(reply))
  if (reply.raw.destroyed) connection.close()
  else reply.raw.once('close', () => connection.close())
  return reply
}

/** A cursor that cannot be read is none of this history: the feed answers it with a reset. */
function cursorOf(request: FastifyRequest): FeedCursor | null {
  const text = request.headers['last-event-id']
  if (text === undefined || text === '') return null
  return parseCursor(String(text)) ?? NO_CURSOR
}

const NO_CURSOR: FeedCursor = { epoch: -1, sequence: 0 }

const MAX_NAME = 64
const MAX_KEYS = 32
const MAX_KEY_ID = 100

function identityOf(request: FastifyRequest, credential: GuardCredential | null): ReaderIdentity {
  const name = cleanText(headerOf(request, GUARD_NAME_HEADER), MAX_NAME)
  const kids = headerOf(request, HELD_KEYS_HEADER)
    .split(',')
    .map((kid) => cleanText(kid.trim(), MAX_KEY_ID))
    .filter((kid) => kid !== '')
  return {
    name: name === '' ? (credential?.name ?? '') : name,
    credentialId: credential?.id ?? null,
    kids: kids.slice(0, MAX_KEYS),
    address: sourceOf(request).address,
  }
}

function headerOf(request: FastifyRequest, name: string): string {
  return [request.headers[name] ?? ''].flat().join(',')
}
