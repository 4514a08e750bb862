import type { Guard } from '../guard.ts'
import type { Principal } from '../principal.ts'
import type { Requirement } from '../requirement.ts'
import { answerTo, checkProtectArguments } from './answer.ts'
import { FetchRequest } from './fetch-request.ts'

/** `rest` is whatever the runtime passes beside the request (environment, context). */
export type ProtectedHandler<Rest extends readonly unknown[]> = (
  request: Request,
  principal: Principal,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * Wraps a Fetch handler: it runs only for requests that the guard admits, and receives their principal. Every other
 * request is answered with a problem document. Errors of the handler are left to the caller.
 */
export function protect<Rest extends readonly unknown[] = []>(
  guard: Guard,
  handler: ProtectedHandler<Rest>,
  ...requirements: readonly Requirement[]
): (request: Request, ...rest: Rest) => Promise<Response> {
  checkProtectArguments(guard, requirements)
  if (typeof handler !== 'function') throw new TypeError('protect: the second argument must be a handler')
  return async (request, ...rest) => {
    let principal: Principal
    try {
      const outcome = guard.authenticate(new FetchRequest(request), requirements)
      principal = outcome instanceof Promise ? await outcome : outcome
    } catch (error) {
      const { status, headers, body } = answerTo(error)
      return new Response(request.method === 'HEAD' ? null : body, { status, headers })
    }
    return handler(request, principal, ...rest)
  }
}
