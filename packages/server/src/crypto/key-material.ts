import { createHmac } from 'node:crypto'
import { generateSigningKey, importSigningKey } from '@signet/jwt'
import type { Algorithm, Jwk, SigningKey } from '@signet/jwt'
import type { StoredSigningKey } from '../domain/signing-key.ts'
import type { EpochSeconds } from '../domain/time.ts'
import type { MasterKey } from './master-key.ts'

export interface KeyMaterialOptions {
  readonly masterKey: MasterKey
  readonly algorithm: Algorithm
  /** The secret of an HMAC algorithm, at least 32 bytes; `null` generates one. Not used by other algorithms. */
  readonly hmacSecret: Uint8Array | null
  /** How long tokens signed from now on live. */
  readonly tokenSeconds: number
  readonly now: () => EpochSeconds
}

/** Makes a key and seals its private half; writes it nowhere. It begins to exist when it is ready: RSA takes a second. */
export async function createStoredKey(
  options: KeyMaterialOptions,
  state: 'pending' | 'active',
): Promise<StoredSigningKey> {
  const { masterKey, algorithm, hmacSecret, tokenSeconds } = options
  const key = await createKey(algorithm, hmacSecret)
  const { kid } = key
  if (kid === undefined) throw new TypeError('a signing key of the server has a name')
  const at = options.now()
  return {
    kid,
    alg: key.alg,
    state,
    publicJwk: isHmac(algorithm) ? null : JSON.stringify(key.toPublicJwk()),
    sealedPrivateJwk: masterKey.seal(Buffer.from(JSON.stringify(key.toPrivateJwk())), purposeOf(kid)),
    createdAt: at,
    activatedAt: state === 'active' ? at : null,
    retiredAt: null,
    revokedAt: null,
    tokenSeconds,
  }
}

/**
 * Opens a key. Its public half is derived, not read: whoever can write to the database, but does not have the master
 * key, cannot have a key of their own trusted. Throws `MasterKeyError`.
 */
export function openStoredKey(stored: StoredSigningKey, masterKey: MasterKey): SigningKey {
  return importSigningKey(openPrivateJwk(stored, masterKey))
}

/** Whether a stored key is the one that a configured HMAC secret makes. */
export function isMadeFrom(stored: StoredSigningKey, hmacSecret: Uint8Array, masterKey: MasterKey): boolean {
  return Buffer.from(hmacSecret).toString('base64url') === openPrivateJwk(stored, masterKey).k
}

export function isHmac(alg: string): boolean {
  return alg.startsWith('HS')
}

/** What a private half is sealed as: with the key's name, so that rows cannot be exchanged for one another. */
export function purposeOf(kid: string): string {
  return `signing key ${kid}`
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

function openPrivateJwk(stored: StoredSigningKey, masterKey: MasterKey): Jwk {
  const json = masterKey.open(stored.sealedPrivateJwk, purposeOf(stored.kid))
  return JSON.parse(Buffer.from(json).toString()) as Jwk
}
