import { SignetError } from '@signet/protocol'
import { requireSession } from './caller.ts'
import type { Caller } from './caller.ts'
import type { Context } from './context.ts'

const ADMINISTRATOR = 'admin'

/**
 * Lets only an administrator on who has signed in lately (LA-05). A refreshed token is as old as its login.
 *
 * The role counts as the account has it now, whatever the token says. Throws `token_revoked`, `role_insufficient` and
 * `login_too_old`.
 */
export async function requireAdministrator(context: Context, caller: Caller): Promise<void> {
  const { account, session } = await requireSession(context, caller)
  if (!account.roles.includes(ADMINISTRATOR)) throw new SignetError('role_insufficient')
  if (context.now() - session.authenticatedAt >= context.settings.adminLoginMaxAgeSeconds) {
    throw new SignetError('login_too_old')
  }
}
