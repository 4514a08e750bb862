import { problemOf } from '@signet/protocol'
import { GuardError } from '../errors.ts'
import type { Guard } from '../guard.ts'
import type { Requirement } from '../requirement.ts'

/** A refusal as every adapter sends it: the same status, headers and body whatever the framework. */
export interface Answer {
  readonly status: number
  /** Lower-case names. */
  readonly headers: Record<string, string>
  /** A problem document (RFC 9457). */
  readonly body: string
}

/** Turns what `authenticate` threw into an answer. Anything but a GuardError is our own failure, and refuses as well. */
export function answerTo(thrown: unknown): Answer {
  const error = thrown instanceof GuardError ? thrown : new GuardError('internal', { cause: thrown })
  const { code, detail, status, challenge, retryAfterSeconds } = error
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterSeconds)) }),
    },
    body: JSON.stringify(problemOf(code, detail === undefined ? {} : { detail })),
  }
}

/** Misuse is found when a route is made, not when its first request comes. */
export function checkProtectArguments(guard: Guard, requirements: readonly Requirement[]): void {
  if (typeof guard !== 'object' || guard === null || typeof guard.authenticate !== 'function') {
    throw new TypeError('protect: the first argument must be a guard (createGuard)')
  }
  if (requirements.some((requirement) => typeof requirement !== 'function')) {
    throw new TypeError('protect: a requirement must be one of requireScope, requireRole or a function')
  }
}
