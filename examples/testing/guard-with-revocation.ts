import { createGuard as create, createRevocationList } from '@signet/guard'
import type { Guard, GuardOptions } from '@signet/guard'

export * from '@signet/guard'

/** The session whose tokens every guard made here refuses. */
const REVOKED_SESSION = 'ses_revoked'

export function createGuard(options: GuardOptions): Guard {
  const revocation = createRevocationList()
  revocation.add({ kind: 'session', sid: REVOKED_SESSION, until: Number.MAX_SAFE_INTEGER })
  return create({ ...options, revocation })
}
