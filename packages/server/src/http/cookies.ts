import type { CookieSerializeOptions } from '@fastify/cookie'
import type { FastifyReply } from 'fastify'
import { SignetError } from '@signet/protocol'
import type { IssuedTokens } from '../flows/issue-tokens.ts'
import type { Site } from './site.ts'

/** Puts the tokens where scripts cannot read them, and the CSRF token where they can. */
export function setSessionCookies(reply: FastifyReply, site: Site, tokens: IssuedTokens): void {
  const { cookies } = site
  const life = { maxAge: tokens.refreshExpiresInSeconds }
  reply.setCookie(cookies.refresh, tokens.refreshToken, { ...hidden(site), ...life })
  reply.setCookie(cookies.csrf, tokens.csrfToken, { ...readable(site), ...life })
  if (site.accessCookie) {
    reply.setCookie(cookies.access, tokens.accessToken, { ...hidden(site), maxAge: tokens.expiresInSeconds })
  }
}

/**
 * Takes them back, with the attributes they were set with.
 *
 * Only for answers that follow the end of the session: a refused refresh must not clear anything, since it may arrive
 * after another answer has set the cookies of a newer login.
 */
export function clearSessionCookies(reply: FastifyReply, site: Site): void {
  const { cookies } = site
  reply.setCookie(cookies.refresh, '', { ...hidden(site), maxAge: 0 })
  reply.setCookie(cookies.csrf, '', { ...readable(site), maxAge: 0 })
  reply.setCookie(cookies.access, '', { ...hidden(site), maxAge: 0 })
}

/**
 * The value of one cookie, or `null`. Throws `credential_ambiguous` when it comes twice: which of the two a reader
 * takes is chance, and a sibling host may have planted one.
 *
 * @param header the `Cookie` header as received
 */
export function readCookie(header: string | undefined, name: string): string | null {
  if (header === undefined) return null
  const start = `${name}=`
  const values = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(start))
    .map((pair) => pair.slice(start.length))
  if (values.length > 1) throw new SignetError('credential_ambiguous')
  return values[0] === undefined || values[0] === '' ? null : values[0]
}

function hidden(site: Site): CookieSerializeOptions {
  return { ...readable(site), httpOnly: true }
}

/** No `Domain`: the host alone. `Path=/` is what the `__Host-` prefix demands (RFC 6265bis §4.1.3.2). */
function readable(site: Site): CookieSerializeOptions {
  return { path: '/', secure: site.secure, sameSite: 'strict' }
}
