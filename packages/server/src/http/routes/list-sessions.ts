import { listSessions } from '../../flows/list-sessions.ts'
import { callerOf, requireCaller } from '../caller.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { SessionsAnswer } from '../schemas/sessions.ts'
import { ACCESS_TOKEN_SECURITY, TOKEN_REFUSALS, refusals } from '../schemas/shapes.ts'

const schema = {
  operationId: 'listSessions',
  summary: 'List the own sessions',
  tags: ['account'],
  security: ACCESS_TOKEN_SECURITY,
  response: { 200: SessionsAnswer, ...refusals(...TOKEN_REFUSALS) },
}

export function listSessionsRoute(app: HttpApp, { context, guard }: RouteOptions): void {
  app.route({
    method: 'GET',
    url: '/auth/sessions',
    schema,
    onRequest: requireCaller(guard),
    handler: async (request) => {
      return { sessions: [...(await listSessions(context, callerOf(request)))] }
    },
  })
}
