import type { onRequestAsyncHookHandler } from 'fastify'
import type { Guard } from '@signet/guard'
import type { ProblemCode } from '@signet/protocol'
import { requireAdministrator } from '../flows/administrator.ts'
import type { Context } from '../flows/context.ts'
import { authenticateCaller, rememberCaller } from './caller.ts'
import { CROSS_SITE_REFUSALS } from './schemas/shapes.ts'

/** Lets only an administrator on who has signed in lately, before the body is read (LA-05). */
export function administratorOnly(context: Context, guard: Guard): onRequestAsyncHookHandler {
  return async (request) => {
    const caller = await authenticateCaller(guard, request)
    await requireAdministrator(context, caller)
    rememberCaller(request, caller)
  }
}

/** What a route with `administratorOnly` answers to others, beside what is wrong with the token. */
export const ADMINISTRATOR_REFUSALS = [
  'role_insufficient',
  'login_too_old',
  ...CROSS_SITE_REFUSALS,
] as const satisfies readonly ProblemCode[]
