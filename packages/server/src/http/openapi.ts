import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { HttpApp } from './http-app.ts'
import type { Site } from './site.ts'

/** Collects the routes' schemas; to be called before the routes are added. */
export function collectOpenApi(app: HttpApp, site: Site): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Signet', description: 'The auth server.', version: '1' },
      servers: [{ url: site.issuer }],
      tags: [{ name: 'sign in' }, { name: 'account' }, { name: 'discovery' }, { name: 'health' }],
      components: { securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    },
  })
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
