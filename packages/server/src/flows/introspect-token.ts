import type { AccessTokenClaims, IntrospectionResponse } from '@signet/protocol'
import type { GuardCredential } from '../domain/guard-credential.ts'
import { requireSession } from './caller.ts'
import type { Context } from './context.ts'
import { SignetError } from '@signet/protocol'

/**
 * Says what an access token is worth at this moment (RFC 7662), to a guard that has been authenticated.
 *
 * Whatever is not a live access token for the guard's audience is `{ active: false }` and nothing else: expired,
 * revoked, its session or account over, for another audience, a refresh token, or none of ours. Does not check that a
 * token bound to a key comes with its proof: `cnf` says to which key it is bound, and the resource server has the proof.
 */
export async function introspectToken(
  context: Context,
  guard: GuardCredential,
  token: string,
): Promise<IntrospectionResponse> {
  const claims = context.accessTokenReader.read(token)
  if (claims === null || (guard.audience !== null && guard.audience !== claims.aud)) return INACTIVE
  return (await isLive(context, claims)) ? describe(claims) : INACTIVE
}

const INACTIVE: IntrospectionResponse = { active: false }

async function isLive(context: Context, claims: AccessTokenClaims): Promise<boolean> {
  try {
    await requireSession(context, { accountId: claims.sub, sessionId: claims.sid, tokenId: claims.jti })
    return true
  } catch (error) {
    if (error instanceof SignetError && error.code === 'token_revoked') return false
    throw error
  }
}

function describe(claims: AccessTokenClaims): IntrospectionResponse {
  const { iss, sub, aud, exp, iat, jti, sid, client_id, auth_time, amr, scope, roles, cnf } = claims
  return {
    active: true,
    token_type: cnf === undefined ? 'Bearer' : 'DPoP',
    iss,
    sub,
    aud,
    exp,
    iat,
    jti,
    sid,
    client_id,
    auth_time,
    amr,
    ...(scope === undefined ? {} : { scope }),
    ...(roles === undefined ? {} : { roles }),
    ...(cnf === undefined ? {} : { cnf }),
  }
}
