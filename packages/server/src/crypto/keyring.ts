import { createHmac } from 'node:crypto'
import { buildJwkSet, createKeySet, generateSigningKey, importSigningKey, sign, signAsync } from '@signet/jwt'
import type { Algorithm, JsonObject, Jwk, JwkSet, KeySet, KeySource, SigningKey } from '@signet/jwt'
import { ACCESS_TOKEN_TYPE } from '@signet/protocol'
import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import type { StoredSigningKey } from '../domain/signing-key.ts'
import type { EpochSeconds } from '../domain/time.ts'
import type { AccessTokenIssuer } from '../flows/context.ts'
import type { SecretStore } from '../store/store.ts'
import type { MasterKey } from './master-key.ts'

/** The signing keys of this server, opened. */
export interface Keyring extends AccessTokenIssuer {
  /** What this server's own guard trusts: the active key, and retired ones while their tokens live. */
  readonly keySource: KeySource
  /** The same keys as others may have them: public halves; no key at all where an HMAC secret signs. */
  jwks(): JwkSet
  /** Key ids of the trusted keys, the active one first. */
  kids(): readonly string[]
}

export interface KeyringOptions {
  readonly secrets: SecretStore
  readonly masterKey: MasterKey
  /** Signs access tokens. When the active key is for another one, a new key takes over and the old one retires. */
  readonly algorithm: Algorithm
  /** The secret of an HMAC algorithm, at least 32 bytes; `null` generates one. Not used by other algorithms. */
  readonly hmacSecret: Uint8Array | null
  /** How long a retired key goes on verifying: at least the lifetime of an access token. */
  readonly retiredKeyTtlSeconds: number
  readonly now: () => EpochSeconds
  /** What the log says about who had a key made. */
  readonly source: Source
}

/**
 * Loads the signing keys, and makes one where there is none for the configured algorithm.
 *
 * Keys rest in the store, their private halves sealed under the master key with their key id. Nodes that start at once
 * end with the same active key. Throws `MasterKeyError` when the keys were sealed under another master key.
 * Does not notice keys that another node adds later: load again.
 */
export async function loadKeyring(options: KeyringOptions): Promise<Keyring> {
  const stored = await settleActiveKey(options)
  const keys = stored.map((key) => openKey(key, options.masterKey))
  return createKeyring(keys, options)
}

/** The stored keys that matter, the wanted one active and first. */
async function settleActiveKey(options: KeyringOptions): Promise<readonly StoredSigningKey[]> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const stored = await options.secrets.signingKeys()
    const active = stored.find((key) => key.state === 'active')
    if (active !== undefined && isWanted(active, options)) {
      return [active, ...stored.filter((key) => key.state === 'retired')]
    }
    // whether or not this node's key was taken, another look shows what stands
    await addKey(active?.kid ?? null, options)
  }
  throw new Error('No signing key can be made active: was the configured secret revoked, or do nodes differ in theirs?')
}

/** Nodes with different settings replace each other's keys; they must not do so for ever. */
const MAX_ROUNDS = 5

function isWanted(active: StoredSigningKey, { algorithm, hmacSecret, masterKey }: KeyringOptions): boolean {
  if (active.alg !== algorithm) return false
  if (!isHmac(algorithm) || hmacSecret === null) return true
  return Buffer.from(hmacSecret).toString('base64url') === openPrivateJwk(active, masterKey).k
}

async function addKey(activeKid: string | null, options: KeyringOptions): Promise<void> {
  const { secrets, masterKey, algorithm, hmacSecret, source } = options
  const key = await createKey(algorithm, hmacSecret)
  const { kid } = key
  if (kid === undefined) throw new TypeError('a signing key of the server has a name')
  const now = options.now()
  const stored: StoredSigningKey = {
    kid,
    alg: key.alg,
    state: 'active',
    publicJwk: isHmac(algorithm) ? null : JSON.stringify(key.toPublicJwk()),
    sealedPrivateJwk: masterKey.seal(Buffer.from(JSON.stringify(key.toPrivateJwk())), purposeOf(kid)),
    createdAt: now,
    activatedAt: now,
    retiredAt: null,
  }
  const event = draftEvent('key.created', now, source, { details: { kid, alg: key.alg } })
  if (activeKid === null) await secrets.addFirstSigningKey(stored, [event])
  else await secrets.replaceSigningKey(activeKid, stored, [event])
}

/**
 * An HMAC key is named by a MAC under itself: a thumbprint (RFC 7638) would be a plain hash of the secret, and a name
 * that does not follow from the secret would make two nodes with one secret disagree.
 */
async function createKey(alg: Algorithm, hmacSecret: Uint8Array | null): Promise<SigningKey> {
  if (!isHmac(alg)) return generateSigningKey(alg)
  const secret = hmacSecret ?? Buffer.from((await generateSigningKey(alg)).toPrivateJwk().k ?? '', 'base64url')
  const name = createHmac('sha256', secret)
    .update(`signet key id ${alg}`)
    .digest()
    .subarray(0, 16)
    .toString('base64url')
  return importSigningKey(secret, { alg, kid: name })
}

function isHmac(alg: Algorithm): boolean {
  return alg.startsWith('HS')
}

function openKey(stored: StoredSigningKey, masterKey: MasterKey): OpenKey {
  return { stored, key: importSigningKey(openPrivateJwk(stored, masterKey)) }
}

function openPrivateJwk(stored: StoredSigningKey, masterKey: MasterKey): Jwk {
  const json = masterKey.open(stored.sealedPrivateJwk, purposeOf(stored.kid))
  return JSON.parse(Buffer.from(json).toString()) as Jwk
}

/** Sealed with the key's name, so that rows cannot be exchanged for one another. */
function purposeOf(kid: string): string {
  return `signing key ${kid}`
}

interface OpenKey {
  readonly stored: StoredSigningKey
  readonly key: SigningKey
}

function createKeyring(keys: readonly OpenKey[], options: KeyringOptions): Keyring {
  const [active] = keys
  if (active === undefined) throw new TypeError('a keyring has an active key')
  const trusted = createTrustedSet(keys, options)
  return {
    issue: (claims) => issueWith(active.key, { ...claims }),
    keySource: {
      select: (alg, kid) => trusted().keySet.select(alg, kid),
      get version() {
        return trusted().version
      },
    },
    jwks: () => trusted().jwks,
    kids: () => trusted().keySet.keys.flatMap(({ kid }) => kid ?? []),
  }
}

/** RSA takes hundreds of microseconds, which belong on the thread pool; for the others the way there costs more. */
async function issueWith(key: SigningKey, claims: JsonObject): Promise<string> {
  const options = { typ: ACCESS_TOKEN_TYPE }
  return key.alg.startsWith('RS') || key.alg.startsWith('PS')
    ? signAsync(claims, key, options)
    : sign(claims, key, options)
}

interface TrustedSet {
  readonly keySet: KeySet
  readonly jwks: JwkSet
  readonly version: number
  /** When the next retired key leaves. */
  readonly until: EpochSeconds
}

/** Builds the set anew only when a key has left it. */
function createTrustedSet(keys: readonly OpenKey[], options: KeyringOptions): () => TrustedSet {
  const lapsing = keys.map(({ stored, key }) => ({
    key: key.toVerificationKey(),
    until: stored.retiredAt === null ? Infinity : stored.retiredAt + options.retiredKeyTtlSeconds,
  }))
  let current: TrustedSet | undefined
  return () => {
    const now = options.now()
    if (current !== undefined && now < current.until) return current
    const live = lapsing.filter(({ until }) => now < until)
    const keySet = createKeySet(live.map(({ key }) => key))
    const jwks = buildJwkSet(keySet.keys.filter((key) => !isHmac(key.alg)))
    current = { keySet, jwks, version: (current?.version ?? 0) + 1, until: Math.min(...live.map(({ until }) => until)) }
    return current
  }
}
