import { SignetError } from '@signet/protocol'
import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import type { GuardCredential } from '../domain/guard-credential.ts'
import { hashGuardCredential } from './authenticate-guard.ts'
import type { Context } from './context.ts'

export interface NewGuardCredential {
  readonly name: string
  /** One of the configured audiences; `null` for all of them. */
  readonly audience: string | null
}

/** Without anything that Basic authentication or a list of names would have to escape. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const CREDENTIAL_BYTES = 32
const ID_BYTES = 12

/**
 * Makes a credential for a guard. `credential` is in what this resolves to and nowhere else: it cannot be shown again.
 * Throws `request_invalid` for a name that cannot be used, `audience_unknown`. Does not ask whether the caller may.
 */
export async function createGuardCredential(
  context: Context,
  input: NewGuardCredential,
  source: Source,
): Promise<{ readonly stored: GuardCredential; readonly credential: string }> {
  const { name, audience } = input
  const { issuer, audiences } = context.settings
  if (!NAME.test(name)) {
    throw new SignetError('request_invalid', { detail: 'A name has 1 to 64 letters, digits and . _ - in it.' })
  }
  if (audience !== null && audience !== issuer && !audiences.includes(audience)) {
    throw new SignetError('audience_unknown', { detail: 'Name one of the configured audiences.' })
  }
  const credential = `sgc_${base64url(context.randomBytes(CREDENTIAL_BYTES))}`
  const stored: GuardCredential = {
    id: `gua_${base64url(context.randomBytes(ID_BYTES))}`,
    name,
    audience,
    hash: hashGuardCredential(credential),
    createdAt: context.now(),
    revokedAt: null,
  }
  const details = { id: stored.id, name, audience }
  await context.store.guardCredentials.create(stored, [
    draftEvent('guard.created', stored.createdAt, source, { details }),
  ])
  return { stored, credential }
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
