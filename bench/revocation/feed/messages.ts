/** What the benchmark tells the process of the auth server, and hears from it. */
export type ToServer =
  /** Opens so many sessions, as a login would, without the password work. */
  { readonly kind: 'open'; readonly sessions: number }

export type FromServer =
  | { readonly kind: 'listening'; readonly url: string; readonly issuer: string }
  | { readonly kind: 'opened'; readonly sessions: readonly OpenedSession[] }

export interface OpenedSession {
  readonly sid: string
  readonly refreshToken: string
  readonly accessToken: string
}

/** What it tells a process of guards, and hears from it. Instants are milliseconds of the machine's monotonic clock. */
export type ToGuards =
  | { readonly kind: 'follow'; readonly issuer: string; readonly guards: number }
  /** Says when each of the guards refuses the token. */
  | { readonly kind: 'watch'; readonly accessToken: string }
  /** Says what was heard of these sessions since `follow`: how late after their instants, and what was not heard. */
  | { readonly kind: 'account'; readonly answered: readonly (readonly [sid: string, at: number])[] }

export type FromGuards =
  | { readonly kind: 'following' }
  | { readonly kind: 'watching' }
  | { readonly kind: 'refused'; readonly at: readonly number[] }
  | {
      readonly kind: 'accounted'
      readonly latenesses: readonly number[]
      readonly missed: number
      readonly over: number
    }

/** Later than this is late. */
export const LATE_MILLISECONDS = 1000

/** The same clock in every process of a machine. */
export function monotonicMilliseconds(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
