export { ACCESS_TOKEN_TYPE, REQUIRED_ACCESS_CLAIMS } from './claims.ts'
export type { AccessTokenClaims } from './claims.ts'
export { decideCrossSite, isSafeMethod } from './cross-site.ts'
export type { CrossSiteDecision, RequestOrigin } from './cross-site.ts'
export { CSRF_HEADER, cookieNames } from './delivery.ts'
export type { CookieNames, Delivery } from './delivery.ts'
export { SignetError } from './errors.ts'
export type { SignetErrorAbout } from './errors.ts'
export {
  GUARD_NAME_HEADER,
  HEARTBEAT_SECONDS,
  HELD_KEYS_HEADER,
  REVOCATION_FEED_METADATA,
  REVOCATION_FEED_PATH,
  formatCursor,
  parseCursor,
} from './feed.ts'
export type { FeedCursor, FeedEvents, RevocationSnapshot } from './feed.ts'
export type {
  AccountResponse,
  IntrospectedToken,
  IntrospectionResponse,
  LoginRequest,
  RefreshRequest,
  RegisterRequest,
  SessionResponse,
  TokenResponse,
} from './messages.ts'
export { PROBLEMS, problemOf } from './problems.ts'
export type { FieldError, Problem, ProblemCode } from './problems.ts'
export { LONGEST_CLOCK_SKEW_SECONDS } from './revocation.ts'
export type { RevocableToken, Revocation } from './revocation.ts'
