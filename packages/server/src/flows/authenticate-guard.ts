import { createHash } from 'node:crypto'
import { SignetError } from '@signet/protocol'
import type { GuardCredential } from '../domain/guard-credential.ts'
import type { Context } from './context.ts'

/** A guard credential as it came in. */
export interface PresentedGuardCredential {
  /** Who it says it belongs to; `null` where only the credential was sent. */
  readonly name: string | null
  readonly credential: string
}

/**
 * Finds out which guard is asking. Throws `guard_credential_invalid` for a credential that is unknown, revoked or
 * another's, alike.
 *
 * It is looked up by its hash, so that neither the table nor the time taken tells anything about it.
 */
export async function authenticateGuard(
  context: Context,
  presented: PresentedGuardCredential,
): Promise<GuardCredential> {
  const found = await context.store.guardCredentials.findByHash(hashGuardCredential(presented.credential))
  if (found === null) throw refusal('no such credential')
  if (found.revokedAt !== null) throw refusal('the credential was revoked')
  if (presented.name !== null && presented.name !== found.name) throw refusal('the credential has another name')
  return found
}

/** What is kept of a credential. It is 256 random bits: a slow hash would protect nothing more. */
export function hashGuardCredential(credential: string): string {
  return createHash('sha256').update(credential).digest('base64url')
}

function refusal(reason: string): SignetError {
  return new SignetError('guard_credential_invalid', { reason })
}
