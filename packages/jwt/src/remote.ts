import type { Buffer } from 'node:buffer'
import type { Algorithm, EpochSeconds } from './algorithms.ts'
import { JwtError, PolicyError } from './errors.ts'
import { parseJsonObject } from './json.ts'
import { importJwkSet, KeySet } from './key-set.ts'
import type { KeySource } from './key-set.ts'
import { verificationMaterialOf } from './keys.ts'
import type { VerificationKey } from './keys.ts'
import { requestJwks } from './remote-request.ts'
import { Scratch } from './scratch.ts'
import type { JwksAnswer, RequestLimits } from './remote-request.ts'

export interface RemoteKeySetOptions {
  /** The JWK Set's address: https, or http on loopback. */
  readonly url: string
  /** Default: the global one. */
  readonly fetch?: typeof fetch
  /** Default: the system clock, whole seconds. */
  readonly now?: () => EpochSeconds
  /** Least time between two requests caused by unknown key ids, and between any two of an answer not to be kept. Default 30. */
  readonly cooldownSeconds?: number
  /** Age from which `revalidate` asks again, or sooner where the answer's `Cache-Control` says so. Default 600. */
  readonly maxAgeSeconds?: number
  /** Age from which the keys are no longer used, if no newer ones can be had. Default 86400. */
  readonly maxStaleSeconds?: number
  /** For a whole request, body included. Default 5. */
  readonly timeoutSeconds?: number
  /** Default 65536. */
  readonly maxBytes?: number
  /** Told of every failed request; what it throws is dropped. */
  readonly onError?: (error: JwtError) => void
}

export interface RemoteKeySetHealth {
  readonly keys: number
  /** Ids of the keys that have one, as published: what a server that rotates its keys may want to hear. */
  readonly kids: readonly string[]
  readonly fetchedAt: EpochSeconds | null
  /** Seconds since the last good answer; infinite before the first. */
  readonly staleSeconds: number
  /** Why the last request failed; null once one has succeeded again. */
  readonly lastError: string | null
}

/** A published JWK Set kept in memory. Selecting a key never waits for the network. */
export interface RemoteKeySet extends KeySource {
  /**
   * Makes sure that there are keys. One request for any number of callers.
   *
   * @throws JwtError `keys_unavailable`
   */
  load(): Promise<void>
  /** After `key_unknown`: looks for new keys, at most once per cool-down. Resolves to whether the set changed; never rejects. */
  refreshFor(kid: string | undefined): Promise<boolean>
  /** Starts a request in the background when the keys are older than their maximum age. */
  revalidate(): void
  /** Makes the keys old: somebody has said that the published ones have changed. They stay in use; the next `revalidate` asks. */
  expire(): void
  health(): RemoteKeySetHealth
}

const DEFAULTS = {
  cooldownSeconds: 30,
  maxAgeSeconds: 600,
  maxStaleSeconds: 86_400,
  timeoutSeconds: 5,
  maxBytes: 65_536,
}
const OTHER_OPTIONS = new Set(['url', 'fetch', 'now', 'onError'])

/**
 * Makes a remote key set (RFC 7517 §5). Nothing is requested before the first call.
 *
 * After a failure the last good keys stay in use up to `maxStaleSeconds`, and requests are spaced out from one second up to the
 * cool-down. Keys that leave the published set leave this one with the next good answer.
 *
 * @throws PolicyError for a wrong, unknown or missing option
 */
export function createRemoteKeySet(options: RemoteKeySetOptions): RemoteKeySet {
  return new FetchedKeySet(options)
}

/** Even if the issuer lets its keys age faster, there is no more than one request a second. */
const LEAST_AGE_SECONDS = 1
/** Key ids that were looked for and not found; enough for honest stragglers, too few to cost memory. */
const MAX_REMEMBERED_KIDS = 256
const MAX_REMEMBERED_KID_LENGTH = 256
const NEVER = Number.NEGATIVE_INFINITY

class FetchedKeySet implements RemoteKeySet {
  readonly #limits: RequestLimits & typeof DEFAULTS
  readonly #now: () => EpochSeconds
  readonly #onError: (error: JwtError) => void
  #keys = new KeySet([])
  #generation = 0
  #etag: string | null = null
  #fetchedAt = NEVER
  #askedAt = NEVER
  #askedForUnknownAt = NEVER
  #failures = 0
  #lastError: JwtError | null = null
  #request: Promise<boolean> | null = null
  #freshSeconds: number
  readonly #absent = new Map<string, Absence>()

  constructor(options: RemoteKeySetOptions) {
    this.#limits = { ...readLimits(options), url: readUrl(options.url), fetch: options.fetch ?? globalThis.fetch }
    this.#now = options.now ?? (() => Math.floor(Date.now() / 1000))
    this.#onError = options.onError ?? (() => {})
    this.#freshSeconds = this.#limits.maxAgeSeconds
  }

  /** Negative while there are no usable keys, so that a cache notices when the last good ones have become too old. */
  get version(): number {
    return this.#isUsable() ? this.#generation : -1 - this.#generation
  }

  select(alg: Algorithm, kid: string | undefined): readonly VerificationKey[] {
    return this.#isUsable() ? this.#keys.select(alg, kid) : []
  }

  async load(): Promise<void> {
    if (this.#isUsable()) return
    if (this.#request !== null || this.#mayAskAgain()) await this.#ask()
    if (!this.#isUsable()) throw this.#lastError ?? unavailable('the key set has not been loaded')
  }

  async refreshFor(kid: string | undefined): Promise<boolean> {
    const generation = this.#generation
    let isAnswered = false
    // one that is under way may have been sent before the key was published: then another is worth waiting for
    for (let round = 0; round < 2 && !this.#holds(kid); round++) {
      if (this.#request === null && !this.#mayAskFor(kid)) break
      isAnswered = await this.#ask()
    }
    if (isAnswered && kid !== undefined && !this.#holds(kid)) this.#rememberAbsent(kid)
    return this.#generation !== generation
  }

  revalidate(): void {
    if (this.#request !== null || this.#age() < this.#freshSeconds || !this.#mayAskAgain()) return
    void this.#ask()
  }

  expire(): void {
    this.#freshSeconds = 0
  }

  health(): RemoteKeySetHealth {
    return {
      keys: this.#keys.keys.length,
      kids: this.#keys.keys.flatMap(({ kid }) => kid ?? []),
      fetchedAt: this.#fetchedAt === NEVER ? null : this.#fetchedAt,
      staleSeconds: this.#age(),
      lastError: this.#lastError?.message ?? null,
    }
  }

  #holds(kid: string | undefined): boolean {
    return kid !== undefined && this.#keys.keys.some((key) => key.kid === kid)
  }

  #isUsable(): boolean {
    return this.#age() <= this.#limits.maxStaleSeconds
  }

  #age(): number {
    return Math.max(0, this.#now() - this.#fetchedAt)
  }

  #mayAskAgain(): boolean {
    if (this.#failures === 0) return true
    const pause = Math.min(this.#limits.cooldownSeconds, 2 ** (this.#failures - 1))
    return this.#now() - this.#askedAt >= pause
  }

  #mayAskFor(kid: string | undefined): boolean {
    const now = this.#now()
    if (now - this.#askedForUnknownAt < this.#limits.cooldownSeconds || !this.#mayAskAgain()) return false
    const absence = kid === undefined ? undefined : this.#absent.get(kid)
    if (absence !== undefined && now - absence.at < absence.pauseSeconds) return false
    this.#askedForUnknownAt = now
    return true
  }

  /** A node that has not heard of a new key yet must not have it refused for long, nor a dead one be asked for ever. */
  #rememberAbsent(kid: string): void {
    if (kid.length > MAX_REMEMBERED_KID_LENGTH) return
    const { cooldownSeconds, maxAgeSeconds } = this.#limits
    const doubled = 2 * (this.#absent.get(kid)?.pauseSeconds ?? cooldownSeconds / 2)
    const pauseSeconds = Math.min(doubled, Math.max(cooldownSeconds, maxAgeSeconds))
    this.#absent.delete(kid)
    if (this.#absent.size >= MAX_REMEMBERED_KIDS) {
      for (const oldest of this.#absent.keys()) {
        this.#absent.delete(oldest)
        break
      }
    }
    this.#absent.set(kid, { at: this.#now(), pauseSeconds })
  }

  /** One request at a time; whoever comes meanwhile shares it. Resolves to false on failure. */
  #ask(): Promise<boolean> {
    this.#request ??= this.#fetchKeys().finally(() => {
      this.#request = null
    })
    return this.#request
  }

  async #fetchKeys(): Promise<boolean> {
    this.#askedAt = this.#now()
    try {
      this.#accept(await requestJwks(this.#limits, this.#etag))
      return true
    } catch (error) {
      this.#failures++
      this.#lastError = error instanceof JwtError ? error : unavailable('the key set could not be read')
      this.#report(this.#lastError)
      return false
    }
  }

  #accept(answer: JwksAnswer): void {
    if (answer.kind === 'changed') {
      const keys = keepIdentity(readJwks(answer.body), this.#keys)
      if (keys !== this.#keys || this.#fetchedAt === NEVER) {
        this.#keys = keys
        this.#generation++
        this.#absent.clear()
      }
      this.#etag = answer.etag
    }
    // as old as the request: what was published while the answer was under way is not in it
    this.#fetchedAt = this.#askedAt
    this.#freshSeconds = this.#freshnessOf(answer)
    this.#failures = 0
    this.#lastError = null
  }

  #freshnessOf({ freshSeconds }: JwksAnswer): number {
    const { maxAgeSeconds, cooldownSeconds } = this.#limits
    if (freshSeconds === null) return maxAgeSeconds
    return Math.min(maxAgeSeconds, freshSeconds === 0 ? cooldownSeconds : Math.max(freshSeconds, LEAST_AGE_SECONDS))
  }

  #report(error: JwtError): void {
    try {
      this.#onError(error)
    } catch {
      // an observer must not decide over keys
    }
  }
}

/** When a key id was last found missing, and for how long it is not looked for again. */
interface Absence {
  readonly at: EpochSeconds
  readonly pauseSeconds: number
}

function readJwks(body: Buffer): KeySet {
  try {
    return importJwkSet(parseJsonObject(Scratch.of(body), body.length))
  } catch (cause) {
    throw unavailable('the answer is not a JWK Set', cause)
  }
}

/** The previous set if nothing changed; else a set in which unchanged keys are the same objects, so that caches stay warm. */
function keepIdentity(next: KeySet, previous: KeySet): KeySet {
  const keys = next.keys.map((key) => previous.keys.find((known) => isSameKey(known, key)) ?? key)
  const isUnchanged = keys.length === previous.keys.length && keys.every((key, index) => key === previous.keys[index])
  return isUnchanged ? previous : new KeySet(keys)
}

function isSameKey(a: VerificationKey, b: VerificationKey): boolean {
  return (
    a.kid === b.kid &&
    a.alg === b.alg &&
    verificationMaterialOf(a).keyObject.equals(verificationMaterialOf(b).keyObject)
  )
}

function readLimits(options: RemoteKeySetOptions): typeof DEFAULTS {
  const limits = { ...DEFAULTS }
  for (const [name, value] of Object.entries(options)) {
    if (OTHER_OPTIONS.has(name)) continue
    if (!Object.hasOwn(DEFAULTS, name)) throw new PolicyError(`${name} is not an option`)
    if (typeof value !== 'number' || !(value >= 0)) throw new PolicyError(`${name} is not a number of at least 0`)
    limits[name as keyof typeof DEFAULTS] = value
  }
  return limits
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

function readUrl(url: string): string {
  if (typeof url !== 'string' || !URL.canParse(url)) throw new PolicyError('url is not an absolute URL')
  const { protocol, hostname, username, password } = new URL(url)
  if (username !== '' || password !== '') throw new PolicyError('url must not contain credentials')
  if (protocol !== 'https:' && !(protocol === 'http:' && LOOPBACK.test(hostname))) {
    throw new PolicyError('url must be https, except on loopback')
  }
  return url
}

function unavailable(message: string, cause?: unknown): JwtError {
  return new JwtError('keys_unavailable', message, cause === undefined ? undefined : { cause })
}
