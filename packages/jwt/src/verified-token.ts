import type { JwtClaims } from './claims.ts'
import type { JoseHeader } from './header.ts'
import type { VerificationKey } from './keys.ts'

/** A token that has passed every check of its policy. */
export interface VerifiedToken<C extends JwtClaims = JwtClaims> {
  readonly header: JoseHeader
  /** Deeply frozen when the verifier has a cache, because the next caller gets the same object; otherwise the caller's own. */
  readonly claims: C
  readonly key: VerificationKey
}
