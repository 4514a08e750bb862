import { Type } from '@fastify/type-provider-typebox'
import { endSession } from '../../flows/end-session.ts'
import { callerOf, requireCaller } from '../caller.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { emptyBodyIsObject } from '../json-body.ts'
import {
  ACCESS_TOKEN_SECURITY,
  BODY_REFUSALS,
  CROSS_SITE_REFUSALS,
  NoContent,
  TOKEN_REFUSALS,
  refusals,
  strictObject,
} from '../schemas/shapes.ts'
import { sourceOf } from '../source.ts'

const schema = {
  operationId: 'endSession',
  summary: 'End one of the own sessions',
  tags: ['account'],
  security: ACCESS_TOKEN_SECURITY,
  params: strictObject({ sid: Type.String() }),
  body: strictObject({}),
  response: {
    204: NoContent,
    ...refusals(...BODY_REFUSALS, ...TOKEN_REFUSALS, ...CROSS_SITE_REFUSALS, 'session_not_found'),
  },
}

export function endSessionRoute(app: HttpApp, { context, guard }: RouteOptions): void {
  app.route({
    method: 'DELETE',
    url: '/auth/sessions/:sid',
    schema,
    onRequest: requireCaller(guard),
    preValidation: emptyBodyIsObject,
    handler: async (request, reply) => {
      await endSession(context, callerOf(request), request.params.sid, sourceOf(request))
      return reply.code(204).send(null)
    },
  })
}
