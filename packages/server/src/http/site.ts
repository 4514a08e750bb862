import { cookieNames } from '@signet/protocol'
import type { CookieNames } from '@signet/protocol'
import type { Config } from '../config/schema.ts'

/** The server as browsers see it. */
export interface Site {
  /** The public URL, an origin. */
  readonly issuer: string
  /** Whether browsers reach it over https; then cookies are `Secure` and have the `__Host-` prefix. */
  readonly secure: boolean
  readonly cookies: CookieNames
  /** Whether cookie mode delivers the access token in a cookie too. */
  readonly accessCookie: boolean
  /** Serialised origins whose pages may act with cookies: the issuer's and those configured. */
  readonly origins: ReadonlySet<string>
}

/** @param issuer the one tokens name, which may have been settled after the configuration was read */
export function siteOf(issuer: string, config: Pick<Config, 'accessCookie' | 'allowedOrigins'>): Site {
  const secure = issuer.startsWith('https:')
  return {
    issuer,
    secure,
    cookies: cookieNames(secure),
    accessCookie: config.accessCookie,
    origins: new Set([new URL(issuer).origin, ...config.allowedOrigins]),
  }
}
