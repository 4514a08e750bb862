import type { FastifyRequest, onRequestAsyncHookHandler } from 'fastify'
import { GuardError } from '@signet/guard'
import type { Guard, GuardRequest } from '@signet/guard'
import type { Caller } from '../flows/caller.ts'
import type { HttpApp } from './http-app.ts'

const CALLER = 'caller'

/** Makes room on every request; Fastify wants to know before the first one. */
export function announceCaller(app: HttpApp): void {
  app.decorateRequest(CALLER, null)
}

/** Lets a route know who is asking before its body is read. Throws what the guard throws. */
export function requireCaller(guard: Guard): onRequestAsyncHookHandler {
  return async (request) => {
    rememberCaller(request, await authenticateCaller(guard, request))
  }
}

export function rememberCaller(request: FastifyRequest, caller: Caller): void {
  request.setDecorator(CALLER, caller)
}

/** The caller that was remembered. */
export function callerOf(request: FastifyRequest): Caller {
  return request.getDecorator<Caller>(CALLER)
}

export async function authenticateCaller(guard: Guard, request: FastifyRequest): Promise<Caller> {
  const principal = await guard.authenticate(new FastifyGuardRequest(request))
  // Signet's own tokens always name their session.
  if (principal.sessionId === undefined) throw new GuardError('token_invalid', { reason: 'the token has no sid' })
  return { accountId: principal.subject, sessionId: principal.sessionId, tokenId: principal.tokenId }
}

class FastifyGuardRequest implements GuardRequest {
  readonly #request: FastifyRequest

  constructor(request: FastifyRequest) {
    this.#request = request
  }

  get method(): string {
    return this.#request.method
  }

  get url(): string {
    return this.#request.originalUrl
  }

  /** Node keeps only the first of some headers; the others are looked for in what was received. */
  header(name: string): string | undefined {
    const raw = this.#request.raw.rawHeaders
    const values = raw.filter((_value, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name)
    return values.length === 0 ? undefined : values.join(', ')
  }
}
