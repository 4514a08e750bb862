import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import { SignetError } from '@signet/protocol'
import type { HttpApp } from './http-app.ts'
import type { Site } from './site.ts'

const YEAR_SECONDS = 31_536_000

/** Security headers, exact-origin CORS (BR-04), and no caching unless a route asks for it (AT-08), on every answer. */
export function harden(app: HttpApp, site: Site): void {
  app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        'default-src': ["'none'"],
        'base-uri': ["'none'"],
        'form-action': ["'none'"],
        'frame-ancestors': ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    hsts: site.secure ? { maxAge: YEAR_SECONDS, includeSubDomains: false } : false,
  })
  app.register(cors, {
    origin: (origin, answer) => answer(null, origin !== undefined && site.origins.has(origin)),
    credentials: true,
    methods: ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'],
    allowedHeaders: ['authorization', 'content-type', 'dpop', 'x-csrf-token'],
    exposedHeaders: ['retry-after', 'www-authenticate', 'x-request-id'],
    maxAge: 600,
    strictPreflight: false,
  })
  // Those two add their hooks when they load: only what comes after them finds their headers set.
  app.after(() => {
    app.addHook('onRequest', (request, reply, done) => {
      reply.header('x-request-id', request.id)
      reply.header('cache-control', 'no-store')
      done()
    })
  })
}

/** A credential in a URL ends up in histories and proxies' logs: these routes take no query at all (LG-10). */
export function forbidQueries(app: HttpApp): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url ?? ''
    if (/^\/(?:auth|admin)\//.test(route) && (request.raw.url ?? '').includes('?')) {
      throw new SignetError('request_invalid', { detail: 'This route takes no query string.' })
    }
    done()
  })
}

const SINGLE_HEADERS: readonly string[] = ['host', 'content-type']

/**
 * Refuses headers that came twice and of which Node shows the first only: a proxy in front may have gone by the other
 * (RFC 9112 §3.2). `Authorization` is the guard's matter; what Node joins is refused where it is read.
 */
export function refuseRepeatedHeaders(app: HttpApp): void {
  app.addHook('onRequest', (request, reply, done) => {
    const names = request.raw.rawHeaders.filter((_text, index) => index % 2 === 0).map((name) => name.toLowerCase())
    if (SINGLE_HEADERS.some((single) => names.indexOf(single) !== names.lastIndexOf(single))) {
      reply.header('connection', 'close')
      throw new SignetError('request_invalid', { detail: 'A header that may come once came twice.' })
    }
    done()
  })
}
