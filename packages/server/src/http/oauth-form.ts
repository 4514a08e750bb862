import { PROBLEMS } from '@signet/protocol'
import type { ProblemCode } from '@signet/protocol'

/**
 * How an OAuth endpoint says what the catalogue has under a code (RFC 6749 §5.2): 401 is for a caller that has not
 * proved who it is; what is wrong with a token is the request's fault there, 400. Failures of the server and of
 * transport keep their own status.
 */
export function oauthFormOf(code: ProblemCode): { readonly status: number; readonly error: string } {
  const { status, oauth } = PROBLEMS[code]
  const error = oauth ?? 'invalid_request'
  return { status: status === 401 && error !== 'invalid_client' ? 400 : status, error }
}
