import type { AccessTokenClaims, Delivery } from '@signet/protocol'
import type { Account } from '../domain/account.ts'
import { accessTokenExpiresAt, sessionExpiresAt } from '../domain/session.ts'
import type { Session } from '../domain/session.ts'
import type { EpochSeconds } from '../domain/time.ts'
import type { Context, Settings } from './context.ts'

/** What a login or a refresh hands out. `http/` decides how it travels. */
export interface IssuedTokens {
  readonly accessToken: string
  readonly tokenType: 'Bearer' | 'DPoP'
  readonly expiresInSeconds: number
  readonly scope: string | null
  readonly refreshToken: string
  readonly refreshExpiresInSeconds: number
  readonly sessionId: string
  readonly delivery: Delivery
  readonly csrfToken: string
}

/**
 * Issues the tokens of a session's current generation.
 *
 * Everything that identifies them is derived from the session and its generation: asked again, as a replay does, it
 * gives the same refresh token to the byte and the same access token (`jti`, `iat`, `exp`), signed anew. Roles are
 * those the account has now (RFC 9700 §4.14.2).
 */
export async function issueTokens(
  context: Context,
  session: Session,
  account: Account,
  now: EpochSeconds,
): Promise<IssuedTokens> {
  const { settings, refreshTokens } = context
  const claims = accessTokenClaims(
    session,
    account,
    refreshTokens.accessTokenId(session.secret, session.generation),
    settings,
  )
  return {
    accessToken: await context.accessTokens.issue(claims),
    tokenType: session.keyThumbprint === null ? 'Bearer' : 'DPoP',
    expiresInSeconds: Math.max(0, claims.exp - now),
    scope: session.scope,
    refreshToken: refreshTokens.encode(session, session.generation),
    refreshExpiresInSeconds: Math.max(0, sessionExpiresAt(session, settings) - now),
    sessionId: session.id,
    delivery: session.delivery,
    csrfToken: refreshTokens.csrfToken(session.id),
  }
}

/** The revocation list trusts `tokensUntil`: no token outlives it, even when the lifetime has been raised meanwhile. */
function accessTokenClaims(session: Session, account: Account, jti: string, settings: Settings): AccessTokenClaims {
  return {
    iss: settings.issuer,
    sub: account.id,
    aud: session.audience,
    exp: Math.min(accessTokenExpiresAt(session, session.rotatedAt, settings), session.tokensUntil),
    iat: session.rotatedAt,
    jti,
    sid: session.id,
    client_id: session.clientId,
    auth_time: session.authenticatedAt,
    amr: session.amr,
    ...(session.scope === null ? {} : { scope: session.scope }),
    ...(account.roles.length === 0 ? {} : { roles: account.roles }),
    ...(session.keyThumbprint === null ? {} : { cnf: { jkt: session.keyThumbprint } }),
  }
}
