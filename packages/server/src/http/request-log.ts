import { LogController } from 'fastify'
import type { FastifyRequest, onResponseHookHandler } from 'fastify'
import { refusalOf } from './problem.ts'

/** Turns off Fastify's own request lines, which hold URLs and headers; `logRequest` writes ours. */
export const quietLogController = new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' })

const QUIET_ROUTES: ReadonlySet<string> = new Set(['/livez', '/readyz'])

/**
 * One line a request: method, route pattern, status, duration and, if refused, the code and the operator's reason.
 *
 * Never a URL, header, cookie, body, address or e-mail (LA-02); the events table tells who did what. Pino writes JSON, so
 * no value can begin a line of its own (LA-03).
 */
export const logRequest: onResponseHookHandler = (request, reply, done) => {
  const refusal = refusalOf(request)
  const line = {
    method: request.method,
    route: request.routeOptions.url ?? null,
    status: reply.statusCode,
    durationMs: Math.round(reply.elapsedTime * 10) / 10,
    ...(refusal === undefined ? {} : { code: refusal.code }),
    ...(refusal?.reason === undefined ? {} : { reason: refusal.reason }),
  }
  if (refusal?.cause !== undefined && refusal.code === 'internal') {
    request.log.error({ ...line, error: describeError(refusal.cause) }, 'request failed')
  } else if (reply.statusCode >= 500) {
    request.log.warn(line, 'request refused')
  } else {
    request.log[levelOf(request)](line, 'request')
  }
  done()
}

function levelOf(request: FastifyRequest): 'debug' | 'info' {
  return QUIET_ROUTES.has(request.routeOptions.url ?? '') ? 'debug' : 'info'
}

const MAX_STACK = 4000

/** Where it happened; not the request that made it happen. */
function describeError(error: unknown): Readonly<Record<string, string>> {
  if (!(error instanceof Error)) return { type: typeof error }
  return { type: error.name, stack: (error.stack ?? error.message).slice(0, MAX_STACK) }
}
