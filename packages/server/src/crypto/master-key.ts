import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto'
import type { RandomBytes } from './ids.ts'

/** Encrypts what rests in the database under a key that does not. */
export interface MasterKey {
  /**
   * Encrypts with AES-256-GCM.
   *
   * @param purpose what the plaintext is: authenticated with it, so that nothing sealed passes as something else
   * @returns `s1.<key id>.<base64url of nonce, ciphertext and tag>`
   */
  seal(plaintext: Uint8Array, purpose: string): string
  /** Decrypts what was sealed for this purpose under any of the keys. Throws `MasterKeyError`. */
  open(sealed: string, purpose: string): Uint8Array
  /** Whether it was sealed under the newest key. Opens nothing. */
  isNewest(sealed: string): boolean
}

/** Versions of the master key, the newest first. */
export type MasterKeyVersions = readonly [Uint8Array, ...Uint8Array[]]

export type MasterKeyErrorCode =
  | 'key_weak'
  | 'key_file_exposed'
  | 'key_file_malformed'
  | 'key_unknown'
  | 'sealed_damaged'

/** The message tells the operator what to do. It never holds a key, nor anything sealed. */
export class MasterKeyError extends Error {
  override readonly name = 'MasterKeyError'
  readonly code: MasterKeyErrorCode

  constructor(code: MasterKeyErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

export const MASTER_KEY_BYTES = 32

/**
 * Makes the master key from its versions, the newest first: it seals; all of them open.
 *
 * With `readAgain` a version that was added while the server runs is used without a restart: it is asked before
 * anything is sealed, and when something was sealed under a key not known yet. Versions once known still open. What it
 * throws is passed over: somebody may be writing the file at this moment.
 *
 * Throws `MasterKeyError` `key_weak` for bytes that no random source gave.
 */
export function createMasterKey(
  versions: MasterKeyVersions,
  randomBytes: RandomBytes,
  readAgain?: () => MasterKeyVersions,
): MasterKey {
  const byId = new Map<string, Uint8Array>()
  let newestId = ''
  const learn = (given: MasterKeyVersions): void => {
    const keys = given.map(checkKey).map((key) => [idOf(key), key] as const)
    for (const [id, key] of keys) byId.set(id, key)
    newestId = keys[0]?.[0] ?? newestId
  }
  const lookAgain = (): void => {
    if (readAgain === undefined) return
    try {
      learn(readAgain())
    } catch {
      // what is known goes on working
    }
  }
  const keyOf = (id: string): Uint8Array => {
    if (!byId.has(id)) lookAgain()
    const key = byId.get(id)
    if (key === undefined) throw unknownKey()
    return key
  }
  learn(versions)
  return {
    seal(plaintext, purpose) {
      lookAgain()
      const nonce = randomBytes(NONCE_BYTES)
      const context = contextOf(newestId, purpose)
      return `${FORMAT}.${newestId}.${encrypt(keyOf(newestId), nonce, plaintext, context)}`
    },
    open(sealed, purpose) {
      const [format, id = '', text = '', ...rest] = sealed.split('.')
      if (format !== FORMAT || rest.length > 0) throw damaged()
      return decrypt(keyOf(id), Buffer.from(text, 'base64url'), contextOf(id, purpose))
    },
    isNewest(sealed) {
      lookAgain()
      return sealed.startsWith(`${FORMAT}.${newestId}.`)
    },
  }
}

const FORMAT = 's1'
const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

function encrypt(key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, context: Buffer): string {
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(context)
  const parts = [nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat(parts).toString('base64url')
}

function decrypt(key: Uint8Array, bytes: Buffer, context: Buffer): Uint8Array {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) throw damaged()
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(context)
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()])
  } catch (cause) {
    throw damaged(cause)
  }
}

/** Names a key without telling it, so that a wrong key is known as such and not taken for damage. */
function idOf(key: Uint8Array): string {
  return createHmac('sha256', key).update('signet master key id').digest().subarray(0, 8).toString('base64url')
}

function contextOf(keyId: string, purpose: string): Buffer {
  return Buffer.from(`${FORMAT}.${keyId}\0${purpose}`)
}

function checkKey(key: Uint8Array): Uint8Array {
  if (key.length !== MASTER_KEY_BYTES) throw weak(`it has ${key.length} bytes, not ${MASTER_KEY_BYTES}`)
  // a random key has fewer than 20 different bytes once in 2^50 times
  if (new Set(key).size < 20) throw weak('it is a pattern, not random bytes')
  if (key.every((byte) => byte >= 0x20 && byte < 0x7f)) throw weak('it is text, not random bytes')
  return Uint8Array.from(key)
}

function weak(why: string): MasterKeyError {
  return new MasterKeyError('key_weak', `The master key is refused: ${why}. Make one with: openssl rand -hex 32`)
}

function unknownKey(): MasterKeyError {
  return new MasterKeyError(
    'key_unknown',
    'The database was written under another master key. Start with the SIGNET_MASTER_KEY, or the master.key file in ' +
      'the data directory, that was used before; without it the signing keys in the database cannot be read.',
  )
}

function damaged(cause?: unknown): MasterKeyError {
  return new MasterKeyError(
    'sealed_damaged',
    'A sealed value in the database is damaged or was moved: restore the database from a backup.',
    cause,
  )
}
