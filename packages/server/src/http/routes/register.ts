import { Type } from '@fastify/type-provider-typebox'
import { register } from '../../flows/register.ts'
import { refuseCrossSite } from '../cross-site.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { BODY_REFUSALS, refusals, strictObject } from '../schemas/shapes.ts'
import { sourceOf } from '../source.ts'

const schema = {
  operationId: 'register',
  summary: 'Create an account',
  description: 'Answers a taken address like a free one.',
  tags: ['sign in'],
  body: strictObject({ email: Type.String(), password: Type.String() }),
  response: {
    202: Type.Object(
      { status: Type.Literal('accepted') },
      { description: 'The same whether or not the address was taken.' },
    ),
    ...refusals(
      ...BODY_REFUSALS,
      'email_invalid',
      'password_too_short',
      'password_too_long',
      'password_common',
      'registration_closed',
      'cross_site_refused',
      'throttled',
      'overloaded',
    ),
  },
}

export function registerRoute(app: HttpApp, { context, site }: RouteOptions): void {
  app.route({
    method: 'POST',
    url: '/auth/register',
    schema,
    onRequest: refuseCrossSite(site),
    handler: async (request, reply) => {
      await register(context, request.body, sourceOf(request))
      return reply.code(202).send({ status: 'accepted' })
    },
  })
}
