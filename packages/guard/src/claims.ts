import type { JsonObject } from '@signet/jwt'

/**
 * The payload of an access token that a guard has admitted: RFC 9068 §2.2. Claims that only Signet's own server
 * always sets (`sid`, `auth_time`, `amr`) may be absent, since other issuers are accepted too.
 */
export type AdmittedClaims = JsonObject & {
  readonly iss: string
  readonly sub: string
  readonly aud: string | readonly string[]
  readonly exp: number
  readonly iat: number
  readonly jti: string
  readonly client_id: string
  readonly sid?: string
  readonly auth_time?: number
  readonly amr?: readonly string[]
  readonly scope?: string
  readonly roles?: readonly string[]
  readonly cnf?: { readonly jkt: string }
}

/**
 * Checks the types of the claims that a principal is made of; `undefined` means every one of them is sound,
 * otherwise the name of the first that is not.
 *
 * For claims whose signature, issuer, audience and times are already verified. `cnf` may hold `jkt` and nothing
 * else: a binding that this guard cannot check (a certificate, RFC 8705) must not be taken for no binding at all.
 */
export function unsoundClaim(claims: JsonObject): string | undefined {
  if (!isName(claims['sub'])) return 'sub'
  if (!isName(claims['jti'])) return 'jti'
  if (!isName(claims['client_id'])) return 'client_id'
  if (!isAbsentOr(isName, claims['sid'])) return 'sid'
  if (!isAbsentOr(isInstant, claims['auth_time'])) return 'auth_time'
  if (!isAbsentOr(isListOfNames, claims['amr'])) return 'amr'
  if (!isAbsentOr(isScope, claims['scope'])) return 'scope'
  if (!isAbsentOr(isListOfNames, claims['roles'])) return 'roles'
  if (!isAbsentOr(isKeyBinding, claims['cnf'])) return 'cnf'
  return undefined
}

/** One scope-token (RFC 6749 §3.3): printable ASCII without space, quote and backslash. */
export function isScopeToken(value: string): boolean {
  return SCOPE_TOKEN.test(value)
}

const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]+(?: [\x21\x23-\x5B\x5D-\x7E]+)*$/
/** Base64url of a SHA-256 hash (RFC 7638). */
const THUMBPRINT = /^[A-Za-z0-9_-]{43}$/

function isAbsentOr(isSound: (value: unknown) => boolean, value: unknown): boolean {
  return value === undefined || isSound(value)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isListOfNames(value: unknown): value is string[] {
  return Array.isArray(value) && value.every(isName)
}

function isScope(value: unknown): value is string {
  return typeof value === 'string' && (value === '' || SCOPE.test(value))
}

function isKeyBinding(value: unknown): value is { jkt: string } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const [name, ...others] = Object.keys(value)
  const { jkt } = value as { readonly jkt?: unknown }
  return name === 'jkt' && others.length === 0 && typeof jkt === 'string' && THUMBPRINT.test(jkt)
}
