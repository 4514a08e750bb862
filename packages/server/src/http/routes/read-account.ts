import { readAccount } from '../../flows/read-account.ts'
import { callerOf, requireCaller } from '../caller.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { AccountAnswer } from '../schemas/account.ts'
import { ACCESS_TOKEN_SECURITY, TOKEN_REFUSALS, refusals } from '../schemas/shapes.ts'

const schema = {
  operationId: 'readAccount',
  summary: 'Read the own account',
  tags: ['account'],
  security: ACCESS_TOKEN_SECURITY,
  response: { 200: AccountAnswer, ...refusals(...TOKEN_REFUSALS) },
}

export function readAccountRoute(app: HttpApp, { context, guard }: RouteOptions): void {
  app.route({
    method: 'GET',
    url: '/auth/me',
    schema,
    onRequest: requireCaller(guard),
    handler: async (request) => {
      const account = await readAccount(context, callerOf(request))
      return { ...account, roles: [...account.roles] }
    },
  })
}
