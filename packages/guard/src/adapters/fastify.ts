import type { FastifyRequest } from 'fastify'
import type { Guard } from '../guard.ts'
import type { Principal } from '../principal.ts'
import type { Requirement } from '../requirement.ts'
import { answerTo, checkProtectArguments } from './answer.ts'
import type { Answer } from './answer.ts'
import { NodeRequest } from './node-request.ts'
import type { NodeMessage } from './node-request.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by `protect` before the route's handler runs; a route without it has none. */
    principal: Principal
  }
}

/** The part of a Fastify request that is read; `protocol` and `host` follow the application's `trustProxy`. */
export type FastifyRequestLike = Pick<FastifyRequest, 'originalUrl' | 'protocol' | 'host' | 'principal'> & {
  readonly raw: NodeMessage
}

export interface FastifyReplyLike {
  code(status: number): unknown
  headers(values: Record<string, string>): unknown
  send(payload: Buffer): unknown
}

export type FastifyHook = (request: FastifyRequestLike, reply: FastifyReplyLike, done: (error?: Error) => void) => void

/**
 * A hook for Fastify, best as `onRequest`, before a body is read: `request.principal` is set for requests that the guard
 * admits, every other request is answered with a problem document. `done` is called in the same tick unless keys
 * have to be fetched first.
 */
export function protect(guard: Guard, ...requirements: readonly Requirement[]): FastifyHook {
  checkProtectArguments(guard, requirements)
  // Three parameters: Fastify takes a hook with fewer for one that gives back a promise.
  return (request, reply, done) => {
    let outcome: Principal | Promise<Principal>
    try {
      outcome = guard.authenticate(new RoutedRequest(request), requirements)
    } catch (error) {
      sendReply(reply, answerTo(error))
      return
    }
    if (outcome instanceof Promise) {
      void admitLater(outcome, request, reply, done)
      return
    }
    request.principal = outcome
    done()
  }
}

async function admitLater(
  outcome: Promise<Principal>,
  request: FastifyRequestLike,
  reply: FastifyReplyLike,
  done: () => void,
): Promise<void> {
  try {
    request.principal = await outcome
  } catch (error) {
    sendReply(reply, answerTo(error))
    return
  }
  done()
}

class RoutedRequest extends NodeRequest {
  readonly #request: FastifyRequestLike

  constructor(request: FastifyRequestLike) {
    super(request.raw)
    this.#request = request
  }

  override get url(): string {
    return this.#request.originalUrl
  }

  override get scheme(): string {
    return this.#request.protocol
  }

  override get host(): string {
    return this.#request.host
  }
}

/** Through the reply, so that `onSend` hooks see it; as bytes, since Fastify adds a charset to text. */
function sendReply(reply: FastifyReplyLike, answer: Answer): void {
  reply.code(answer.status)
  reply.headers(answer.headers)
  reply.send(Buffer.from(answer.body))
}
