import { SignetError } from '@signet/protocol'
import type { AccessTokenClaims } from '@signet/protocol'
import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import { revokeToken as revocationsOf } from '../domain/revocation.ts'
import type { AuthenticRefreshToken, Context } from './context.ts'
import { endOwnSession } from './logout.ts'

export interface RevokeTokenInput {
  readonly token: string
  /** Who asks, where the request says so; clients of this server are public and prove themselves by having the token. */
  readonly clientId: string | null
}

/**
 * Revokes whatever token is presented (RFC 7009): a refresh token of any generation ends its session and with it every
 * token of it, an access token ends alone.
 *
 * A token that is unknown, not ours or over is no error. Throws `client_unknown`, and `token_of_another_client` when the
 * token was not issued to the client that asks. A type hint is of no use here: each kind is told by itself.
 */
export async function revokeToken(context: Context, input: RevokeTokenInput, source: Source): Promise<void> {
  const { token, clientId } = input
  if (clientId !== null && !context.settings.clients.includes(clientId)) throw new SignetError('client_unknown')
  const refreshToken = context.refreshTokens.authenticate(token)
  if (refreshToken !== null) return endSessionOf(context, refreshToken, clientId, source)
  const claims = context.accessTokenReader.read(token)
  if (claims !== null) await revokeAccessToken(context, claims, clientId, source)
}

async function endSessionOf(
  context: Context,
  token: AuthenticRefreshToken,
  clientId: string | null,
  source: Source,
): Promise<void> {
  const found = await context.store.sessions.get(token.sessionId)
  if (found === null || !context.refreshTokens.matches(token, found.session.secret)) return
  requireSameClient(clientId, found.session.clientId)
  const owned = { accountId: found.account.id, sessionId: token.sessionId }
  await endOwnSession(context, owned, 'revoked_by_client', source)
}

async function revokeAccessToken(
  context: Context,
  claims: AccessTokenClaims,
  clientId: string | null,
  source: Source,
): Promise<void> {
  requireSameClient(clientId, claims.client_id)
  if (await context.store.revocations.hasToken(claims.jti)) return
  const at = context.now()
  const about = { accountId: claims.sub, sessionId: claims.sid, details: { jti: claims.jti } }
  const added = { at, entries: revocationsOf(claims, at) }
  await context.store.revocations.add(added, [draftEvent('token.revoked', at, source, about)])
}

function requireSameClient(asking: string | null, owner: string): void {
  if (asking !== null && asking !== owner) throw new SignetError('token_of_another_client')
}
