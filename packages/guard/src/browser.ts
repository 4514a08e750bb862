import { CSRF_HEADER, decideCrossSite } from '@signet/protocol'
import type { AdmittedClaims } from './claims.ts'
import { GuardError } from './errors.ts'
import type { GuardRequest } from './request.ts'

export interface BrowserPolicy {
  /** Serialised origins that may act with the cookie, exact. */
  readonly origins: ReadonlySet<string>
  readonly verifyCsrfToken: ((token: string, claims: AdmittedClaims) => boolean) | undefined
}

/**
 * Checks that a request with the access cookie was meant by the page it seems to come from: a browser attaches a cookie
 * by itself, to requests of other sites too.
 *
 * Safe methods pass, so a handler for one must change nothing. For the rest Fetch Metadata decides, then `Origin`;
 * where the browser sends neither, only a CSRF token that the policy can verify helps.
 *
 * @throws GuardError `cross_site_refused`, `csrf_token_invalid`
 */
export function checkCrossSite(request: GuardRequest, claims: AdmittedClaims, policy: BrowserPolicy): void {
  const decision = decideCrossSite(
    { method: request.method, fetchSite: request.header('sec-fetch-site'), origin: request.header('origin') },
    policy.origins,
  )
  if (decision.kind === 'allow') return
  if (decision.kind === 'refuse') throw new GuardError('cross_site_refused', { reason: decision.because })
  const token = request.header(CSRF_HEADER)
  if (token === undefined) throw new GuardError('csrf_token_invalid', { reason: 'the request has no CSRF token' })
  if (policy.verifyCsrfToken?.(token, claims) !== true) {
    throw new GuardError('csrf_token_invalid', { reason: 'the CSRF token is not the one of this session' })
  }
}
