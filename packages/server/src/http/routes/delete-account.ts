import { Type } from '@fastify/type-provider-typebox'
import { deleteAccount } from '../../flows/delete-account.ts'
import { callerOf, requireCaller } from '../caller.ts'
import { clearSessionCookies } from '../cookies.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
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
  operationId: 'deleteAccount',
  summary: 'Delete the own account',
  description: 'With its sessions, for good.',
  tags: ['account'],
  security: ACCESS_TOKEN_SECURITY,
  body: strictObject({ password: Type.String() }),
  response: {
    204: NoContent,
    ...refusals(
      ...BODY_REFUSALS,
      ...TOKEN_REFUSALS,
      ...CROSS_SITE_REFUSALS,
      'password_incorrect',
      'throttled',
      'overloaded',
    ),
  },
}

export function deleteAccountRoute(app: HttpApp, { context, guard, site }: RouteOptions): void {
  app.route({
    method: 'DELETE',
    url: '/auth/me',
    schema,
    onRequest: requireCaller(guard),
    handler: async (request, reply) => {
      await deleteAccount(context, callerOf(request), request.body, sourceOf(request))
      clearSessionCookies(reply, site)
      return reply.code(204).send(null)
    },
  })
}
