import {
  checkAudience,
  checkClientId,
  checkDatabaseUrl,
  checkHost,
  checkIssuer,
  checkOrigin,
  checkPath,
  checkProxy,
  checkScope,
} from './checks.ts'
import { choice, flag, integer, list, optional, secretBytes, text } from './kinds.ts'
import type { Kind } from './kinds.ts'

/** One row of the table. */
export interface Setting<T> {
  /** The environment variable. A secret can come from a file named by the same variable with `_FILE` added. */
  readonly env: string
  readonly kind: Kind<T>
  readonly default: NoInfer<T>
  /** As in the environment; for a secret, the command that makes one. */
  readonly example: string
  readonly description: string
  /** Never printed, and can come from a file. */
  readonly secret?: true
}

/** Every setting there is. Names carry their unit. The reference, the loader and `describeConfig` all read this table. */
export const SETTINGS = {
  // where it is
  issuer: setting({
    env: 'SIGNET_ISSUER',
    kind: optional(text('an origin; https unless it is this machine', checkIssuer)),
    default: null,
    example: 'https://auth.example.com',
    description: 'Public URL: the `iss` of every token. Default http://localhost:<port>.',
  }),
  port: setting({
    env: 'SIGNET_PORT',
    kind: integer({ min: 0, max: 65_535 }),
    default: 4747,
    example: '4747',
    description: 'Port to listen on; 0 takes a free one.',
  }),
  host: setting({
    env: 'SIGNET_HOST',
    kind: text('an IP address or a host name', checkHost),
    default: 'localhost',
    example: '0.0.0.0',
    description:
      'Address to listen on. By default only this machine can connect; 0.0.0.0 lets everybody who can reach it.',
  }),
  dataDir: setting({
    env: 'SIGNET_DATA_DIR',
    kind: text('a path', checkPath),
    default: './data',
    example: '/var/lib/signet',
    description: 'Folder of the embedded database and, unless one is given, of the generated master key.',
  }),
  databaseUrl: setting({
    env: 'SIGNET_DATABASE_URL',
    kind: optional(text('not available in this version', checkDatabaseUrl)),
    default: null,
    example: 'leave it out',
    description: 'Reserved for PostgreSQL, which comes with a later version. Absent: SQLite in the data directory.',
    secret: true,
  }),

  // keys and tokens
  masterKey: setting({
    env: 'SIGNET_MASTER_KEY',
    kind: optional(secretBytes({ min: 32, max: 32 })),
    default: null,
    example: 'openssl rand -hex 32',
    description:
      'Encrypts private keys at rest. Absent: generated at first start and kept in the data directory, mode 0600.',
    secret: true,
  }),
  masterKeyPrevious: setting({
    env: 'SIGNET_MASTER_KEY_PREVIOUS',
    kind: optional(secretBytes({ min: 32, max: 32 })),
    default: null,
    example: 'the SIGNET_MASTER_KEY that was used before',
    description: 'Opens what it has sealed until `signet keys rewrap` is done; seals nothing.',
    secret: true,
  }),
  algorithm: setting({
    env: 'SIGNET_ALGORITHM',
    kind: choice(['RS256', 'PS256', 'ES256', 'Ed25519', 'HS256']),
    default: 'RS256',
    example: 'Ed25519',
    description: 'Signs access tokens. HS256 only where every resource server may also issue tokens.',
  }),
  hs256Secret: setting({
    env: 'SIGNET_HS256_SECRET',
    kind: optional(secretBytes({ min: 32, max: 512 })),
    default: null,
    example: 'openssl rand -hex 32',
    description: 'The shared secret of HS256; required with it, refused without.',
    secret: true,
  }),
  audiences: setting({
    env: 'SIGNET_AUDIENCES',
    kind: list('URIs or names', checkAudience),
    default: [],
    example: 'https://api.example.com',
    description: 'Resource servers that tokens can be asked for. The issuer itself is always one.',
  }),
  clients: setting({
    env: 'SIGNET_CLIENTS',
    kind: list('client ids', checkClientId, 1),
    default: ['signet'],
    example: 'web,mobile',
    description: 'Client ids that may sign people in; the first is the default.',
  }),
  scopes: setting({
    env: 'SIGNET_SCOPES',
    kind: list('scopes', checkScope),
    default: [],
    example: 'orders:read,orders:write',
    description: 'Scopes that any account may be granted.',
  }),
  accessTokenTtlSeconds: setting({
    env: 'SIGNET_ACCESS_TOKEN_TTL_SECONDS',
    kind: integer({ min: 60, max: 3600 }),
    default: 900,
    example: '900',
    description: 'How long an access token lives.',
  }),
  accessCookie: setting({
    env: 'SIGNET_ACCESS_COOKIE',
    kind: flag(),
    default: false,
    example: 'true',
    description: 'Deliver the access token in a cookie too, in cookie mode, for pages of the same origin.',
  }),
  jwksMaxAgeSeconds: setting({
    env: 'SIGNET_JWKS_MAX_AGE_SECONDS',
    kind: integer({ min: 10, max: 86_400 }),
    default: 300,
    example: '300',
    description: 'How long others may cache the published keys.',
  }),

  keyRotationIntervalSeconds: setting({
    env: 'SIGNET_KEY_ROTATION_INTERVAL_SECONDS',
    kind: integer({ min: 3600, max: 31_536_000 }),
    default: 2_592_000,
    example: '2592000',
    description: 'How long a signing key signs before the next one takes over. Not for HS256.',
  }),

  // sessions
  refreshIdleTtlSeconds: setting({
    env: 'SIGNET_REFRESH_IDLE_TTL_SECONDS',
    kind: integer({ min: 60, max: 31_536_000 }),
    default: 604_800,
    example: '604800',
    description: 'A session that is not refreshed for this long is over.',
  }),
  refreshAbsoluteTtlSeconds: setting({
    env: 'SIGNET_REFRESH_ABSOLUTE_TTL_SECONDS',
    kind: integer({ min: 60, max: 31_536_000 }),
    default: 2_592_000,
    example: '2592000',
    description: 'A session is over this long after login, however busy it is. Not below the idle time.',
  }),
  refreshGraceSeconds: setting({
    env: 'SIGNET_REFRESH_GRACE_SECONDS',
    kind: integer({ min: 0, max: 10 }),
    default: 0,
    example: '0',
    description: 'How long the refresh token just replaced may be repeated. 0: its reuse is always an attack.',
  }),
  browserGraceSeconds: setting({
    env: 'SIGNET_BROWSER_GRACE_SECONDS',
    kind: integer({ min: 0, max: 10 }),
    default: 10,
    example: '10',
    description: 'The same for cookies sent by a browser: tabs share one cookie jar and race honestly.',
  }),

  // accounts
  registration: setting({
    env: 'SIGNET_REGISTRATION',
    kind: choice(['open', 'closed']),
    default: 'open',
    example: 'closed',
    description: 'Whether anybody can create an account for themselves.',
  }),
  passwordMinLength: setting({
    env: 'SIGNET_PASSWORD_MIN_LENGTH',
    kind: integer({ min: 8, max: 64 }),
    default: 15,
    example: '15',
    description: 'Characters of a new password (NIST SP 800-63B-4: 15 while it is the only factor, never below 8).',
  }),
  passwordMemoryKib: setting({
    env: 'SIGNET_PASSWORD_MEMORY_KIB',
    kind: integer({ min: 19_456, max: 1_048_576 }),
    default: 19_456,
    example: '65536',
    description: 'Memory of one argon2id hash.',
  }),
  passwordPasses: setting({
    env: 'SIGNET_PASSWORD_PASSES',
    kind: integer({ min: 2, max: 20 }),
    default: 2,
    example: '3',
    description: 'Passes of one argon2id hash over its memory.',
  }),
  passwordConcurrency: setting({
    env: 'SIGNET_PASSWORD_CONCURRENCY',
    kind: optional(integer({ min: 1, max: 256 })),
    default: null,
    example: '4',
    description: 'Hashes computed at once. Default: as many as the machine has cores.',
  }),
  passwordQueue: setting({
    env: 'SIGNET_PASSWORD_QUEUE',
    kind: integer({ min: 1, max: 10_000 }),
    default: 64,
    example: '64',
    description: 'Hashes that may wait; beyond it logins are answered 503 with Retry-After.',
  }),

  // revocation
  revocationFeed: setting({
    env: 'SIGNET_REVOCATION_FEED',
    kind: optional(choice(['open', 'credential'])),
    default: null,
    example: 'credential',
    description:
      'Who may read the revocation feed: everybody, or guards with a credential. Default: open on this machine alone.',
  }),
  revocationFeedMaxReaders: setting({
    env: 'SIGNET_REVOCATION_FEED_MAX_READERS',
    kind: integer({ min: 1, max: 100_000 }),
    default: 1000,
    example: '1000',
    description: 'Guards that may follow the feed at once at this process; more are answered 503 with Retry-After.',
  }),

  // guessing
  loginFreeAttempts: setting({
    env: 'SIGNET_LOGIN_FREE_ATTEMPTS',
    kind: integer({ min: 1, max: 20 }),
    default: 5,
    example: '5',
    description: 'Wrong passwords for one account from one source before delays begin; they double each time.',
  }),
  loginMaxDelaySeconds: setting({
    env: 'SIGNET_LOGIN_MAX_DELAY_SECONDS',
    kind: integer({ min: 1, max: 86_400 }),
    default: 900,
    example: '900',
    description: 'The longest such delay.',
  }),
  loginCeiling: setting({
    env: 'SIGNET_LOGIN_CEILING',
    kind: integer({ min: 5, max: 50 }),
    default: 50,
    example: '50',
    description:
      'Wrong passwords for one account from all sources it knows, and again from all others, after which one a day is left.',
  }),
  loginForgetAfterSeconds: setting({
    env: 'SIGNET_LOGIN_FORGET_AFTER_SECONDS',
    kind: integer({ min: 86_400, max: 31_536_000 }),
    default: 2_592_000,
    example: '2592000',
    description: 'Failures are forgotten when none has followed for this long. A good login forgets them at once.',
  }),
  loginAddressAttempts: setting({
    env: 'SIGNET_LOGIN_ADDRESS_ATTEMPTS',
    kind: integer({ min: 1, max: 100_000 }),
    default: 100,
    example: '100',
    description: 'Failed attempts from one address within the window, whoever they aim at.',
  }),
  loginAddressWindowSeconds: setting({
    env: 'SIGNET_LOGIN_ADDRESS_WINDOW_SECONDS',
    kind: integer({ min: 1, max: 86_400 }),
    default: 600,
    example: '600',
    description: 'The window of that count.',
  }),

  // administration
  adminApi: setting({
    env: 'SIGNET_ADMIN_API',
    kind: flag(),
    default: false,
    example: 'true',
    description: 'Whether /admin/… is there, for accounts with the role admin. Commands do the same without it.',
  }),
  adminLoginMaxAgeSeconds: setting({
    env: 'SIGNET_ADMIN_LOGIN_MAX_AGE_SECONDS',
    kind: integer({ min: 60, max: 86_400 }),
    default: 600,
    example: '600',
    description: 'How long ago an administrator may have signed in to use /admin/…; after that, sign in again.',
  }),

  // the web
  allowedOrigins: setting({
    env: 'SIGNET_ALLOWED_ORIGINS',
    kind: list('origins', checkOrigin),
    default: [],
    example: 'https://app.example.com,http://localhost:5173',
    description: 'Other origins whose pages may call this server with cookies. Exact; the issuer is always one.',
  }),
  trustedProxies: setting({
    env: 'SIGNET_TRUSTED_PROXIES',
    kind: list('IP addresses or networks', checkProxy),
    default: [],
    example: '10.0.0.0/8,192.0.2.7',
    description: 'Proxies whose X-Forwarded-For is believed. Default none: the address of the connection counts.',
  }),
  bodyLimitBytes: setting({
    env: 'SIGNET_BODY_LIMIT_BYTES',
    kind: integer({ min: 1024, max: 1_048_576 }),
    default: 16_384,
    example: '16384',
    description: 'Largest request body.',
  }),
  headerLimitBytes: setting({
    env: 'SIGNET_HEADER_LIMIT_BYTES',
    kind: integer({ min: 4096, max: 131_072 }),
    default: 32_768,
    example: '32768',
    description: 'Largest request head. An access token may take 16 KiB of it.',
  }),
  headersTimeoutSeconds: setting({
    env: 'SIGNET_HEADERS_TIMEOUT_SECONDS',
    kind: integer({ min: 1, max: 300 }),
    default: 10,
    example: '10',
    description: 'Time for a request head to arrive.',
  }),
  requestTimeoutSeconds: setting({
    env: 'SIGNET_REQUEST_TIMEOUT_SECONDS',
    kind: integer({ min: 1, max: 600 }),
    default: 30,
    example: '30',
    description: 'Time for a whole request to arrive. Not below the time for its head.',
  }),
  keepAliveTimeoutSeconds: setting({
    env: 'SIGNET_KEEP_ALIVE_TIMEOUT_SECONDS',
    kind: integer({ min: 1, max: 600 }),
    default: 65,
    example: '65',
    description: 'How long an idle connection stays open. Above the idle time of the proxy in front, if there is one.',
  }),
  maxConnections: setting({
    env: 'SIGNET_MAX_CONNECTIONS',
    kind: integer({ min: 1, max: 1_000_000 }),
    default: 10_000,
    example: '10000',
    description: 'Connections open at once; more are closed at once.',
  }),
  shutdownGraceSeconds: setting({
    env: 'SIGNET_SHUTDOWN_GRACE_SECONDS',
    kind: integer({ min: 0, max: 300 }),
    default: 10,
    example: '10',
    description: 'Time for requests under way to finish when the server stops.',
  }),
  logLevel: setting({
    env: 'SIGNET_LOG_LEVEL',
    kind: choice(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']),
    default: 'info',
    example: 'warn',
    description: 'How much is logged. No level logs a credential.',
  }),
} as const

export type SettingName = keyof typeof SETTINGS

/** Every setting with its value: complete, checked, frozen. */
export type Config = { readonly [Name in SettingName]: (typeof SETTINGS)[Name] extends Setting<infer T> ? T : never }

function setting<T>(row: Setting<T>): Setting<T> {
  return row
}
