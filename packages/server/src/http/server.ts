import fastifyCookie from '@fastify/cookie'
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { announceCaller } from './caller.ts'
import { answerClientError } from './client-error.ts'
import { drainOnClose } from './draining.ts'
import { forbidQueries, harden, refuseRepeatedHeaders } from './hardening.ts'
import type { HttpApp, HttpOptions } from './http-app.ts'
import { acceptJsonOnly } from './json-body.ts'
import { collectOpenApi, serveOpenApi } from './openapi.ts'
import { sendProblem } from './problem.ts'
import { warnOfUnnamedProxy } from './proxy-warning.ts'
import { logRequest, quietLogController } from './request-log.ts'
import { addRoutes } from './routes.ts'
import { siteOf } from './site.ts'
import { answerUnrouted } from './unrouted.ts'

/**
 * Makes the HTTP server of the auth server. It does not listen yet; `ready()` and `listen()` are Fastify's.
 *
 * The issuer is the one in `context.settings`: with port 0 the configuration does not know it.
 * `close()` lets requests under way finish; it closes neither the store nor the guard.
 */
export function createHttpServer(options: HttpOptions): FastifyInstance {
  const app = createApp(options)
  const site = siteOf(options.context.settings.issuer, options.config)
  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  app.setErrorHandler(sendProblem)
  announceCaller(app)
  app.addHook('onResponse', logRequest)
  harden(app, site)
  warnOfUnnamedProxy(app, options.config, options.log)
  app.register(fastifyCookie, { hook: false })
  collectOpenApi(app, site)
  if (!site.secure) options.log.warn(INSECURE)
  app.after((failure) => {
    if (failure) throw failure
    refuseRepeatedHeaders(app)
    answerUnrouted(app)
    drainOnClose(app, options.config.shutdownGraceSeconds)
    acceptJsonOnly(app)
    forbidQueries(app)
    addRoutes(app, { ...options, site })
    serveOpenApi(app)
  })
  return app as unknown as FastifyInstance
}

const INSECURE =
  'the issuer is plain http: cookies go without Secure and the __Host- prefix, good for this machine only'

/** Limits are set, not defaulted (TR-04). */
function createApp({ config, context, log }: HttpOptions): HttpApp {
  const app: HttpApp = Fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: quietLogController,
    genReqId: () => Buffer.from(context.randomBytes(16)).toString('base64url'),
    requestIdHeader: false,
    trustProxy: config.trustedProxies.length === 0 ? false : [...config.trustedProxies],
    bodyLimit: config.bodyLimitBytes,
    requestTimeout: config.requestTimeoutSeconds * 1000,
    keepAliveTimeout: config.keepAliveTimeoutSeconds * 1000,
    connectionTimeout: config.requestTimeoutSeconds * 2 * 1000,
    http: {
      headersTimeout: config.headersTimeoutSeconds * 1000,
      maxHeaderSize: config.headerLimitBytes,
      connectionsCheckingInterval: CONNECTIONS_CHECK_MILLISECONDS,
      requireHostHeader: true,
    },
    // Ours answer with a problem document: draining.ts.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 100, ignoreTrailingSlash: false, caseSensitive: true },
    frameworkErrors: sendProblem,
    clientErrorHandler: answerClientError,
  }).withTypeProvider()
  app.server.maxConnections = config.maxConnections
  // Their total size is limited. A limit on their number would drop those beyond it without a word.
  app.server.maxHeadersCount = 0
  return app
}

/** Node looks for late requests this often; by default only every 30 s, whatever the time-outs say. */
const CONNECTIONS_CHECK_MILLISECONDS = 1000
