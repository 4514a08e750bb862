import { Type } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { SignetError } from '@signet/protocol'
import { logout, logoutCaller } from '../../flows/logout.ts'
import { authenticateCaller } from '../caller.ts'
import { clearSessionCookies, readCookie } from '../cookies.ts'
import { checkCookieIntent, refuseCrossSite } from '../cross-site.ts'
import type { HttpApp, RouteOptions } from '../http-app.ts'
import { emptyBodyIsObject } from '../json-body.ts'
import {
  BODY_REFUSALS,
  CROSS_SITE_REFUSALS,
  NoContent,
  TOKEN_REFUSALS,
  refusals,
  strictObject,
} from '../schemas/shapes.ts'
import { sourceOf } from '../source.ts'

const schema = {
  operationId: 'logout',
  summary: 'Sign out here',
  description:
    'Ends the session of the refresh token (body or cookie) or else of the access token. A session already over is no error.',
  tags: ['sign in'],
  body: strictObject({ refresh_token: Type.Optional(Type.String()) }),
  response: {
    204: NoContent,
    ...refusals(...BODY_REFUSALS, ...CROSS_SITE_REFUSALS, ...TOKEN_REFUSALS),
  },
}

export function logoutRoute(app: HttpApp, options: RouteOptions): void {
  const { site } = options
  const onRequest = refuseCrossSite(site)
  app.route({
    method: 'POST',
    url: '/auth/logout',
    schema,
    onRequest,
    preValidation: emptyBodyIsObject,
    handler: async (request, reply) => {
      const usedCookie = await endSession(request, request.body.refresh_token, options)
      if (usedCookie) clearSessionCookies(reply, site)
      return reply.code(204).send(null)
    },
  })
}

/** Resolves to whether the browser's cookies are now useless. A caller without any credential is signed out already. */
async function endSession(
  request: FastifyRequest,
  fromBody: string | undefined,
  { context, guard, site }: RouteOptions,
): Promise<boolean> {
  const fromCookie = readCookie(request.headers.cookie, site.cookies.refresh)
  if (fromBody !== undefined) {
    if (fromCookie !== null) throw new SignetError('credential_ambiguous')
    await logout(context, { refreshToken: fromBody }, sourceOf(request))
    return false
  }
  if (fromCookie !== null) {
    checkCookieIntent(request, site, fromCookie, context.refreshTokens)
    await logout(context, { refreshToken: fromCookie }, sourceOf(request))
    return true
  }
  const hasAccessCookie = site.accessCookie && readCookie(request.headers.cookie, site.cookies.access) !== null
  if (request.headers.authorization === undefined && !hasAccessCookie) return true
  await logoutCaller(context, await authenticateCaller(guard, request), sourceOf(request))
  return hasAccessCookie
}
