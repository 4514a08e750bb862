import { PROBLEMS } from '@signet/protocol'
import type { ProblemCode } from '@signet/protocol'

export type Scheme = 'Bearer' | 'DPoP'

/** Algorithms that a proof of possession may be signed with (RFC 9449 §5.1): asymmetric, and strong enough. */
export const DPOP_ALGORITHMS = ['ES256', 'Ed25519', 'RS256', 'PS256', 'ES384', 'ES512'] as const

/**
 * Writes the `WWW-Authenticate` value for a refusal; `undefined` where the refusal is not about the credential.
 *
 * Without credentials: the bare scheme and no error code (RFC 6750 §3.1). With them: the error, its general
 * description and the missing scope. Says nothing about why a signature, a key or a claim was refused, and holds
 * nothing that came with the request.
 *
 * @param scheme the one the request used; `Bearer` when it used none
 * @param scope space-separated, only scope-token characters (`requireScope` sees to that)
 * @see RFC 6750 §3, RFC 9449 §7.1
 */
export function challengeOf(code: ProblemCode, scheme: Scheme, scope?: string, offerDpop = false): string | undefined {
  const { oauth, title } = PROBLEMS[code]
  if (code === 'token_missing') return offerDpop ? `Bearer, DPoP ${ALGS}` : 'Bearer'
  if (oauth === undefined || !CHALLENGED.has(oauth)) return undefined
  const parameters = [`error="${oauth}"`, `error_description="${title}"`]
  if (scope !== undefined) parameters.push(`scope="${scope}"`)
  if (scheme === 'DPoP') parameters.push(ALGS)
  return `${scheme} ${parameters.join(', ')}`
}

/** The errors of RFC 6750 §3.1 and RFC 9449 §12.2; `access_denied` and the like are no challenge. */
const CHALLENGED: ReadonlySet<string> = new Set([
  'invalid_request',
  'invalid_token',
  'insufficient_scope',
  'invalid_dpop_proof',
])

const ALGS = `algs="${DPOP_ALGORITHMS.join(' ')}"`
