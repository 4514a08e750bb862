import { parseAuthorization, splitAuthorization } from './bearer.ts'
import type { Authorization } from './bearer.ts'

/** How a token travelled: under `Authorization: Bearer`, under `Authorization: DPoP`, or in the access cookie. */
export type CredentialKind = 'bearer' | 'dpop' | 'cookie'

export type Credential =
  | { readonly kind: CredentialKind; readonly token: string }
  | { readonly kind: 'none' | 'ambiguous' | 'malformed' }

/**
 * Finds the one credential of a request.
 *
 * - `none`       there is none, or only credentials of a scheme that is not ours
 * - `ambiguous`  there are two: in the header, in the cookies, or one in each (RFC 6750 §2)
 * - `malformed`  there is one, and it is not written as a token
 *
 * Query and body are never read (RFC 9700 §4.3.2). Does not look inside the token.
 *
 * @param cookieHeader value of `Cookie`; `undefined` when the guard reads no cookies
 */
export function findCredential(authorization: string | undefined, cookieHeader?: string, cookieName = ''): Credential {
  return find(parseAuthorization, authorization, cookieHeader, cookieName)
}

/**
 * The same, except that what a `Bearer` header holds may be something else than a token, or several of them. For a
 * verifier, which accepts tokens only; once it has refused, `findCredential` says what there was.
 */
export function findCandidate(authorization: string | undefined, cookieHeader?: string, cookieName = ''): Credential {
  return find(splitAuthorization, authorization, cookieHeader, cookieName)
}

function find(
  read: (value: string) => Authorization,
  authorization: string | undefined,
  cookieHeader: string | undefined,
  cookieName: string,
): Credential {
  const fromHeader = authorization === undefined ? NONE : fromAuthorization(read(authorization))
  if (cookieHeader === undefined) return fromHeader
  const fromCookie = fromCookies(cookieHeader, cookieName)
  if (fromCookie.kind === 'none') return fromHeader
  return fromHeader.kind === 'none' ? fromCookie : AMBIGUOUS
}

function fromAuthorization(parsed: Authorization): Credential {
  switch (parsed.kind) {
    case 'bearer':
    case 'dpop':
      return parsed
    case 'other':
      return NONE
    case 'several':
      return AMBIGUOUS
    case 'malformed':
      return MALFORMED
  }
}

/** An empty cookie is one that was cleared. Names are compared exactly: `__Host-` is no prefix in another case. */
function fromCookies(header: string, name: string): Credential {
  let found: string | undefined
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue
    const value = pair.slice(equals + 1).trim()
    if (value === '') continue
    if (found !== undefined) return AMBIGUOUS
    found = value
  }
  if (found === undefined) return NONE
  return TOKEN.test(found) ? { kind: 'cookie', token: found } : MALFORMED
}

const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/

const NONE: Credential = { kind: 'none' }
const AMBIGUOUS: Credential = { kind: 'ambiguous' }
const MALFORMED: Credential = { kind: 'malformed' }
