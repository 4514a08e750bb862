import { Type } from '@fastify/type-provider-typebox'
import { updateAccount } from '../../flows/update-account.ts'
import { callerOf, requireCaller } from '../caller.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { AccountAnswer } from '../schemas/account.ts'
import {
  ACCESS_TOKEN_SECURITY,
  BODY_REFUSALS,
  CROSS_SITE_REFUSALS,
  TOKEN_REFUSALS,
  refusals,
  strictObject,
} from '../schemas/shapes.ts'
import { sourceOf } from '../source.ts'

const MAX_NAME_LENGTH = 200

const schema = {
  operationId: 'updateAccount',
  summary: 'Change the own account',
  tags: ['account'],
  security: ACCESS_TOKEN_SECURITY,
  body: strictObject({
    name: Type.Union([Type.String({ minLength: 1, maxLength: MAX_NAME_LENGTH }), Type.Null()], {
      description: 'A name to show; `null` removes it.',
    }),
  }),
  response: { 200: AccountAnswer, ...refusals(...BODY_REFUSALS, ...TOKEN_REFUSALS, ...CROSS_SITE_REFUSALS) },
}

export function updateAccountRoute(app: HttpApp, { context, guard }: RouteOptions): void {
  app.route({
    method: 'PATCH',
    url: '/auth/me',
    schema,
    onRequest: requireCaller(guard),
    handler: async (request) => {
      const account = await updateAccount(context, callerOf(request), request.body, sourceOf(request))
      return { ...account, roles: [...account.roles] }
    },
  })
}
