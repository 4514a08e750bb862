import type { Guard } from '../guard.ts'
import type { Principal } from '../principal.ts'
import type { Requirement } from '../requirement.ts'
import { answerTo, checkProtectArguments } from './answer.ts'
import { NodeRequest, sendAnswer } from './node-request.ts'
import type { NodeMessage, NodeResponse } from './node-request.ts'

declare global {
  namespace Express {
    interface Request {
      /** Set by `protect` before the route's handler runs; a route without it has none. */
      principal: Principal
    }
  }
}

/** The part of an Express request that is read; `protocol` and `host` follow the application's `trust proxy`. */
export interface ExpressRequest extends NodeMessage {
  readonly originalUrl: string
  readonly protocol: string
  readonly host: string
  principal?: Principal
}

export type ExpressMiddleware = (req: ExpressRequest, res: NodeResponse, next: (error?: unknown) => void) => void

/**
 * Middleware for Express: `req.principal` is set for requests that the guard admits, every other request is answered
 * with a problem document. `next` is called in the same tick unless keys have to be fetched first.
 */
export function protect(guard: Guard, ...requirements: readonly Requirement[]): ExpressMiddleware {
  checkProtectArguments(guard, requirements)
  return (req, res, next) => {
    let outcome: Principal | Promise<Principal>
    try {
      outcome = guard.authenticate(new RoutedRequest(req), requirements)
    } catch (error) {
      sendAnswer(res, answerTo(error))
      return
    }
    if (outcome instanceof Promise) {
      void admitLater(outcome, req, res, next)
      return
    }
    req.principal = outcome
    next()
  }
}

async function admitLater(
  outcome: Promise<Principal>,
  req: ExpressRequest,
  res: NodeResponse,
  next: () => void,
): Promise<void> {
  try {
    req.principal = await outcome
  } catch (error) {
    sendAnswer(res, answerTo(error))
    return
  }
  next()
}

/** Express cuts the mount path off `url`; the client signed the whole of it. */
class RoutedRequest extends NodeRequest<ExpressRequest> {
  override get url(): string {
    return this.message.originalUrl
  }

  override get scheme(): string {
    return this.message.protocol
  }

  override get host(): string {
    return this.message.host
  }
}
