import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Guard } from '../guard.ts'
import type { Principal } from '../principal.ts'
import type { Requirement } from '../requirement.ts'
import { answerTo, checkProtectArguments } from './answer.ts'
import { NodeRequest, sendAnswer } from './node-request.ts'

export type ProtectedHandler = (req: IncomingMessage, res: ServerResponse, principal: Principal) => unknown

/**
 * Wraps a `node:http` handler: it runs only for requests that the guard admits, and receives their principal.
 * Every other request is answered with a problem document. Errors of the handler are left to the caller.
 */
export function protect(
  guard: Guard,
  handler: ProtectedHandler,
  ...requirements: readonly Requirement[]
): (req: IncomingMessage, res: ServerResponse) => unknown {
  checkProtectArguments(guard, requirements)
  if (typeof handler !== 'function') throw new TypeError('protect: the second argument must be a handler')
  return (req, res) => {
    let outcome: Principal | Promise<Principal>
    try {
      outcome = guard.authenticate(new NodeRequest(req), requirements)
    } catch (error) {
      return sendAnswer(res, answerTo(error))
    }
    return outcome instanceof Promise ? admitLater(outcome, req, res, handler) : handler(req, res, outcome)
  }
}

async function admitLater(
  outcome: Promise<Principal>,
  req: IncomingMessage,
  res: ServerResponse,
  handler: ProtectedHandler,
): Promise<unknown> {
  let principal: Principal
  try {
    principal = await outcome
  } catch (error) {
    return sendAnswer(res, answerTo(error))
  }
  return handler(req, res, principal)
}
