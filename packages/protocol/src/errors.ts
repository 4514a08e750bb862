import type { FieldError, ProblemCode } from './problems.ts'

/**
 * A refusal with a row in the catalogue.
 *
 * `code` is for programs, `detail` for the person who asked, `reason` and `cause` for the operator's log only.
 * No token, password or claim value belongs in any of them.
 */
export class SignetError extends Error {
  override readonly name: string = 'SignetError'
  readonly code: ProblemCode
  readonly detail: string | undefined
  readonly reason: string | undefined
  readonly errors: readonly FieldError[] | undefined
  /** Seconds until it is worth trying again; becomes `Retry-After`. */
  readonly retryAfterSeconds: number | undefined

  constructor(code: ProblemCode, about: SignetErrorAbout = {}) {
    super(about.reason ?? about.detail ?? code, about.cause === undefined ? undefined : { cause: about.cause })
    this.code = code
    this.detail = about.detail
    this.reason = about.reason
    this.errors = about.errors
    this.retryAfterSeconds = about.retryAfterSeconds
  }
}

export interface SignetErrorAbout {
  readonly detail?: string
  readonly reason?: string
  readonly errors?: readonly FieldError[]
  readonly retryAfterSeconds?: number
  readonly cause?: unknown
}
