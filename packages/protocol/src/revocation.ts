/**
 * The most that a guard's clock may be allowed to differ from the server's: a guard refuses to be configured for more,
 * and the server keeps entries for as long as a guard so configured could still accept a token.
 */
export const LONGEST_CLOCK_SKEW_SECONDS = 60

/**
 * One entry of the revocation list.
 *
 * `until` is the epoch second at which it lapses: the first at which no guard accepts any token it could stop. A subject entry stops
 * tokens whose `iat` is before `before`; the subject is the opaque `sub`, never a name.
 */
export type Revocation =
  | { readonly kind: 'token'; readonly jti: string; readonly until: number }
  | { readonly kind: 'session'; readonly sid: string; readonly until: number }
  | { readonly kind: 'subject'; readonly sub: string; readonly before: number; readonly until: number }
  | { readonly kind: 'key'; readonly kid: string; readonly until: number }

/** What a revocation check looks at in a token that has already been verified. */
export interface RevocableToken {
  readonly jti: string
  readonly sid: string | undefined
  readonly sub: string
  readonly iat: number
  readonly kid: string | undefined
}
