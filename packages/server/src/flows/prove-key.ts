import { createHash } from 'node:crypto'
import { JwtError } from '@signet/jwt'
import { verifyDpopProof } from '@signet/jwt/dpop'
import { SignetError } from '@signet/protocol'
import type { Context } from './context.ts'

/** A DPoP proof as it came in, with what it must be about. */
export interface DpopRequest {
  readonly proof: string
  readonly method: string
  /** The public URL of the endpoint, without query and fragment (RFC 9449 §4.2, `htu`). */
  readonly url: string
}

/** How old a proof may be, and how far ahead its clock may run. */
const PROOF_MAX_AGE_SECONDS = 60

/**
 * Verifies a DPoP proof and that it is seen for the first time; resolves to the thumbprint of the proven key, or
 * `null` when none was sent.
 *
 * Throws `dpop_proof_invalid`. Does not compare the key with the one a session is bound to.
 *
 * @see RFC 9449 §4.3, §11.1
 */
export async function proveKey(context: Context, request: DpopRequest | null): Promise<string | null> {
  if (request === null) return null
  const proof = verify(request, context.now())
  const id = createHash('sha256').update(`${proof.jkt}.${proof.jti}`).digest('base64url')
  const first = await context.store.proofs.remember(id, Math.ceil(proof.iat) + 2 * PROOF_MAX_AGE_SECONDS)
  if (!first) throw new SignetError('dpop_proof_invalid', { reason: 'the proof was used before' })
  return proof.jkt
}

function verify(request: DpopRequest, now: number): ReturnType<typeof verifyDpopProof> {
  const { proof, method, url } = request
  try {
    return verifyDpopProof(proof, { method, url, now, maxAgeSeconds: PROOF_MAX_AGE_SECONDS })
  } catch (cause) {
    if (cause instanceof JwtError) throw new SignetError('dpop_proof_invalid', { reason: cause.message, cause })
    throw cause
  }
}
