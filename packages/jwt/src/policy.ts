import type { Algorithm, EpochSeconds } from './algorithms.ts'
import { ALGORITHMS, isAlgorithm } from './algorithms.ts'
import type { ClaimRules } from './claims.ts'
import type { CompactRules } from './compact.ts'
import { PolicyError } from './errors.ts'
import { normalizeType } from './header.ts'
import { createKeySet } from './key-set.ts'
import type { KeySource } from './key-set.ts'
import { VerificationKey } from './keys.ts'
import type { VerifiedToken } from './verified-token.ts'

/** In place of `issuer`: accept tokens of any issuer whose key is trusted. */
export const UNCHECKED_ISSUER: unique symbol = Symbol('signet.uncheckedIssuer')
/** In place of `audience`: accept tokens made for somebody else. */
export const UNCHECKED_AUDIENCE: unique symbol = Symbol('signet.uncheckedAudience')
/** Value of `acceptEdDSA`: take the header `alg: EdDSA` (RFC 8037, superseded by RFC 9864) for Ed25519. */
export const ACCEPT_LEGACY_EDDSA: unique symbol = Symbol('signet.acceptLegacyEdDSA')

/** What a token must be. Built once; every member is checked when the verifier is made. */
export interface VerifierPolicy {
  /** Exact `iss`, one of several, or {@link UNCHECKED_ISSUER}. An empty list matches nothing. */
  readonly issuer: string | readonly string[] | typeof UNCHECKED_ISSUER
  /** Exact member of `aud`, one of several, or {@link UNCHECKED_AUDIENCE}. An empty list matches nothing. */
  readonly audience: string | readonly string[] | typeof UNCHECKED_AUDIENCE
  /** Algorithms a header may name. The key decides; this narrows. An empty list matches nothing. */
  readonly algorithms: readonly Algorithm[]
  readonly keys: KeySource | VerificationKey | readonly VerificationKey[]
  /** Demanded `typ`, compared as a media type (RFC 8725 §3.11). Without it any type passes. */
  readonly typ?: string | undefined
  /** Exact `sub`. */
  readonly subject?: string
  readonly requiredClaims?: readonly string[]
  /** How far clocks may differ, at most 300. Default 0. */
  readonly clockSkewSeconds?: number
  /** Longest time since `iat`, which is then required. */
  readonly maxTokenAgeSeconds?: number
  /** Names in `crit` that the caller handles itself. The engine only checks that they are in the header. */
  readonly understoodCrit?: readonly string[]
  /** Longest token accepted. Default 16384. */
  readonly maxTokenBytes?: number
  readonly acceptEdDSA?: typeof ACCEPT_LEGACY_EDDSA
  /** Default: the system clock, whole seconds. */
  readonly now?: () => EpochSeconds
  /** Asked last, for every token, cached or not. */
  readonly isRevoked?: (token: VerifiedToken) => boolean
  /** Remember verified tokens. Time, revocation and key trust are checked again on every use. Default: no cache. */
  readonly cache?: CacheLimits
}

export interface CacheLimits {
  readonly maxEntries: number
  /** Estimated memory of tokens and claims. Default 32 MiB. */
  readonly maxBytes?: number
}

/** A policy with every default filled in and every list ready for use. */
export interface VerificationRules extends CompactRules, ClaimRules {
  readonly now: () => EpochSeconds
  readonly isRevoked: ((token: VerifiedToken) => boolean) | undefined
  readonly cache: Required<CacheLimits> | undefined
}

const DEFAULT_MAX_TOKEN_BYTES = 16_384
const MAX_CLOCK_SKEW_SECONDS = 300
const DEFAULT_CACHE_BYTES = 32 * 1024 * 1024

/** Checks a policy and prepares it. @throws PolicyError */
export function readPolicy(policy: VerifierPolicy): VerificationRules {
  checkNames(policy)
  return {
    issuers: readParties(policy.issuer, UNCHECKED_ISSUER, 'issuer'),
    audiences: readParties(policy.audience, UNCHECKED_AUDIENCE, 'audience'),
    algorithms: readAlgorithms(policy.algorithms),
    keys: readKeys(policy.keys),
    typ: policy.typ === undefined ? undefined : normalizeType(readString(policy.typ, 'typ')),
    subject: policy.subject === undefined ? undefined : readString(policy.subject, 'subject'),
    requiredClaims: readStrings(policy.requiredClaims ?? [], 'requiredClaims'),
    clockSkewSeconds: readNumber(policy.clockSkewSeconds ?? 0, 'clockSkewSeconds', MAX_CLOCK_SKEW_SECONDS),
    maxTokenAgeSeconds:
      policy.maxTokenAgeSeconds === undefined ? undefined : readNumber(policy.maxTokenAgeSeconds, 'maxTokenAgeSeconds'),
    understoodCrit: new Set(readStrings(policy.understoodCrit ?? [], 'understoodCrit')),
    maxTokenBytes: readNumber(policy.maxTokenBytes ?? DEFAULT_MAX_TOKEN_BYTES, 'maxTokenBytes'),
    acceptEdDSA: readSwitch(policy.acceptEdDSA),
    now: readFunction(policy.now, 'now') ?? systemClock,
    isRevoked: readFunction(policy.isRevoked, 'isRevoked'),
    cache: policy.cache === undefined ? undefined : readCache(policy.cache),
  }
}

const REQUIRED = ['issuer', 'audience', 'algorithms', 'keys'] as const
const OPTIONAL = [
  'typ',
  'subject',
  'requiredClaims',
  'clockSkewSeconds',
  'maxTokenAgeSeconds',
  'understoodCrit',
  'maxTokenBytes',
  'acceptEdDSA',
  'now',
  'isRevoked',
  'cache',
] as const satisfies readonly (keyof VerifierPolicy)[]

/** A misspelt or undefined check is a check never made, so neither passes. */
function checkNames(policy: VerifierPolicy): void {
  if (typeof policy !== 'object' || policy === null) throw new PolicyError('a policy is an object')
  for (const name of REQUIRED) {
    if (policy[name] === undefined || policy[name] === null) throw new PolicyError(`policy.${name} is required`)
  }
  const known = new Set<string>([...REQUIRED, ...OPTIONAL])
  for (const [name, value] of Object.entries(policy)) {
    if (!known.has(name)) throw new PolicyError(`policy.${name} is not an option`)
    if (value === undefined && name !== 'typ')
      throw new PolicyError(`policy.${name} is undefined; leave it out instead`)
  }
}

function readParties(value: unknown, unchecked: symbol, name: string): readonly string[] | undefined {
  if (value === unchecked) return undefined
  const list = readStrings(typeof value === 'string' ? [value] : value, name)
  // An empty name is a mistake in configuration, and must not meet a token with an empty claim.
  return list.filter((item) => item !== '')
}

function readAlgorithms(value: unknown): ReadonlySet<Algorithm> {
  const list = readStrings(value, 'algorithms')
  if (!list.every(isAlgorithm)) throw new PolicyError(`policy.algorithms may hold ${ALGORITHMS.join(', ')}`)
  return new Set(list)
}

function readKeys(keys: VerifierPolicy['keys']): KeySource {
  if (keys instanceof VerificationKey) return createKeySet([keys])
  if (Array.isArray(keys)) return createKeySet(keys as readonly VerificationKey[])
  const source = keys as KeySource
  if (typeof source.select !== 'function' || typeof source.version !== 'number') {
    throw new PolicyError('policy.keys is a VerificationKey, a list of them, or a KeySource')
  }
  return source
}

function readString(value: unknown, name: string): string {
  if (typeof value !== 'string') throw new PolicyError(`policy.${name} is not a string`)
  return value
}

function readStrings(value: unknown, name: string): string[] {
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new PolicyError(`policy.${name} is not a list of strings`)
  }
  return [...value]
}

function readNumber(value: unknown, name: string, max = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && value >= 0 && value <= max) return value
  throw new PolicyError(`policy.${name} is not a number from 0 to ${max}`)
}

function readSwitch(value: unknown): boolean {
  if (value !== undefined && value !== ACCEPT_LEGACY_EDDSA) {
    throw new PolicyError('policy.acceptEdDSA is ACCEPT_LEGACY_EDDSA or absent')
  }
  return value === ACCEPT_LEGACY_EDDSA
}

function readFunction<T>(value: T | undefined, name: string): T | undefined {
  if (value !== undefined && typeof value !== 'function') throw new PolicyError(`policy.${name} is not a function`)
  return value
}

function readCache(limits: CacheLimits): Required<CacheLimits> {
  for (const name of Object.keys(limits)) {
    if (name !== 'maxEntries' && name !== 'maxBytes') throw new PolicyError(`policy.cache.${name} is not an option`)
  }
  return {
    maxEntries: readNumber(limits.maxEntries, 'cache.maxEntries'),
    maxBytes: readNumber(limits.maxBytes ?? DEFAULT_CACHE_BYTES, 'cache.maxBytes'),
  }
}

function systemClock(): EpochSeconds {
  return Math.floor(Date.now() / 1000)
}
