/**
 * - `bearer` `dpop`  one token under one of the two schemes a guard knows
 * - `other`          credentials for some other scheme: none for this guard
 * - `several`        more than one credential, in one line or in several that were joined
 * - `malformed`      our scheme, but what follows is not a token
 */
export type Authorization =
  | { readonly kind: 'bearer' | 'dpop'; readonly token: string }
  | { readonly kind: 'other' | 'several' | 'malformed' }

/**
 * Reads the value of an `Authorization` header.
 *
 * The scheme is compared without case and followed by one or more spaces (RFC 9110 §11.4); the token is a `b64token`
 * (RFC 6750 §2.1): no quotes, commas, tabs, percent signs or bytes above 0x7E. Linear in the value's length.
 * Does not look inside the token.
 */
export function parseAuthorization(value: string): Authorization {
  const match = CREDENTIALS.exec(value)
  const token = match?.[2]
  if (token !== undefined) return { kind: match?.[1] === undefined ? 'dpop' : 'bearer', token }
  if (value.includes(',') && OURS_IN_A_LIST.test(value)) return SEVERAL
  return OURS.test(value) ? MALFORMED : OTHER
}

/**
 * As `parseAuthorization`, but takes whatever follows the usual spelling `Bearer ` for a token.
 *
 * Looking at every character of a token takes longer than finding it among the verified ones, and a verifier accepts
 * nothing but token characters anyway. When it refuses, `parseAuthorization` tells whether it was given a token at all.
 */
export function splitAuthorization(value: string): Authorization {
  if (value.startsWith(USUAL) && value.length > USUAL.length)
    return { kind: 'bearer', token: value.slice(USUAL.length) }
  return parseAuthorization(value)
}

const USUAL = 'Bearer '
const CREDENTIALS = /^(?:(bearer)|dpop) +([A-Za-z0-9\-._~+/]+=*)$/i
const OURS = /^(?:bearer|dpop)(?![!#$%&'*+\-.^_`|~0-9a-z])/i
/** A comma is in no token; it joins what came in two lines, or a client wrote a list where none is allowed. */
const OURS_IN_A_LIST = /(?:^|,)[ \t]*(?:bearer|dpop)[ \t]/i

const SEVERAL: Authorization = { kind: 'several' }
const MALFORMED: Authorization = { kind: 'malformed' }
const OTHER: Authorization = { kind: 'other' }
