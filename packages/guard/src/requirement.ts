import { isScopeToken } from './claims.ts'
import { GuardError } from './errors.ts'
import type { Principal } from './principal.ts'

/**
 * What a route asks of a principal beyond being signed in: `undefined` lets it through, a `GuardError` refuses.
 * Called for every request, synchronously. Whatever else it gives back or throws refuses too.
 */
export type Requirement = (principal: Principal) => GuardError | undefined

/** Asks for all of these scopes. Without one of them: 403 `scope_insufficient`, and the challenge names them all. */
export function requireScope(...scopes: readonly string[]): Requirement {
  if (scopes.length === 0) throw new TypeError('requireScope: name at least one scope')
  for (const scope of scopes) {
    if (typeof scope !== 'string' || !isScopeToken(scope)) {
      throw new TypeError('requireScope: a scope is printable ASCII without space, quote and backslash')
    }
  }
  const scope = scopes.join(' ')
  return (principal) => {
    for (const wanted of scopes) {
      if (!principal.hasScope(wanted))
        return new GuardError('scope_insufficient', { scheme: schemeOf(principal), scope })
    }
    return undefined
  }
}

/** Asks for any one of these roles. Without one: 403 `role_insufficient`. */
export function requireRole(...roles: readonly string[]): Requirement {
  if (roles.length === 0) throw new TypeError('requireRole: name at least one role')
  for (const role of roles) {
    if (typeof role !== 'string' || role === '') throw new TypeError('requireRole: a role is a non-empty string')
  }
  return (principal) => {
    for (const wanted of roles) {
      if (principal.hasRole(wanted)) return undefined
    }
    return new GuardError('role_insufficient', { scheme: schemeOf(principal) })
  }
}

/**
 * Refuses by throwing at the first requirement that is not met.
 *
 * Anything but `undefined` refuses: a requirement that gives back `false` or a promise by mistake must not admit.
 */
export function demandAll(principal: Principal, requirements: readonly Requirement[]): void {
  for (const requirement of requirements) {
    const refusal: unknown = requirement(principal)
    if (refusal === undefined) continue
    if (refusal instanceof GuardError) throw refusal
    throw new TypeError('a requirement gave back something other than undefined or a GuardError')
  }
}

function schemeOf(principal: Principal): 'Bearer' | 'DPoP' {
  return principal.credential === 'dpop' ? 'DPoP' : 'Bearer'
}
