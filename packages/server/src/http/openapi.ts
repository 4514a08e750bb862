import swagger from '@fastify/swagger'
import type { SwaggerTransformObject } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { HttpApp } from './http-app.ts'
import { OAuthError, Problem } from './schemas/shapes.ts'
import type { Site } from './site.ts'

/** Collects the routes' schemas; to be called before the routes are added. */
export function collectOpenApi(app: HttpApp, site: Site): void {
  app.addSchema(Problem)
  app.addSchema(OAuthError)
  app.register(swagger, {
    refResolver: { buildLocalReference: (schema, _base, _fragment, index) => String(schema['$id'] ?? `def-${index}`) },
    transformObject: (collected) => ('openapiObject' in collected ? markOptionalBodies(collected.openapiObject) : {}),
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Signet', description: 'The auth server.', version: '1' },
      servers: [{ url: site.issuer }],
      tags: TAGS.map((name) => ({ name })),
      components: {
        securitySchemes: {
          accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
          guardCredential: { type: 'http', scheme: 'bearer', bearerFormat: 'sgc_…' },
          guardBasic: { type: 'http', scheme: 'basic', description: 'The name of a guard credential, and itself.' },
        },
      },
    },
  })
}

const TAGS = ['sign in', 'account', 'revocation', 'oauth', 'discovery', 'health', 'administration']

type Document = Parameters<SwaggerTransformObject>[0] extends infer T
  ? T extends { openapiObject: infer D }
    ? D
    : never
  : never

/** A body without required members may be left out; the plugin calls every body required. */
function markOptionalBodies(document: Document): Document {
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(path ?? {})) {
      if (typeof operation !== 'object' || !('requestBody' in operation)) continue
      const { requestBody } = operation
      if (requestBody === undefined || !('content' in requestBody)) continue
      const schema = requestBody.content['application/json']?.schema
      if (schema !== undefined && !('required' in schema)) requestBody.required = false
    }
  }
  return document
}

/** Everything from this host, nothing inline but styles set by script, which the policy does not govern. */
const PAGE_CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** `/openapi.json` and the page that shows it. */
export function serveOpenApi(app: HttpApp): void {
  let document: string | undefined
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    document ??= JSON.stringify(app.swagger())
    return reply.header('content-type', 'application/json; charset=utf-8').send(document)
  })
  app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: PAGE_CSP,
    uiConfig: { persistAuthorization: false, displayRequestDuration: true },
    theme: { title: 'Signet' },
  })
}
