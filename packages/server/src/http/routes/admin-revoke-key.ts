import { Type } from '@fastify/type-provider-typebox'
import { revokeKey } from '../../flows/revoke-key.ts'
import { ADMINISTRATOR_REFUSALS, administratorOnly } from '../administrator.ts'
import { callerOf } from '../caller.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { emptyBodyIsObject } from '../json-body.ts'
import { RevokedKeyAnswer } from '../schemas/keys.ts'
import { ACCESS_TOKEN_SECURITY, BODY_REFUSALS, TOKEN_REFUSALS, refusals, strictObject } from '../schemas/shapes.ts'
import { sourceOf } from '../source.ts'

const schema = {
  operationId: 'revokeKey',
  summary: 'Withdraw a signing key at once: for a key that somebody else may know',
  tags: ['administration'],
  security: ACCESS_TOKEN_SECURITY,
  params: strictObject({ kid: Type.String() }),
  body: strictObject({}),
  response: {
    200: RevokedKeyAnswer,
    ...refusals(...BODY_REFUSALS, ...TOKEN_REFUSALS, ...ADMINISTRATOR_REFUSALS, 'key_not_found', 'keys_fixed'),
  },
}

export function adminRevokeKeyRoute(app: HttpApp, { context, guard }: RouteOptions): void {
  app.route({
    method: 'POST',
    url: '/admin/keys/:kid/revoke',
    schema,
    onRequest: administratorOnly(context, guard),
    preValidation: emptyBodyIsObject,
    handler: async (request) => revokeKey(context, request.params.kid, sourceOf(request), callerOf(request)),
  })
}
