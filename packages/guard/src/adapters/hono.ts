import type { Context, MiddlewareHandler, Next } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { Guard } from '../guard.ts'
import type { Principal } from '../principal.ts'
import type { Requirement } from '../requirement.ts'
import { answerTo, checkProtectArguments } from './answer.ts'
import { FetchRequest } from './fetch-request.ts'

/** What `protect` adds to a route: `c.var.principal`, typed for the handlers behind it and no others. */
export interface GuardEnv {
  Variables: { principal: Principal }
}

/**
 * Middleware for Hono: `c.get('principal')` is set for requests that the guard admits, every other request is answered
 * with a problem document.
 */
export function protect(guard: Guard, ...requirements: readonly Requirement[]): MiddlewareHandler<GuardEnv> {
  checkProtectArguments(guard, requirements)
  return (c, next) => {
    let outcome: Principal | Promise<Principal>
    try {
      outcome = guard.authenticate(new FetchRequest(c.req.raw), requirements)
    } catch (error) {
      return Promise.resolve(refuse(c, error))
    }
    if (outcome instanceof Promise) return admitLater(outcome, c, next)
    c.set('principal', outcome)
    return next()
  }
}

async function admitLater(outcome: Promise<Principal>, c: Context<GuardEnv>, next: Next): Promise<Response | void> {
  try {
    c.set('principal', await outcome)
  } catch (error) {
    return refuse(c, error)
  }
  await next()
}

/** Through the context, so that headers set before (CORS, security headers) stay. */
function refuse(c: Context<GuardEnv>, error: unknown): Response {
  const { status, headers, body } = answerTo(error)
  return c.newResponse(body, status as ContentfulStatusCode, headers)
}
