import type { FastifyRequest, onRequestHookHandler } from 'fastify'
import { CSRF_HEADER, SignetError, decideCrossSite } from '@signet/protocol'
import type { CrossSiteDecision } from '@signet/protocol'
import type { RefreshTokens } from '../flows/context.ts'
import type { Site } from './site.ts'

/**
 * Refuses what a browser says another site made, whatever credential it carries: nobody may be signed in to a
 * stranger's account, or out of their own, by a page they merely visit (BR-05). Throws `cross_site_refused`.
 */
export function refuseCrossSite(site: Site): onRequestHookHandler {
  return (request, _reply, done) => {
    if (decide(request, site).kind === 'refuse') throw new SignetError('cross_site_refused')
    done()
  }
}

/**
 * Checks that a request whose cookie the browser attached by itself was meant (BR-03).
 *
 * Where the browser says nothing about its origin, `X-CSRF-Token` must hold the token bound to the session of the
 * refresh token. Throws `cross_site_refused` or `csrf_token_invalid`. Does not check that the session is live.
 */
export function checkCookieIntent(
  request: FastifyRequest,
  site: Site,
  refreshToken: string,
  tokens: RefreshTokens,
): void {
  const decision = decide(request, site)
  if (decision.kind === 'refuse') throw new SignetError('cross_site_refused')
  if (decision.kind === 'allow') return
  const csrfToken = request.headers[CSRF_HEADER]
  const session = tokens.authenticate(refreshToken)?.sessionId
  if (session === undefined || typeof csrfToken !== 'string' || !tokens.checkCsrfToken(csrfToken, session)) {
    throw new SignetError('csrf_token_invalid')
  }
}

/** Whether a browser made the request by its own rules; programs do not send Fetch-Metadata unless they pretend to. */
export function isBrowser(request: FastifyRequest): boolean {
  return request.headers['sec-fetch-site'] !== undefined
}

function decide(request: FastifyRequest, site: Site): CrossSiteDecision {
  const fetchSite = request.headers['sec-fetch-site']
  return decideCrossSite(
    {
      method: request.method,
      fetchSite: Array.isArray(fetchSite) ? fetchSite.join(', ') : fetchSite,
      origin: request.headers.origin,
    },
    site.origins,
  )
}
