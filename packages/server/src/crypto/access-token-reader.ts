import { JwtError, UNCHECKED_AUDIENCE, createVerifier } from '@signet/jwt'
import type { Algorithm, KeySource } from '@signet/jwt'
import { ACCESS_TOKEN_TYPE, REQUIRED_ACCESS_CLAIMS } from '@signet/protocol'
import type { AccessTokenClaims } from '@signet/protocol'
import type { EpochSeconds } from '../domain/time.ts'
import type { AccessTokenReader } from '../flows/context.ts'

export interface AccessTokenReaderOptions {
  readonly issuer: string
  readonly algorithms: readonly Algorithm[]
  readonly keys: KeySource
  readonly now: () => EpochSeconds
}

/**
 * Reads access tokens that somebody else was given, to revoke them or to say what they are: of whatever audience, since
 * the server issued them all. Whoever asks is limited to their audience by the flow.
 */
export function createAccessTokenReader({
  issuer,
  algorithms,
  keys,
  now,
}: AccessTokenReaderOptions): AccessTokenReader {
  const verifier = createVerifier({
    issuer,
    audience: UNCHECKED_AUDIENCE,
    algorithms,
    keys,
    typ: ACCESS_TOKEN_TYPE,
    requiredClaims: [...REQUIRED_ACCESS_CLAIMS, 'sid'],
    now,
  })
  return {
    read(token) {
      try {
        // signed by our own key, so the claims are those we wrote
        return verifier.verify(token).claims as unknown as AccessTokenClaims
      } catch (error) {
        if (error instanceof JwtError) return null
        throw error
      }
    },
  }
}
