import { createHash } from 'node:crypto'
import { Type } from '@fastify/type-provider-typebox'
import type { JwkSet } from '@signet/jwt'
import { namesTag } from '../etag.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { refusals } from '../schemas/shapes.ts'

const schema = {
  operationId: 'readKeys',
  summary: 'The public keys that verify access tokens',
  tags: ['discovery'],
  response: {
    200: Type.Object(
      { keys: Type.Array(Type.Object({ kty: Type.String(), kid: Type.String() }, { additionalProperties: true })) },
      { description: 'A JWK set (RFC 7517).' },
    ),
    304: Type.Null({ description: 'Nothing has changed since the `ETag` in `If-None-Match`.' }),
    ...refusals(),
  },
}

/** Answers from memory, so that verifiers keep getting keys whatever happens to the database (KY-05). */
export function jwksRoute(app: HttpApp, { config, jwks }: RouteOptions): void {
  const published = publisher(jwks)
  app.route({
    method: 'GET',
    url: '/.well-known/jwks.json',
    schema,
    handler: async (request, reply) => {
      const { body, etag } = published()
      reply.header('cache-control', `public, max-age=${config.jwksMaxAgeSeconds}`)
      reply.header('etag', etag)
      if (namesTag(request.headers['if-none-match'], etag)) return reply.code(304).send(null)
      return reply
        .header('content-type', 'application/jwk-set+json')
        .serializer(String)
        .send(body as never)
    },
  })
}

interface PublishedKeys {
  readonly body: string
  readonly etag: string
}

/** Serialises a set once, however often it is asked for. */
function publisher(jwks: () => JwkSet): () => PublishedKeys {
  let set: JwkSet | undefined
  let published: PublishedKeys | undefined
  return () => {
    const current = jwks()
    if (published !== undefined && current === set) return published
    const body = JSON.stringify(current)
    set = current
    published = { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"` }
    return published
  }
}
