import { Type } from '@fastify/type-provider-typebox'
import { ASYMMETRIC_ALGORITHMS } from '@signet/jwt'
import { REVOCATION_FEED_METADATA, REVOCATION_FEED_PATH } from '@signet/protocol'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { refusals } from '../schemas/shapes.ts'

const schema = {
  operationId: 'readMetadata',
  summary: 'What this auth server is and can do',
  tags: ['discovery'],
  response: {
    200: Type.Object(
      {
        issuer: Type.String(),
        jwks_uri: Type.String(),
        response_types_supported: Type.Array(Type.String()),
        grant_types_supported: Type.Array(Type.String()),
        dpop_signing_alg_values_supported: Type.Array(Type.String()),
        revocation_endpoint: Type.String(),
        revocation_endpoint_auth_methods_supported: Type.Array(Type.String()),
        introspection_endpoint: Type.String(),
        introspection_endpoint_auth_methods_supported: Type.Array(Type.String()),
        [REVOCATION_FEED_METADATA]: Type.String({ description: 'Where guards follow what is revoked.' }),
        scopes_supported: Type.Optional(Type.Array(Type.String())),
        service_documentation: Type.String(),
      },
      { description: 'Authorization server metadata (RFC 8414). Names only what is there.' },
    ),
    ...refusals(),
  },
}

/**
 * RFC 8414. There is no authorization endpoint, hence no response type; people sign in at `/auth/login`, which is not an
 * OAuth grant, and the refresh token is the one grant that is.
 */
export function metadataRoute(app: HttpApp, { config, context, site }: RouteOptions): void {
  const { scopes } = context.settings
  const metadata = {
    issuer: site.issuer,
    jwks_uri: `${site.issuer}/.well-known/jwks.json`,
    response_types_supported: [],
    grant_types_supported: ['refresh_token'],
    dpop_signing_alg_values_supported: [...ASYMMETRIC_ALGORITHMS],
    revocation_endpoint: `${site.issuer}/oauth/revoke`,
    revocation_endpoint_auth_methods_supported: ['none'],
    introspection_endpoint: `${site.issuer}/oauth/introspect`,
    // of the two registries RFC 8414 §2 names: a client authentication method, and an access token type
    introspection_endpoint_auth_methods_supported: ['client_secret_basic', 'Bearer'],
    [REVOCATION_FEED_METADATA]: site.issuer + REVOCATION_FEED_PATH,
    ...(scopes.length === 0 ? {} : { scopes_supported: [...scopes] }),
    service_documentation: `${site.issuer}/docs`,
  }
  app.route({
    method: 'GET',
    url: '/.well-known/oauth-authorization-server',
    schema,
    handler: async (_request, reply) => {
      reply.header('cache-control', `public, max-age=${config.jwksMaxAgeSeconds}`)
      return metadata
    },
  })
}
