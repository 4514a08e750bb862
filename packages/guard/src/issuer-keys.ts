import { createRemoteKeySet } from '@signet/jwt/remote'
import type { RemoteKeySet } from '@signet/jwt/remote'
import type { Algorithm, EpochSeconds, KeySource, VerificationKey } from '@signet/jwt'
import { SignetError } from '@signet/protocol'
import { discoverServices } from './discovery.ts'
import type { IssuerServices } from './discovery.ts'

export interface IssuerKeysOptions {
  readonly issuer: string
  /** Skips discovery. */
  readonly jwksUri: string | undefined
  readonly fetch: typeof globalThis.fetch
  readonly now: () => EpochSeconds
}

export interface IssuerKeysHealth {
  /** How many keys are trusted now; 0 before the first load, and when the last one is a day ago. */
  readonly keys: number
  readonly fetchedAt: EpochSeconds | null
  readonly lastError: string | null
}

const METADATA_TIMEOUT_MS = 5000
const METADATA_MAX_BYTES = 65_536
/** How long keys stay in use while the issuer cannot be reached. After that nothing verifies until it can. */
const MAX_STALE_SECONDS = 86_400
/** The pause after the first failure; it doubles with each further one. */
const FIRST_RETRY_SECONDS = 1
const LAST_RETRY_SECONDS = 30

/**
 * The published keys of an issuer: discovered, loaded on first use, then kept fresh in the background.
 *
 * Before the first load nothing verifies; `load` is what a request waits for then, at most the time-outs of two
 * small requests. A failed load is not repeated before a pause (1 s, doubling up to 30 s) is over: until then `load`
 * rejects at once. Afterwards known keys never wait: `revalidate` only starts work.
 */
export class IssuerKeys implements KeySource {
  readonly #options: IssuerKeysOptions
  #remote: RemoteKeySet | undefined
  #services: IssuerServices | undefined
  #loaded = false
  #loading: Promise<void> | undefined
  #failures = 0
  #retryAt: EpochSeconds = Number.NEGATIVE_INFINITY
  #lastFailure: unknown
  #revalidatedAt: EpochSeconds = Number.NEGATIVE_INFINITY

  constructor(options: IssuerKeysOptions) {
    this.#options = options
  }

  /** Whether a key set has ever arrived. */
  get loaded(): boolean {
    return this.#loaded
  }

  /** Changes with the trusted set, so that a cache notices a removed key. */
  get version(): number {
    return this.#remote?.version ?? 0
  }

  select(alg: Algorithm, kid: string | undefined): readonly VerificationKey[] {
    return this.#remote?.select(alg, kid) ?? []
  }

  /** @throws SignetError `unavailable`, with the seconds until the next attempt */
  load(): Promise<void> {
    if (this.#loaded) return Promise.resolve()
    if (this.#loading !== undefined) return this.#loading
    const wait = this.#retryAt - this.#options.now()
    if (wait > 0) return Promise.reject(this.#unavailable(wait, this.#lastFailure))
    this.#loading = this.#load().finally(() => {
      this.#loading = undefined
    })
    return this.#loading
  }

  /**
   * Looks for the key that a token names and this set has not: one request per cool-down at most. When the last good
   * set has become too old to be used, any set at all.
   *
   * @throws SignetError `unavailable` when there are no usable keys
   */
  async lookFor(kid: string | undefined): Promise<void> {
    if (this.#isUsable()) {
      await this.#remote?.refreshFor(kid)
      return
    }
    try {
      await this.#remote?.load()
    } catch (error) {
      throw this.#unavailable(FIRST_RETRY_SECONDS, error)
    }
  }

  /** Starts a refresh in the background when the set is old enough; looks once a second, whatever the traffic. */
  revalidate(now: EpochSeconds): void {
    if (now === this.#revalidatedAt) return
    this.#revalidatedAt = now
    this.#remote?.revalidate()
  }

  /** What was discovered together with the keys: once, so that whoever asks again looks for himself. */
  takeServices(): IssuerServices | undefined {
    const services = this.#services
    this.#services = undefined
    return services
  }

  /** Ids of the trusted keys. */
  heldKeys(): readonly string[] {
    if (this.#remote === undefined || !this.#isUsable()) return []
    return this.#remote.health().kids
  }

  health(): IssuerKeysHealth {
    const failure = this.#lastFailure instanceof Error ? this.#lastFailure.message : null
    if (this.#remote === undefined) return { keys: 0, fetchedAt: null, lastError: failure }
    const { keys, fetchedAt, lastError } = this.#remote.health()
    return { keys: this.#isUsable() ? keys : 0, fetchedAt, lastError: lastError ?? failure }
  }

  #isUsable(): boolean {
    return this.#remote !== undefined && this.#remote.health().staleSeconds <= MAX_STALE_SECONDS
  }

  async #load(): Promise<void> {
    try {
      this.#remote ??= createRemoteKeySet({
        url: await this.#findUrl(),
        fetch: this.#options.fetch,
        now: this.#options.now,
      })
      await this.#remote.load()
      this.#loaded = true
      this.#failures = 0
      this.#lastFailure = undefined
    } catch (error) {
      const pause = Math.min(FIRST_RETRY_SECONDS * 2 ** this.#failures, LAST_RETRY_SECONDS)
      this.#failures += 1
      this.#retryAt = this.#options.now() + pause
      this.#lastFailure = error
      throw this.#unavailable(pause, error)
    }
  }

  async #findUrl(): Promise<string> {
    const { issuer, jwksUri, fetch } = this.#options
    if (jwksUri !== undefined) return jwksUri
    this.#services = await discoverIssuer(issuer, fetch)
    return this.#services.jwksUri
  }

  #unavailable(retryAfterSeconds: number, cause: unknown): SignetError {
    const reason =
      cause instanceof Error ? `the keys could not be loaded: ${cause.message}` : 'the keys could not be loaded'
    return new SignetError('unavailable', { reason, retryAfterSeconds, cause })
  }
}

/** Asks an issuer for its metadata, within the limits that hold for a small document. @throws SignetError `unavailable` */
export function discoverIssuer(issuer: string, fetch: typeof globalThis.fetch): Promise<IssuerServices> {
  return discoverServices(issuer, { fetch, timeoutMs: METADATA_TIMEOUT_MS, maxBytes: METADATA_MAX_BYTES })
}
