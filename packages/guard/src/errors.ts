import { PROBLEMS, SignetError } from '@signet/protocol'
import type { ProblemCode, SignetErrorAbout } from '@signet/protocol'
import { challengeOf } from './challenge.ts'
import type { Scheme } from './challenge.ts'

/**
 * A request that was not let through.
 *
 * `status`, `code` and `challenge` (the value of `WWW-Authenticate`, if the refusal is about the credential) are for
 * the client; `reason` and `cause` are for the operator's log only. None of them holds a token or a claim's value.
 */
export class GuardError extends SignetError {
  override readonly name = 'GuardError'
  readonly status: number
  readonly challenge: string | undefined

  constructor(code: ProblemCode, about: GuardErrorAbout = {}) {
    super(code, about)
    this.status = PROBLEMS[code].status
    this.challenge = challengeOf(code, about.scheme ?? 'Bearer', about.scope, about.offerDpop)
  }
}

export interface GuardErrorAbout extends SignetErrorAbout {
  /** The scheme the request used. Default `Bearer`. */
  readonly scheme?: Scheme
  /** What the route asks for, space-separated (RFC 6750 §3). */
  readonly scope?: string
  /** Name the DPoP scheme beside Bearer when credentials are missing. */
  readonly offerDpop?: boolean
}
