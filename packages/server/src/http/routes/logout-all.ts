import { logoutAll } from '../../flows/logout-all.ts'
import { callerOf, requireCaller } from '../caller.ts'
import { clearSessionCookies } from '../cookies.ts'
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
  operationId: 'logoutAll',
  summary: 'Sign out everywhere',
  tags: ['sign in'],
  security: ACCESS_TOKEN_SECURITY,
  body: strictObject({}),
  response: { 204: NoContent, ...refusals(...BODY_REFUSALS, ...TOKEN_REFUSALS, ...CROSS_SITE_REFUSALS) },
}

export function logoutAllRoute(app: HttpApp, { context, guard, site }: RouteOptions): void {
  app.route({
    method: 'POST',
    url: '/auth/logout/all',
    schema,
    onRequest: requireCaller(guard),
    preValidation: emptyBodyIsObject,
    handler: async (request, reply) => {
      await logoutAll(context, callerOf(request), sourceOf(request))
      clearSessionCookies(reply, site)
      return reply.code(204).send(null)
    },
  })
}
