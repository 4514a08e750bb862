/**
 * One entry of the revocation list.
 *
 * `until` is the epoch second at which it lapses: the `exp` of the last token it could stop. A subject entry stops
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
