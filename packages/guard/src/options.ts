import { LONGEST_CLOCK_SKEW_SECONDS } from '@signet/protocol'
import { ALGORITHMS } from '@signet/jwt'
import type { Algorithm, EpochSeconds, KeySource } from '@signet/jwt'
import type { BrowserPolicy } from './browser.ts'
import type { AdmittedClaims } from './claims.ts'
import { systemClock } from './clock.ts'
import { metadataUrl, readFetchableUrl } from './discovery.ts'
import type { GuardError } from './errors.ts'
import { readFeedOptions } from './feed/feed-options.ts'
import type { FeedSettings, GuardFeedOptions } from './feed/feed-options.ts'
import type { ProofPolicy } from './proof.ts'
import { createRevocationList } from './revocation.ts'
import type { RevocationSource } from './revocation.ts'

export interface GuardOptions {
  /** Exact `iss`, and where the keys are discovered unless `keys` or `jwksUri` is given. */
  readonly issuer: string
  /** Exact `aud`: the name of this resource server. */
  readonly audience: string
  /** Default RS256, PS256, ES256 and Ed25519. `HS…` only together with `keys`: a shared secret is never published. */
  readonly algorithms?: readonly Algorithm[]
  /** Keys this process already has. Default: those the issuer publishes. */
  readonly keys?: KeySource
  /** Where the issuer publishes its keys, for one without metadata document (RFC 8414). */
  readonly jwksUri?: string
  readonly fetch?: typeof globalThis.fetch
  /** Default: the system clock. */
  readonly now?: () => EpochSeconds
  /** How far the issuer's clock may be off. Default 5, at most 60. */
  readonly clockSkewSeconds?: number
  /** Remembers tokens whose signature was verified. Default: on, 10 000 entries. Revocation and time are checked anew each time. */
  readonly cache?: false | GuardCacheOptions
  /** Where the guard looks up revocations instead of following a feed. Default: the feed, or an empty list without one. */
  readonly revocation?: RevocationSource
  /**
   * Follows the issuer's revocation feed. Default: on, as far as the issuer's metadata names a feed; off together with
   * `revocation`, and with `keys` or `jwksUri` unless this option is given.
   */
  readonly feed?: false | GuardFeedOptions
  /** Also read the access cookie. Default `false`: the `Authorization` header only. */
  readonly cookie?: false | GuardCookieOptions
  /** Tunes how proofs of possession are checked; tokens bound to a key are always held to it. */
  readonly dpop?: GuardDpopOptions
  /** Told of every refusal, for log and metrics: `reason` and `cause` say what the client does not learn. */
  readonly onRefusal?: (refusal: GuardError) => void
}

export interface GuardCacheOptions {
  readonly maxEntries?: number
  readonly maxBytes?: number
}

export interface GuardCookieOptions {
  /** Default true: the `__Host-` cookie. False only for plain http on localhost. */
  readonly secure?: boolean
  /** Origins whose pages may act with the cookie, exact (`https://app.example.com`), this server's own included. */
  readonly origins: readonly string[]
  /** Vouches for a CSRF token where the browser says nothing of a request's origin. Without it such requests are refused. */
  verifyCsrfToken?(token: string, claims: AdmittedClaims): boolean
}

export interface GuardDpopOptions {
  /** How old a proof may be. Default 60, at most 300. */
  readonly maxAgeSeconds?: number
  /** Origin (and path prefix, if a proxy strips one) that clients see. Default: the request's own scheme and host. */
  readonly publicUrl?: string
}

/** Options with every default filled in. */
export interface GuardSettings {
  readonly issuer: string
  readonly audience: string
  readonly algorithms: readonly Algorithm[]
  readonly keys: KeySource | undefined
  readonly jwksUri: string | undefined
  readonly fetch: typeof globalThis.fetch
  readonly now: () => EpochSeconds
  readonly clockSkewSeconds: number
  readonly cache: { readonly maxEntries: number; readonly maxBytes: number } | undefined
  readonly revocation: RevocationSource
  readonly feed: FeedSettings | undefined
  readonly browser: (BrowserPolicy & { readonly secure: boolean }) | undefined
  readonly proof: ProofPolicy
  /** Whether to name DPoP to a caller without credentials. */
  readonly offerDpop: boolean
  readonly onRefusal: ((refusal: GuardError) => void) | undefined
}

const DEFAULT_ALGORITHMS: readonly Algorithm[] = ['RS256', 'PS256', 'ES256', 'Ed25519']
const DEFAULT_CACHE = { maxEntries: 10_000, maxBytes: 16 * 1024 * 1024 }

/** Checks the options and fills in the defaults. @throws TypeError for anything that cannot mean what it says */
export function readOptions(options: GuardOptions): GuardSettings {
  refuseUnknown('createGuard', options, OPTION_NAMES)
  const now = options.now ?? systemClock
  const keys = keysOf(options)
  return {
    issuer: text('issuer', options.issuer),
    audience: text('audience', options.audience),
    algorithms: algorithmsOf(options),
    keys,
    jwksUri: options.jwksUri === undefined ? undefined : readFetchableUrl('jwksUri', options.jwksUri).href,
    fetch: options.fetch ?? globalThis.fetch,
    now,
    clockSkewSeconds: within('clockSkewSeconds', options.clockSkewSeconds ?? 5, 0, LONGEST_CLOCK_SKEW_SECONDS),
    cache: cacheOf(options.cache),
    revocation: revocationOf(options.revocation, now),
    feed: feedOf(options),
    browser: browserOf(options.cookie),
    proof: proofOf(options.dpop),
    offerDpop: options.dpop !== undefined,
    onRefusal: options.onRefusal,
  }
}

/** Exhaustive by type: a new option that is not listed here does not compile. */
const OPTION_NAMES = namesOf<GuardOptions>({
  issuer: true,
  audience: true,
  algorithms: true,
  keys: true,
  jwksUri: true,
  fetch: true,
  now: true,
  clockSkewSeconds: true,
  cache: true,
  revocation: true,
  feed: true,
  cookie: true,
  dpop: true,
  onRefusal: true,
})
const CACHE_NAMES = namesOf<GuardCacheOptions>({ maxEntries: true, maxBytes: true })
const FEED_NAMES = namesOf<GuardFeedOptions>({
  credential: true,
  name: true,
  maxStalenessSeconds: true,
  onStale: true,
  firstSnapshotTimeoutSeconds: true,
  url: true,
})
const COOKIE_NAMES = namesOf<GuardCookieOptions>({ secure: true, origins: true, verifyCsrfToken: true })
const DPOP_NAMES = namesOf<GuardDpopOptions>({ maxAgeSeconds: true, publicUrl: true })

function namesOf<Options>(names: { readonly [Name in keyof Required<Options>]: true }): ReadonlySet<string> {
  return new Set(Object.keys(names))
}

/** A misspelt option is a check never made. */
function refuseUnknown(where: string, options: object, known: ReadonlySet<string>): void {
  if (typeof options !== 'object' || options === null) throw new TypeError(`${where}: options must be an object`)
  const unknown = Object.keys(options).filter((name) => !known.has(name))
  if (unknown.length > 0) {
    throw new TypeError(`${where}: unknown option ${unknown.join(', ')}; known are ${[...known].join(', ')}`)
  }
}

function keysOf(options: GuardOptions): KeySource | undefined {
  const { keys, jwksUri } = options
  if (keys === undefined) {
    if (jwksUri === undefined) metadataUrl(text('issuer', options.issuer))
    return undefined
  }
  if (jwksUri !== undefined) throw new TypeError('keys, jwksUri: give one of them')
  if (typeof keys !== 'object' || keys === null || typeof keys.select !== 'function') {
    throw new TypeError('keys: must be a key source (createKeySet)')
  }
  return keys
}

function algorithmsOf(options: GuardOptions): readonly Algorithm[] {
  const { algorithms = DEFAULT_ALGORITHMS } = options
  if (!Array.isArray(algorithms) || algorithms.length === 0) {
    throw new TypeError('algorithms: must be a list with at least one algorithm')
  }
  for (const alg of algorithms) {
    if (!ALGORITHMS.includes(alg)) throw new TypeError('algorithms: names an unknown algorithm')
    if (alg.startsWith('HS') && options.keys === undefined) throw new TypeError(`algorithms: ${alg} needs keys`)
  }
  return [...algorithms]
}

function cacheOf(cache: GuardOptions['cache']): GuardSettings['cache'] {
  if (cache === false) return undefined
  if (cache === undefined) return DEFAULT_CACHE
  refuseUnknown('cache', cache, CACHE_NAMES)
  return {
    maxEntries: within('cache.maxEntries', cache.maxEntries ?? DEFAULT_CACHE.maxEntries, 1, 10_000_000),
    maxBytes: within('cache.maxBytes', cache.maxBytes ?? DEFAULT_CACHE.maxBytes, 1, Number.MAX_SAFE_INTEGER),
  }
}

function revocationOf(revocation: RevocationSource | undefined, now: () => EpochSeconds): RevocationSource {
  if (revocation === undefined) return createRevocationList({ now })
  if (typeof revocation !== 'object' || revocation === null || typeof revocation.isRevoked !== 'function') {
    throw new TypeError('revocation: must be a revocation source (createRevocationList)')
  }
  return revocation
}

function feedOf({ issuer, keys, jwksUri, revocation, feed }: GuardOptions): FeedSettings | undefined {
  if (feed === false) return undefined
  if (feed === undefined) {
    const isDiscovered = revocation === undefined && keys === undefined && jwksUri === undefined
    return isDiscovered ? readFeedOptions({}) : undefined
  }
  refuseUnknown('feed', feed, FEED_NAMES)
  if (revocation !== undefined) throw new TypeError('feed, revocation: give one of them')
  if (feed.url === undefined) metadataUrl(issuer)
  return readFeedOptions(feed)
}

function browserOf(cookie: GuardOptions['cookie']): GuardSettings['browser'] {
  if (cookie === undefined || cookie === false) return undefined
  refuseUnknown('cookie', cookie, COOKIE_NAMES)
  if (!Array.isArray(cookie.origins)) throw new TypeError('cookie.origins: must be a list')
  for (const origin of cookie.origins) {
    if (urlOf('cookie.origins', origin).origin !== origin) {
      throw new TypeError('cookie.origins: an origin is scheme, host and port, without path and final slash')
    }
  }
  return {
    secure: cookie.secure ?? true,
    origins: new Set(cookie.origins),
    verifyCsrfToken:
      cookie.verifyCsrfToken === undefined
        ? undefined
        : (token, claims) => cookie.verifyCsrfToken?.(token, claims) === true,
  }
}

function proofOf(dpop: GuardDpopOptions = {}): ProofPolicy {
  refuseUnknown('dpop', dpop, DPOP_NAMES)
  const maxAgeSeconds = within('dpop.maxAgeSeconds', dpop.maxAgeSeconds ?? 60, 1, 300)
  if (dpop.publicUrl === undefined) return { maxAgeSeconds, publicUrl: undefined }
  const url = urlOf('dpop.publicUrl', dpop.publicUrl)
  if (url.search !== '' || url.hash !== '') throw new TypeError('dpop.publicUrl: must have no query and no fragment')
  return { maxAgeSeconds, publicUrl: url.origin + url.pathname.replace(/\/$/, '') }
}

function text(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${name}: required, a non-empty string`)
  return value
}

function within(name: string, value: number, least: number, most: number): number {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new TypeError(`${name}: must be a whole number from ${least} to ${most}`)
  }
  return value
}

function urlOf(name: string, value: string): URL {
  if (typeof value !== 'string' || !URL.canParse(value)) throw new TypeError(`${name}: must be an absolute URL`)
  return new URL(value)
}
