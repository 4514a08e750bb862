import { listKeys } from '../../flows/list-keys.ts'
import type { KeyOverview } from '../../flows/list-keys.ts'
import { ADMINISTRATOR_REFUSALS, administratorOnly } from '../administrator.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { KeysAnswer } from '../schemas/keys.ts'
import { ACCESS_TOKEN_SECURITY, TOKEN_REFUSALS, refusals } from '../schemas/shapes.ts'

const schema = {
  operationId: 'listKeys',
  summary: 'List the signing keys, and what happens to them next',
  tags: ['administration'],
  security: ACCESS_TOKEN_SECURITY,
  response: { 200: KeysAnswer, ...refusals(...TOKEN_REFUSALS, ...ADMINISTRATOR_REFUSALS) },
}

export function adminListKeysRoute(app: HttpApp, { context, guard }: RouteOptions): void {
  app.route({
    method: 'GET',
    url: '/admin/keys',
    schema,
    onRequest: administratorOnly(context, guard),
    handler: async () => describeKeys(await listKeys(context)),
  })
}

function describeKeys({ keys, nextRotationAt, rotation }: KeyOverview) {
  return {
    keys: keys.map((key) => ({
      kid: key.kid,
      alg: key.alg,
      state: key.state,
      created_at: key.createdAt,
      activated_at: key.activatedAt,
      retired_at: key.retiredAt,
      revoked_at: key.revokedAt,
      leaves_at: key.leavesAt,
    })),
    next_rotation_at: nextRotationAt,
    rotation:
      rotation === null || rotation.pending === null
        ? null
        : { pending: rotation.pending, not_before: rotation.notBefore, waits_for: [...rotation.waitsFor] },
  }
}
