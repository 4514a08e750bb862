import type { Delivery } from './delivery.ts'

/** `POST /auth/register`. Always answered alike, so that nobody learns whether the address is taken. */
export interface RegisterRequest {
  readonly email: string
  readonly password: string
}

/** `POST /auth/login`. */
export interface LoginRequest {
  readonly email: string
  readonly password: string
  /** Default: `cookie` for a browser's request (Fetch Metadata says so), else `body`. */
  readonly delivery?: Delivery
  /** The resource server the access token is for (RFC 8707); one of the configured audiences. */
  readonly resource?: string
  /** Space-separated; default: everything the account may have. */
  readonly scope?: string
  readonly client_id?: string
}

/** `POST /auth/refresh`. In cookie mode the body is empty and the token comes from its cookie. */
export interface RefreshRequest {
  readonly refresh_token?: string
  readonly client_id?: string
}

/** What login and refresh answer (RFC 6749 §5.1). `refresh_token` and `csrf_token` depend on the delivery. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'Bearer' | 'DPoP'
  /** Seconds that the access token still lives. */
  readonly expires_in: number
  readonly scope?: string
  /** Body mode only. */
  readonly refresh_token?: string
  /** Seconds until the refresh token lapses unless it is used. */
  readonly refresh_expires_in: number
  /** Cookie mode only: for clients that send neither Fetch Metadata nor Origin. */
  readonly csrf_token?: string
}

/** `GET /auth/me`. */
export interface AccountResponse {
  readonly id: string
  readonly email: string
  readonly name: string | null
  readonly roles: readonly string[]
  readonly created_at: number
  readonly password_changed_at: number
}

/** One row of `GET /auth/sessions`. Instants are epoch seconds. */
export interface SessionResponse {
  readonly id: string
  /** Whether it is the session that asks. */
  readonly current: boolean
  readonly client_id: string
  readonly audience: string
  readonly delivery: Delivery
  readonly bound_to_key: boolean
  readonly created_at: number
  readonly last_used_at: number
  readonly expires_at: number
  readonly address: string
  readonly user_agent: string
}

/** What `POST /oauth/introspect` answers (RFC 7662 §2.2). A token that is not live says nothing else. */
export type IntrospectionResponse = { readonly active: false } | ({ readonly active: true } & IntrospectedToken)

export interface IntrospectedToken {
  readonly token_type: 'Bearer' | 'DPoP'
  readonly iss: string
  readonly sub: string
  readonly aud: string
  readonly exp: number
  readonly iat: number
  readonly jti: string
  readonly sid: string
  readonly client_id: string
  readonly auth_time: number
  readonly amr: readonly string[]
  readonly scope?: string
  readonly roles?: readonly string[]
  readonly cnf?: { readonly jkt: string }
}
