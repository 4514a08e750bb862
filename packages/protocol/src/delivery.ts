/**
 * The names under which tokens travel in a browser.
 *
 * With `secure`, the `__Host-` prefix makes the browser itself refuse a cookie that is not `Secure`, has a `Domain`
 * or another `Path` (RFC 6265bis §4.1.3.2). Without it, on http://localhost, the prefix cannot be used.
 */
export function cookieNames(secure: boolean): CookieNames {
  const prefix = secure ? '__Host-' : ''
  return {
    refresh: `${prefix}signet_refresh`,
    access: `${prefix}signet_access`,
    csrf: `${prefix}signet_csrf`,
  }
}

export interface CookieNames {
  readonly refresh: string
  readonly access: string
  /** Readable by scripts: it holds the value to repeat in `X-CSRF-Token`. */
  readonly csrf: string
}

/** Where a request repeats the CSRF token; lower case, as Node and Fetch give header names. */
export const CSRF_HEADER = 'x-csrf-token'

/** Tokens in the answer's body, or in cookies that no script can read. */
export type Delivery = 'body' | 'cookie'
