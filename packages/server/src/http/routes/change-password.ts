import { Type } from '@fastify/type-provider-typebox'
import { changePassword } from '../../flows/change-password.ts'
import { callerOf, requireCaller } from '../caller.ts'
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
  operationId: 'changePassword',
  summary: 'Change the password',
  description: 'Ends every other session of the account.',
  tags: ['account'],
  security: ACCESS_TOKEN_SECURITY,
  body: strictObject({ current_password: Type.String(), new_password: Type.String() }),
  response: {
    204: NoContent,
    ...refusals(
      ...BODY_REFUSALS,
      ...TOKEN_REFUSALS,
      ...CROSS_SITE_REFUSALS,
      'password_incorrect',
      'password_unchanged',
      'password_too_short',
      'password_too_long',
      'password_common',
      'throttled',
      'overloaded',
    ),
  },
}

export function changePasswordRoute(app: HttpApp, { context, guard }: RouteOptions): void {
  app.route({
    method: 'POST',
    url: '/auth/password',
    schema,
    onRequest: requireCaller(guard),
    handler: async (request, reply) => {
      const { current_password: currentPassword, new_password: newPassword } = request.body
      await changePassword(context, callerOf(request), { currentPassword, newPassword }, sourceOf(request))
      return reply.code(204).send(null)
    },
  })
}
