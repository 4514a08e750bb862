import { verifyDpopProof } from '@signet/jwt/dpop'
import type { EpochSeconds } from '@signet/jwt'
import { DPOP_ALGORITHMS } from './challenge.ts'
import { GuardError } from './errors.ts'
import type { ReplayList } from './replay-list.ts'
import { requestUrl } from './request.ts'
import type { GuardRequest } from './request.ts'

export interface ProofPolicy {
  readonly maxAgeSeconds: number
  readonly publicUrl: string | undefined
}

/**
 * Checks that the caller holds the key a token is bound to (RFC 9449 §7.1): one `DPoP` header, signed by that key, for
 * this method, URL and token, recent, and never seen before.
 *
 * The token must be verified already; the proof is remembered only when everything else about it is right, so that
 * nobody can fill the list with proofs of keys that no token names.
 *
 * @throws GuardError `dpop_proof_invalid`; `overloaded` when used proofs can no longer be remembered
 */
export function checkProof(
  request: GuardRequest,
  accessToken: string,
  jkt: string,
  policy: ProofPolicy,
  replays: ReplayList,
  now: EpochSeconds,
): void {
  const proof = request.header('dpop')
  if (proof === undefined) throw refused('the request has no proof')
  const { maxAgeSeconds } = policy
  const verified = verify(proof, request, accessToken, policy, now)
  if (verified.jkt !== jkt) throw refused('the proof is made with another key than the token is bound to')
  const verdict = replays.remember(jkt, verified.jti, verified.iat + maxAgeSeconds, now)
  if (verdict === 'seen') throw refused('the proof was used before')
  if (verdict === 'full')
    throw new GuardError('overloaded', { reason: 'the list of used proofs is full', retryAfterSeconds: maxAgeSeconds })
}

function verify(proof: string, request: GuardRequest, accessToken: string, policy: ProofPolicy, now: EpochSeconds) {
  try {
    return verifyDpopProof(proof, {
      method: request.method,
      url: requestUrl(request, policy.publicUrl),
      now,
      maxAgeSeconds: policy.maxAgeSeconds,
      accessToken,
      algorithms: DPOP_ALGORITHMS,
    })
  } catch (cause) {
    throw refused(cause instanceof Error ? cause.message : 'the proof is not valid', cause)
  }
}

function refused(reason: string, cause?: unknown): GuardError {
  return new GuardError('dpop_proof_invalid', { scheme: 'DPoP', reason, ...(cause === undefined ? {} : { cause }) })
}
