import type { EpochSeconds } from '@signet/jwt'
import type { AdmittedClaims } from './claims.ts'
import type { CredentialKind } from './credential.ts'

/**
 * Who is asking, as a handler receives it: everything from the verified token, nothing from elsewhere in the request.
 *
 * Frozen, and shared by requests that present the same token. Identify people by `issuer` and `subject` together.
 */
export interface Principal {
  /** Opaque, stable, never reassigned; unique within the issuer. */
  readonly subject: string
  readonly issuer: string
  /** The audience the guard was made for; the token may name others too (`claims.aud`). */
  readonly audience: string
  readonly clientId: string
  /** The login this token belongs to. Signet's own tokens always name it. */
  readonly sessionId: string | undefined
  readonly tokenId: string
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  /** When the person last proved who they are. */
  readonly authenticatedAt: EpochSeconds | undefined
  /** How they proved it (RFC 8176): `pwd`, `otp`, `hwk`… */
  readonly methods: readonly string[]
  readonly expiresAt: EpochSeconds
  /** How the token travelled; `dpop` means that the caller also proved possession of its key. */
  readonly credential: CredentialKind
  /** Every claim of the token, custom ones included. */
  readonly claims: AdmittedClaims
  hasScope(scope: string): boolean
  hasRole(role: string): boolean
}

/**
 * Makes the principal of a token whose claims are verified and sound.
 *
 * Its lists are those of the claims, which are frozen wherever they are shared: the verifier's cache sees to that.
 */
export function principalOf(claims: AdmittedClaims, audience: string, credential: CredentialKind): Principal {
  return Object.freeze(new TokenPrincipal(claims, audience, credential))
}

class TokenPrincipal implements Principal {
  readonly subject: string
  readonly issuer: string
  readonly audience: string
  readonly clientId: string
  readonly sessionId: string | undefined
  readonly tokenId: string
  readonly scopes: readonly string[]
  readonly roles: readonly string[]
  readonly authenticatedAt: EpochSeconds | undefined
  readonly methods: readonly string[]
  readonly expiresAt: EpochSeconds
  readonly credential: CredentialKind
  readonly claims: AdmittedClaims

  constructor(claims: AdmittedClaims, audience: string, credential: CredentialKind) {
    this.subject = claims.sub
    this.issuer = claims.iss
    this.audience = audience
    this.clientId = claims.client_id
    this.sessionId = claims.sid
    this.tokenId = claims.jti
    this.scopes = scopesOf(claims.scope)
    this.roles = claims.roles ?? NOTHING
    this.authenticatedAt = claims.auth_time
    this.methods = claims.amr ?? NOTHING
    this.expiresAt = claims.exp
    this.credential = credential
    this.claims = claims
  }

  hasScope(scope: string): boolean {
    return this.scopes.includes(scope)
  }

  hasRole(role: string): boolean {
    return this.roles.includes(role)
  }
}

const NOTHING: readonly string[] = Object.freeze([])

function scopesOf(scope: string | undefined): readonly string[] {
  return scope === undefined || scope === '' ? NOTHING : Object.freeze(scope.split(' '))
}
