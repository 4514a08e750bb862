import { startRotation } from '../../flows/rotate-keys.ts'
import { ADMINISTRATOR_REFUSALS, administratorOnly } from '../administrator.ts'
import { callerOf } from '../caller.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { emptyBodyIsObject } from '../json-body.ts'
import { RotationAnswer } from '../schemas/keys.ts'
import { ACCESS_TOKEN_SECURITY, BODY_REFUSALS, TOKEN_REFUSALS, refusals, strictObject } from '../schemas/shapes.ts'
import { sourceOf } from '../source.ts'

const schema = {
  operationId: 'rotateKeys',
  summary: 'Publish the next signing key; it takes over when every verifier can know it',
  tags: ['administration'],
  security: ACCESS_TOKEN_SECURITY,
  body: strictObject({}),
  response: {
    200: RotationAnswer,
    ...refusals(...BODY_REFUSALS, ...TOKEN_REFUSALS, ...ADMINISTRATOR_REFUSALS, 'keys_fixed'),
  },
}

export function adminRotateKeysRoute(app: HttpApp, { context, guard }: RouteOptions): void {
  app.route({
    method: 'POST',
    url: '/admin/keys/rotate',
    schema,
    onRequest: administratorOnly(context, guard),
    preValidation: emptyBodyIsObject,
    handler: async (request) => {
      const { started, pending, notBefore, waitsFor } = await startRotation(
        context,
        sourceOf(request),
        callerOf(request),
      )
      return { started, pending, not_before: notBefore, waits_for: [...waitsFor] }
    },
  })
}
