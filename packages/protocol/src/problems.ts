/**
 * Every way Signet can refuse, one row a code. Responses, types, OpenAPI and the reference come from this table.
 *
 * `status` is the HTTP status; `title` is for a person; `oauth` is the `error` of the same refusal on an OAuth
 * endpoint (RFC 6749 §5.2) or in a challenge (RFC 6750 §3.1). Codes are added, never renamed.
 *
 * @see RFC 9457
 */
export const PROBLEMS = {
  // the request itself
  request_invalid: { status: 400, title: 'The request is not valid', oauth: 'invalid_request' },
  body_too_large: { status: 413, title: 'The request body is too large', oauth: 'invalid_request' },
  content_type_unsupported: { status: 415, title: 'This content type is not supported', oauth: 'invalid_request' },
  not_found: { status: 404, title: 'There is nothing here', oauth: 'invalid_request' },
  method_not_allowed: { status: 405, title: 'This method is not allowed here', oauth: 'invalid_request' },
  request_timeout: { status: 408, title: 'The request took too long to arrive', oauth: 'invalid_request' },
  headers_too_large: { status: 431, title: 'The request headers are too large', oauth: 'invalid_request' },

  // accounts and credentials
  credentials_invalid: { status: 401, title: 'The e-mail address or password is wrong', oauth: 'invalid_grant' },
  email_invalid: { status: 422, title: 'This is not a usable e-mail address', oauth: 'invalid_request' },
  password_too_short: { status: 422, title: 'The password is too short', oauth: 'invalid_request' },
  password_too_long: { status: 422, title: 'The password is too long', oauth: 'invalid_request' },
  password_common: { status: 422, title: 'The password is too easy to guess', oauth: 'invalid_request' },
  password_unchanged: { status: 422, title: 'The new password is the current one', oauth: 'invalid_request' },
  password_incorrect: { status: 403, title: 'The current password is wrong', oauth: 'access_denied' },
  registration_closed: { status: 403, title: 'Registration is closed', oauth: 'access_denied' },

  // tokens and sessions
  token_missing: { status: 401, title: 'Sign in to continue', oauth: undefined },
  token_invalid: { status: 401, title: 'The access token is not valid', oauth: 'invalid_token' },
  token_expired: { status: 401, title: 'The access token has expired', oauth: 'invalid_token' },
  token_revoked: { status: 401, title: 'The access token has been revoked', oauth: 'invalid_token' },
  credential_ambiguous: { status: 400, title: 'Send exactly one credential', oauth: 'invalid_request' },
  credential_malformed: { status: 400, title: 'The Authorization header is malformed', oauth: 'invalid_request' },
  scope_insufficient: { status: 403, title: 'This needs a scope the token does not have', oauth: 'insufficient_scope' },
  role_insufficient: { status: 403, title: 'This needs a role the account does not have', oauth: 'insufficient_scope' },
  dpop_proof_invalid: {
    status: 401,
    title: 'The proof of possession is missing or wrong',
    oauth: 'invalid_dpop_proof',
  },
  refresh_token_missing: { status: 401, title: 'There is no session to refresh', oauth: 'invalid_grant' },
  refresh_token_invalid: { status: 401, title: 'The refresh token is not valid', oauth: 'invalid_grant' },
  refresh_token_reused: { status: 401, title: 'Session ended for safety', oauth: 'invalid_grant' },
  session_expired: { status: 401, title: 'The session has expired', oauth: 'invalid_grant' },
  session_ended: { status: 401, title: 'The session has ended', oauth: 'invalid_grant' },
  session_not_found: { status: 404, title: 'There is no such session', oauth: 'invalid_request' },
  audience_unknown: { status: 400, title: 'No such resource server', oauth: 'invalid_target' },
  scope_unknown: { status: 400, title: 'A requested scope cannot be granted', oauth: 'invalid_scope' },
  client_unknown: { status: 401, title: 'No such client', oauth: 'invalid_client' },
  token_of_another_client: { status: 400, title: 'The token belongs to another client', oauth: 'invalid_grant' },
  guard_credential_invalid: {
    status: 401,
    title: 'The guard credential is missing or wrong',
    oauth: 'invalid_client',
  },

  // administration
  login_too_old: {
    status: 401,
    title: 'Sign in again to do this',
    oauth: 'insufficient_user_authentication',
  },
  key_not_found: { status: 404, title: 'There is no such key', oauth: 'invalid_request' },
  keys_fixed: { status: 409, title: 'The signing key comes from the configuration', oauth: 'invalid_request' },

  // the browser
  cross_site_refused: { status: 403, title: 'This request came from another site', oauth: 'access_denied' },
  csrf_token_invalid: { status: 403, title: 'The CSRF token is missing or wrong', oauth: 'access_denied' },

  // the server
  throttled: { status: 429, title: 'Too many attempts', oauth: 'temporarily_unavailable' },
  overloaded: { status: 503, title: 'The server is busy', oauth: 'temporarily_unavailable' },
  unavailable: { status: 503, title: 'The service is not available right now', oauth: 'temporarily_unavailable' },
  internal: { status: 500, title: 'Something went wrong on our side', oauth: 'server_error' },
} as const satisfies Record<string, { status: number; title: string; oauth: string | undefined }>

export type ProblemCode = keyof typeof PROBLEMS

/** What an `application/problem+json` body holds (RFC 9457 §3), plus Signet's stable `code`. */
export interface Problem {
  /** `urn:signet:problem:<code>` */
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: ProblemCode
  readonly detail?: string
  /** The OAuth error of the same refusal, where it has one. */
  readonly error?: string
  /** Which members of the request were wrong. */
  readonly errors?: readonly FieldError[]
  /** Quote it when asking the operator; it is in the log. */
  readonly requestId?: string
}

export interface FieldError {
  /** JSON pointer into the body, or the parameter's name. */
  readonly field: string
  readonly message: string
}

/** Makes the problem document of a code; the catalogue gives status and title. */
export function problemOf(code: ProblemCode, members: Pick<Problem, 'detail' | 'errors' | 'requestId'> = {}): Problem {
  const row = PROBLEMS[code]
  const error = row.oauth === undefined ? {} : { error: row.oauth }
  return { type: `urn:signet:problem:${code}`, title: row.title, status: row.status, code, ...error, ...members }
}
