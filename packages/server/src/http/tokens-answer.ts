import type { FastifyReply } from 'fastify'
import type { Delivery, TokenResponse } from '@signet/protocol'
import type { IssuedTokens } from '../flows/issue-tokens.ts'
import { setSessionCookies } from './cookies.ts'
import type { Site } from './site.ts'

/** Sends tokens the way they are to travel: with `cookie`, no refresh token is ever in a body. */
export function deliverTokens(
  reply: FastifyReply,
  site: Site,
  tokens: IssuedTokens,
  delivery: Delivery,
): TokenResponse {
  const common = {
    access_token: tokens.accessToken,
    token_type: tokens.tokenType,
    expires_in: tokens.expiresInSeconds,
    refresh_expires_in: tokens.refreshExpiresInSeconds,
    ...(tokens.scope === null ? {} : { scope: tokens.scope }),
  }
  if (delivery === 'body') return { ...common, refresh_token: tokens.refreshToken }
  setSessionCookies(reply, site, tokens)
  return { ...common, csrf_token: tokens.csrfToken }
}
