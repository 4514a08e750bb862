import { createVerifier, JwtError } from '@signet/jwt'
import type { EpochSeconds, VerifiedToken, Verifier } from '@signet/jwt'
import { inspect } from '@signet/jwt/inspect'
import { ACCESS_TOKEN_TYPE, cookieNames, REQUIRED_ACCESS_CLAIMS, SignetError } from '@signet/protocol'
import type { ProblemCode, RevocableToken } from '@signet/protocol'
import { checkCrossSite } from './browser.ts'
import type { Scheme } from './challenge.ts'
import { unsoundClaim } from './claims.ts'
import type { AdmittedClaims } from './claims.ts'
import { findCandidate, findCredential } from './credential.ts'
import type { Credential, CredentialKind } from './credential.ts'
import { GuardError } from './errors.ts'
import { IssuerKeys } from './issuer-keys.ts'
import type { IssuerKeysHealth } from './issuer-keys.ts'
import { readOptions } from './options.ts'
import type { GuardOptions, GuardSettings } from './options.ts'
import { principalOf } from './principal.ts'
import type { Principal } from './principal.ts'
import { checkProof } from './proof.ts'
import { ReplayList } from './replay-list.ts'
import type { GuardRequest } from './request.ts'
import { demandAll } from './requirement.ts'
import type { Requirement } from './requirement.ts'
import type { RevocationHealth, RevocationSource } from './revocation.ts'

export interface Guard {
  readonly issuer: string
  readonly audience: string
  readonly revocation: RevocationSource
  /**
   * Decides who is asking, or refuses.
   *
   * Synchronous whenever nothing has to be fetched: then it gives back the principal or throws. A promise comes only
   * before the first key set has arrived and for a token that names an unknown key.
   *
   * @throws GuardError (or rejects with it), and nothing else
   */
  authenticate(request: GuardRequest, requirements?: readonly Requirement[]): Principal | Promise<Principal>
  /** Loads the keys now instead of at the first request. Rejects with a GuardError when they cannot be loaded. */
  ready(): Promise<void>
  health(): GuardHealth
  /** From now on every request is refused with `unavailable`. Idempotent. */
  close(): void
}

export interface GuardHealth {
  /** Whether tokens can be verified: keys are local, or have arrived and are not too old. */
  readonly ready: boolean
  /** `undefined` with local keys. */
  readonly keys: IssuerKeysHealth | undefined
  readonly revocation: RevocationHealth
}

/**
 * Makes the guard of one resource server.
 *
 * A request passes when it carries exactly one credential, the token's signature, type, issuer, audience and times
 * are right, its claims are sound, it is not revoked, its key is proved or its cookie was meant, and the route's
 * requirements are met: in this order. Everything else, an exception included, is a refusal.
 *
 * Nothing is fetched before the first request or `ready()`.
 *
 * @throws TypeError when the options cannot mean what they say
 */
export function createGuard(options: GuardOptions): Guard {
  return new TokenGuard(readOptions(options))
}

/** Proofs of possession remembered at once: 60 s at more than 3000 requests a second. */
const MAX_REMEMBERED_PROOFS = 200_000

const NO_REQUIREMENTS: readonly Requirement[] = []

class TokenGuard implements Guard {
  readonly issuer: string
  readonly audience: string
  readonly revocation: RevocationSource
  readonly #settings: GuardSettings
  readonly #issuerKeys: IssuerKeys | undefined
  readonly #verifier: Verifier
  readonly #cookieName: string | undefined
  readonly #replays = new ReplayList(MAX_REMEMBERED_PROOFS)
  /** What was made of a token that the verifier's cache still holds; goes when the cache lets the token go. */
  readonly #admissions: WeakMap<VerifiedToken, Admission> | undefined
  /** When the request being decided arrived: one reading of the clock for all of its checks, which are synchronous. */
  #instant: EpochSeconds = Number.NaN
  #closed = false

  constructor(settings: GuardSettings) {
    const { issuer, audience, jwksUri, fetch, now, keys, cache } = settings
    this.issuer = issuer
    this.audience = audience
    this.revocation = settings.revocation
    this.#settings = settings
    this.#issuerKeys = keys === undefined ? new IssuerKeys({ issuer, jwksUri, fetch, now }) : undefined
    this.#verifier = createVerifier({
      issuer,
      audience,
      algorithms: settings.algorithms,
      keys: keys ?? (this.#issuerKeys as IssuerKeys),
      typ: ACCESS_TOKEN_TYPE,
      requiredClaims: REQUIRED_ACCESS_CLAIMS,
      clockSkewSeconds: settings.clockSkewSeconds,
      now: () => this.#instant,
      ...(cache === undefined ? {} : { cache }),
    })
    this.#admissions = cache === undefined ? undefined : new WeakMap()
    this.#cookieName = settings.browser === undefined ? undefined : cookieNames(settings.browser.secure).access
  }

  authenticate(
    request: GuardRequest,
    requirements: readonly Requirement[] = NO_REQUIREMENTS,
  ): Principal | Promise<Principal> {
    let kind: CredentialKind = 'bearer'
    try {
      if (this.#closed) throw new GuardError('unavailable', { reason: 'the guard is closed' })
      const canVerify = this.#issuerKeys === undefined || this.#issuerKeys.loaded
      const credential = this.#credentialOf(request, canVerify ? findCandidate : findCredential)
      if (!('token' in credential)) throw this.#withoutToken(credential.kind)
      kind = credential.kind
      return this.#authenticateToken(request, kind, credential.token, requirements)
    } catch (error) {
      throw this.#refuse(error, kind, request)
    }
  }

  async ready(): Promise<void> {
    try {
      await this.#issuerKeys?.load()
    } catch (error) {
      throw refusalOf(error, 'Bearer')
    }
  }

  health(): GuardHealth {
    const keys = this.#issuerKeys?.health()
    return {
      ready: !this.#closed && (keys === undefined || keys.keys > 0),
      keys,
      revocation: this.revocation.health(),
    }
  }

  close(): void {
    this.#closed = true
  }

  #authenticateToken(
    request: GuardRequest,
    kind: CredentialKind,
    token: string,
    requirements: readonly Requirement[],
  ): Principal | Promise<Principal> {
    const keys = this.#issuerKeys
    if (keys === undefined) return this.#admit(request, kind, token, requirements)
    if (!keys.loaded) return this.#afterFirstLoad(keys, request, kind, requirements)
    try {
      const principal = this.#admit(request, kind, token, requirements)
      keys.revalidate(this.#instant)
      return principal
    } catch (error) {
      if (!isKeyUnknown(error)) throw error
      return this.#afterRefresh(keys, request, kind, token, requirements)
    }
  }

  /** The way of every request: no I/O, and nothing made anew for a token that was admitted before. */
  #admit(request: GuardRequest, kind: CredentialKind, token: string, requirements: readonly Requirement[]): Principal {
    this.#instant = this.#settings.now()
    const admission = this.#admissionOf(this.#verifier.verify(token))
    if (this.revocation.isRevoked(admission.revocable) !== false)
      throw new GuardError('token_revoked', { scheme: schemeOf(kind) })
    this.#checkBinding(request, kind, token, admission)
    const principal = admission.principalFor(kind)
    if (requirements.length > 0) demandAll(principal, requirements)
    return principal
  }

  #admissionOf(verified: VerifiedToken): Admission {
    const known = this.#admissions?.get(verified)
    if (known !== undefined) return known
    const unsound = unsoundClaim(verified.claims)
    if (unsound !== undefined) throw new GuardError('token_invalid', { reason: `unsound claim ${unsound}` })
    const admission = new Admission(verified.claims as AdmittedClaims, verified.header.kid, this.audience)
    this.#admissions?.set(verified, admission)
    return admission
  }

  /** A bound token is worth nothing without its key, whichever way it comes; an unbound one has nothing to prove. */
  #checkBinding(request: GuardRequest, kind: CredentialKind, token: string, admission: Admission): void {
    const { jkt } = admission
    if (jkt !== undefined) {
      if (kind !== 'dpop')
        throw new GuardError('token_invalid', { reason: 'the token is bound to a key and came without its proof' })
      checkProof(request, token, jkt, this.#settings.proof, this.#replays, this.#instant)
      return
    }
    if (kind === 'dpop')
      throw new GuardError('token_invalid', { scheme: 'DPoP', reason: 'the token is not bound to a key' })
    if (kind === 'cookie' && this.#settings.browser !== undefined) {
      checkCrossSite(request, admission.claims, this.#settings.browser)
    }
  }

  async #afterFirstLoad(
    keys: IssuerKeys,
    request: GuardRequest,
    kind: CredentialKind,
    requirements: readonly Requirement[],
  ): Promise<Principal> {
    try {
      await keys.load()
    } catch (error) {
      throw this.#refuse(error, kind, request)
    }
    return this.authenticate(request, requirements)
  }

  async #afterRefresh(
    keys: IssuerKeys,
    request: GuardRequest,
    kind: CredentialKind,
    token: string,
    requirements: readonly Requirement[],
  ): Promise<Principal> {
    try {
      await keys.lookFor(kidOf(token))
      return this.#admit(request, kind, token, requirements)
    } catch (error) {
      throw this.#refuse(error, kind, request)
    }
  }

  #credentialOf(request: GuardRequest, find: typeof findCredential): Credential {
    const authorization = request.header('authorization')
    if (this.#cookieName === undefined) return find(authorization)
    return find(authorization, request.header('cookie') ?? '', this.#cookieName)
  }

  #withoutToken(kind: 'none' | 'ambiguous' | 'malformed'): GuardError {
    if (kind === 'none') return new GuardError('token_missing', { offerDpop: this.#settings.offerDpop })
    return new GuardError(kind === 'ambiguous' ? 'credential_ambiguous' : 'credential_malformed')
  }

  #refuse(error: unknown, kind: CredentialKind, request: GuardRequest): GuardError {
    const refusal = refusalOf(this.#wasNoToken(error, request) ?? error, schemeOf(kind))
    try {
      this.#settings.onRefusal?.(refusal)
    } catch {
      // an observer must not turn one refusal into another
    }
    return refusal
  }

  /** What the verifier refused may have been no token in the first place, which is the client's mistake (400). */
  #wasNoToken(error: unknown, request: GuardRequest): GuardError | undefined {
    if (!(error instanceof JwtError)) return undefined
    const credential = this.#credentialOf(request, findCredential)
    return 'token' in credential ? undefined : this.#withoutToken(credential.kind)
  }
}

/** What a verified token comes to, kept beside it in the cache. */
class Admission {
  readonly claims: AdmittedClaims
  readonly revocable: RevocableToken
  /** Thumbprint of the key the token is bound to. */
  readonly jkt: string | undefined
  readonly #audience: string
  #principal: Principal | undefined

  constructor(claims: AdmittedClaims, kid: string | undefined, audience: string) {
    this.claims = claims
    this.revocable = { jti: claims.jti, sid: claims.sid, sub: claims.sub, iat: claims.iat, kid }
    this.jkt = claims.cnf?.jkt
    this.#audience = audience
  }

  principalFor(kind: CredentialKind): Principal {
    if (this.#principal?.credential !== kind) this.#principal = principalOf(this.claims, this.#audience, kind)
    return this.#principal
  }
}

/** The client's side of any failure: what the engine refuses is an invalid token, what nobody foresaw is our own fault. */
function refusalOf(error: unknown, scheme: Scheme): GuardError {
  if (error instanceof GuardError) return error
  if (error instanceof JwtError) {
    const code = REFUSED_AS.get(error.code) ?? 'token_invalid'
    return new GuardError(code, { scheme, reason: error.code, cause: error })
  }
  if (error instanceof SignetError) {
    const { code, reason, retryAfterSeconds } = error
    return new GuardError(code, {
      scheme,
      cause: error.cause,
      ...(reason === undefined ? {} : { reason }),
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    })
  }
  return new GuardError('internal', { scheme, reason: 'unexpected failure while deciding', cause: error })
}

/** Codes of the engine that mean more to a client than "not valid". */
const REFUSED_AS: ReadonlyMap<string, ProblemCode> = new Map([
  ['token_expired', 'token_expired'],
  ['keys_unavailable', 'unavailable'],
  ['clock_invalid', 'internal'],
])

/** Read without trust: it only decides whether to ask the issuer once more. */
function kidOf(token: string): string | undefined {
  const kid = inspect(token).header?.['kid']
  return typeof kid === 'string' ? kid : undefined
}

function isKeyUnknown(error: unknown): boolean {
  return error instanceof JwtError && error.code === 'key_unknown'
}

function schemeOf(kind: CredentialKind): Scheme {
  return kind === 'dpop' ? 'DPoP' : 'Bearer'
}
