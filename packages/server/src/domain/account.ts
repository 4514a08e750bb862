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

/**
 * A name as it may be shown: without the characters that turn lines or terminals around. Joiners stay, since names and
 * emoji are written with them.
 */
export function displayName(text: string): string {
  return text.replaceAll(UNSHOWABLE, '')
}

/** Controls, halves of surrogate pairs, private and unassigned code points; embeddings, overrides and isolates. */
const UNSHOWABLE = /[\p{Cc}\p{Cs}\p{Co}\p{Cn}\u202A-\u202E\u2066-\u2069]/gu
