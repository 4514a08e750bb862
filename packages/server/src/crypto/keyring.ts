import { buildJwkSet, createKeySet, sign, signAsync } from '@signet/jwt'
import type { Algorithm, JsonObject, JwkSet, KeySet, KeySource, SigningKey, VerificationKey } from '@signet/jwt'
import { ACCESS_TOKEN_TYPE } from '@signet/protocol'
import type { AccessTokenClaims } from '@signet/protocol'
import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import { UNNOTICED_SECONDS, verifiesUntil } from '../domain/signing-key.ts'
import type { StoredSigningKey } from '../domain/signing-key.ts'
import type { EpochSeconds } from '../domain/time.ts'
import type { AccessTokenIssuer, SigningKeys } from '../flows/context.ts'
import type { SigningKeyStore } from '../store/store.ts'
import { createStoredKey, isHmac, isMadeFrom, openStoredKey } from './key-material.ts'
import type { KeyMaterialOptions } from './key-material.ts'

/** The signing keys of this server, opened. */
export interface Keyring extends AccessTokenIssuer, SigningKeys {
  /** What this server's own guard trusts: the active key, its successor, and retired ones while their tokens live. */
  readonly keySource: KeySource
  /** The same keys as others may have them: public halves; no key at all where an HMAC secret signs. */
  jwks(): JwkSet
  /** Key ids of the trusted keys, the active one first. */
  kids(): readonly string[]
}

export interface KeyringOptions extends KeyMaterialOptions {
  readonly keys: SigningKeyStore
  /** What keys are made for. An active key for another algorithm goes on signing until a successor is published. */
  readonly algorithm: Algorithm
  /** What the log says about who had a key made. */
  readonly source: Source
  /** Whether a missing first key is made, and an HMAC secret that changed takes over. A command only looks. */
  readonly mayCreate: boolean
}

/**
 * Loads the signing keys, and makes the first one where there is none.
 *
 * Keys rest in the store, their private halves sealed under the master key with their key id. Nodes that start at once
 * end with the same active key. An HMAC secret that was configured anew, or is no longer, takes over at once: nothing
 * of it is ever published that verifiers would have to see first. Throws `MasterKeyError` when the keys were sealed
 * under another master key.
 */
export async function loadKeyring(options: KeyringOptions): Promise<Keyring> {
  if (options.mayCreate) await settleActiveKey(options)
  const keyring = new StoredKeyring(options)
  await keyring.refresh()
  return keyring
}

/** Nodes with different settings replace each other's keys; they must not do so for ever. */
const MAX_ROUNDS = 5

async function settleActiveKey(options: KeyringOptions): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const active = (await options.keys.list()).find((key) => key.state === 'active')
    if (active !== undefined && maySign(active, options)) return
    // whether or not this node's key was taken, another look shows what stands
    await addKey(active?.kid ?? null, options)
  }
  throw new Error('No signing key can be made active: was the configured secret revoked, or do nodes differ in theirs?')
}

function maySign(active: StoredSigningKey, { algorithm, hmacSecret, masterKey }: KeyringOptions): boolean {
  if (!isHmac(algorithm) && !isHmac(active.alg)) return true
  return active.alg === algorithm && (hmacSecret === null || isMadeFrom(active, hmacSecret, masterKey))
}

async function addKey(activeKid: string | null, options: KeyringOptions): Promise<void> {
  const key = await createStoredKey(options, 'active')
  const event = draftEvent('key.created', key.createdAt, options.source, { details: { kid: key.kid, alg: key.alg } })
  if (activeKid === null) await options.keys.addFirst(key, [event])
  else await options.keys.replace(activeKid, key, [event])
}

interface OpenKey {
  readonly signing: SigningKey
  readonly verification: VerificationKey
}

/** What is trusted until `until`, when the next retired key leaves. */
interface TrustedSet {
  readonly keySet: KeySet
  readonly jwks: JwkSet
  readonly until: EpochSeconds
}

class StoredKeyring implements Keyring {
  readonly keySource: KeySource
  readonly #options: KeyringOptions
  /** By key id. The same objects for as long as a key is there, so that what was verified with them stays known. */
  #open: ReadonlyMap<string, OpenKey> = new Map()
  /** The active one first. */
  #stored: readonly StoredSigningKey[] = []
  #storeVersion = Number.NaN
  #lookedAt = Number.NEGATIVE_INFINITY
  #looking: Promise<unknown> = Promise.resolve()
  #trusted: TrustedSet | undefined
  #trustedVersion = 0

  constructor(options: KeyringOptions) {
    this.#options = options
    const version = (): number => {
      this.#trustedNow()
      return this.#trustedVersion
    }
    this.keySource = {
      select: (alg, kid) => this.#trustedNow().keySet.select(alg, kid),
      get version() {
        return version()
      },
    }
  }

  /** A key retired or revoked by somebody else is not signed with for long, even if nobody has called `refresh`. */
  async issue(claims: AccessTokenClaims): Promise<string> {
    const unheard = this.#options.now() - this.#lookedAt
    // a clock that was set back tells nothing
    if (unheard >= UNNOTICED_SECONDS || unheard < 0) await this.refresh()
    const active = this.#stored[0]
    const key = active === undefined ? undefined : this.#open.get(active.kid)
    if (key === undefined) throw new TypeError('a keyring that was loaded has an active key')
    return issueWith(key.signing, { ...claims })
  }

  create(state: 'pending' | 'active'): Promise<StoredSigningKey> {
    return createStoredKey(this.#options, state)
  }

  /** One look after the other: one that began before a change does not stand for one asked for after it. */
  refresh(): Promise<boolean> {
    const look = this.#looking.then(() => this.#look())
    this.#looking = look.catch(() => {})
    return look
  }

  jwks(): JwkSet {
    return this.#trustedNow().jwks
  }

  kids(): readonly string[] {
    return this.#trustedNow().keySet.keys.flatMap(({ kid }) => kid ?? [])
  }

  async #look(): Promise<boolean> {
    const { keys, now } = this.#options
    const lookedAt = now()
    const version = await keys.version()
    const isChanged = version !== this.#storeVersion
    if (isChanged) await this.#take(await keys.list(), version)
    this.#lookedAt = lookedAt
    return isChanged
  }

  async #take(all: readonly StoredSigningKey[], version: number): Promise<void> {
    const { keys, masterKey, tokenSeconds } = this.#options
    const stored = all.filter(({ state }) => state !== 'revoked').toSorted((a, b) => rankOf(a) - rankOf(b))
    const [active] = stored
    if (active?.state !== 'active') throw new Error('No signing key is active: was the last one revoked?')
    // before anything is signed with it: what others retire must verify for as long as our tokens live
    if (active.tokenSeconds < tokenSeconds) await keys.rememberTokenLifetime(active.kid, tokenSeconds)
    this.#open = new Map(stored.map((key) => [key.kid, this.#open.get(key.kid) ?? openKey(key, masterKey)]))
    this.#stored = stored
    this.#storeVersion = version
    this.#trusted = undefined
  }

  /** Builds the set anew only when a key has come or gone. Needs no store: keys leave by the clock. */
  #trustedNow(): TrustedSet {
    const now = this.#options.now()
    if (this.#trusted !== undefined && now < this.#trusted.until) return this.#trusted
    const live = this.#stored.filter((key) => now < verifiesUntil(key))
    const keySet = createKeySet(live.flatMap(({ kid }) => this.#open.get(kid)?.verification ?? []))
    const jwks = buildJwkSet(keySet.keys.filter((key) => !isHmac(key.alg)))
    this.#trustedVersion += 1
    this.#trusted = { keySet, jwks, until: Math.min(...live.map(verifiesUntil)) }
    return this.#trusted
  }
}

function rankOf({ state }: StoredSigningKey): number {
  return ['active', 'pending', 'retired'].indexOf(state)
}

function openKey(stored: StoredSigningKey, masterKey: KeyMaterialOptions['masterKey']): OpenKey {
  const signing = openStoredKey(stored, masterKey)
  return { signing, verification: signing.toVerificationKey() }
}

/** RSA takes hundreds of microseconds, which belong on the thread pool; for the others the way there costs more. */
async function issueWith(key: SigningKey, claims: JsonObject): Promise<string> {
  const options = { typ: ACCESS_TOKEN_TYPE }
  return key.alg.startsWith('RS') || key.alg.startsWith('PS')
    ? signAsync(claims, key, options)
    : sign(claims, key, options)
}
