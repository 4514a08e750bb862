/** The `typ` of an access token's header (RFC 9068 §2.1). */
export const ACCESS_TOKEN_TYPE = 'at+jwt'

/**
 * The payload of an access token: RFC 9068 §2.2, with `sid` always and `cnf` when the token is bound to a key.
 * Instants are whole seconds since the epoch. Holds no personal data: it is encoded, not encrypted.
 */
export interface AccessTokenClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: string
  readonly exp: number
  readonly iat: number
  readonly jti: string
  readonly sid: string
  readonly client_id: string
  /** When the person last proved who they are; a refresh does not move it (OIDC Core §2). */
  readonly auth_time: number
  /** How they proved it (RFC 8176): `pwd`, `otp`, `hwk`… */
  readonly amr: readonly string[]
  /** Space-separated (RFC 8693 §4.2); absent when nothing was granted. */
  readonly scope?: string
  readonly roles?: readonly string[]
  /** The key the token is bound to (RFC 9449 §6.1). */
  readonly cnf?: { readonly jkt: string }
}

/** Claims that every Signet access token has; a guard demands them all (RFC 9068 §2.2, and `sid`). */
export const REQUIRED_ACCESS_CLAIMS = ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id'] as const
