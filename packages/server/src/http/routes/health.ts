import { Type } from '@fastify/type-provider-typebox'
import { SignetError } from '@signet/protocol'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { refusals } from '../schemas/shapes.ts'

const Status = Type.Object({ status: Type.Literal('ok') })

const RETRY_AFTER_SECONDS = 5

/** `/livez`: the process answers; restart it when it does not. `/readyz`: it can serve; send it requests when it can. */
export function healthRoutes(app: HttpApp, { ready }: RouteOptions): void {
  const live = { operationId: 'live', summary: 'Whether the process answers', tags: ['health'] }
  app.route({
    method: 'GET',
    url: '/livez',
    schema: { ...live, response: { 200: Status } },
    handler: async () => ({ status: 'ok' as const }),
  })

  const able = { operationId: 'ready', summary: 'Whether requests can be served', tags: ['health'] }
  app.route({
    method: 'GET',
    url: '/readyz',
    schema: { ...able, response: { 200: Status, ...refusals() } },
    handler: async () => {
      if (!(await isReady(ready))) throw new SignetError('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS })
      return { status: 'ok' as const }
    },
  })
}

async function isReady(ready: RouteOptions['ready']): Promise<boolean> {
  try {
    return (await ready()) !== false
  } catch (cause) {
    throw new SignetError('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS, reason: 'not ready', cause })
  }
}
