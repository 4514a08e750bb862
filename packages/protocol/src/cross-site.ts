/** What a browser says about where a request came from. Header values as received; `undefined` when absent. */
export interface RequestOrigin {
  readonly method: string
  /** `Sec-Fetch-Site` (Fetch Metadata). */
  readonly fetchSite: string | undefined
  /** `Origin` (RFC 6454 §7). */
  readonly origin: string | undefined
}

export type CrossSiteDecision =
  | { readonly kind: 'allow' }
  | { readonly kind: 'refuse'; readonly because: 'cross_site' | 'origin_unknown' }
  | { readonly kind: 'needs_token' }

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a method may not change anything (RFC 9110 §9.2.1). TRACE is safe by the RFC but never served. */
export function isSafeMethod(method: string): boolean {
  return SAFE_METHODS.has(method)
}

/**
 * Decides whether a request whose credential the browser attached by itself (a cookie) may act.
 *
 * - `allow`       it is safe, or comes from the site itself or a configured origin
 * - `refuse`      the browser says that another site made it
 * - `needs_token` the browser says nothing: only a CSRF token bound to the session can vouch for it
 *
 * Fetch-Metadata is read first because no script can forge it. `same-site` is not trusted by itself: a sibling
 * subdomain is another application, so it needs a configured origin. `none` (typed into the address bar) never
 * makes an unsafe request on behalf of a page. Does not check the CSRF token itself.
 *
 * @param origins serialised origins that may act, exact (`https://app.example.com`), the server's own included
 */
export function decideCrossSite(request: RequestOrigin, origins: ReadonlySet<string>): CrossSiteDecision {
  if (isSafeMethod(request.method)) return { kind: 'allow' }
  const { fetchSite, origin } = request
  if (fetchSite === 'same-origin') return { kind: 'allow' }
  if (origin !== undefined) {
    return origins.has(origin) ? { kind: 'allow' } : { kind: 'refuse', because: 'origin_unknown' }
  }
  if (fetchSite !== undefined && fetchSite !== 'none') return { kind: 'refuse', because: 'cross_site' }
  return { kind: 'needs_token' }
}
