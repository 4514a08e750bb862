import type { EpochSeconds } from './time.ts'

/** Somebody who can sign in. `id` is the `sub` of their tokens: opaque, never reassigned. */
export interface Account {
  readonly id: string
  /** As typed at registration, for showing. */
  readonly email: string
  /** What `canonicalEmail` makes of it: unique among accounts. */
  readonly canonicalEmail: string
  readonly name: string | null
  /** PHC string. Never leaves the server. */
  readonly passwordHash: string
  readonly passwordChangedAt: EpochSeconds
  readonly roles: readonly string[]
  readonly createdAt: EpochSeconds
  readonly disabledAt: EpochSeconds | null
}
