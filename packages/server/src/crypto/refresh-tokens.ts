import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { AuthenticRefreshToken, RefreshTokens } from '../flows/context.ts'
import { sessionIdBytes, sessionIdOf } from './ids.ts'

/**
 * Makes the codec of refresh tokens from the server's secret.
 *
 * A token is `srt_` and the base64url of 53 bytes:
 *
 * | bytes  | what |
 * | ---    | --- |
 * | 1      | version of the layout: 1 |
 * | 16     | session id |
 * | 4      | generation, big-endian |
 * | 16     | proof: HMAC-SHA256 of id and generation under the session's secret, its first half |
 * | 16     | MAC: HMAC-SHA256 of all before under the server's key, its first half |
 *
 * So a forged token is refused without asking the store; whoever has only the database lacks the MAC key, and whoever
 * has only the MAC key lacks the session's secret. Nothing in it is random: the same session and generation always
 * give the same token, and none needs to be stored.
 *
 * @param serverSecret 32 bytes kept outside the database, or in it sealed under a key that is
 */
export function createRefreshTokens(serverSecret: Uint8Array): RefreshTokens {
  if (serverSecret.length !== 32) throw new TypeError('the server secret has 32 bytes')
  const macKey = deriveKey(serverSecret, 'signet refresh token mac')
  const csrfKey = deriveKey(serverSecret, 'signet csrf token')
  return {
    encode: ({ id, secret }, generation) => encode(macKey, id, secret, generation),
    authenticate: (token) => authenticate(macKey, token),
    matches: (token, secret) => matches(token, secret),
    accessTokenId: (secret, generation) => accessTokenId(secret, generation),
    csrfToken: (sessionId) => csrfToken(csrfKey, sessionId).toString('base64url'),
    checkCsrfToken: (token, sessionId) => checkCsrfToken(csrfKey, token, sessionId),
  }
}

const PREFIX = 'srt_'
const VERSION = 1
const ID_AT = 1
const GENERATION_AT = 17
const PROOF_AT = 21
const MAC_AT = 37
const TOKEN_BYTES = 53
const TRUNCATED_BYTES = 16
const MAX_GENERATION = 0xffff_ffff

function encode(macKey: Buffer, sessionId: string, secret: Uint8Array, generation: number): string {
  const id = sessionIdBytes(sessionId)
  if (id === null) throw new TypeError('a refresh token needs a session id')
  const bytes = Buffer.alloc(TOKEN_BYTES)
  bytes.writeUInt8(VERSION, 0)
  bytes.set(id, ID_AT)
  bytes.writeUInt32BE(checkGeneration(generation), GENERATION_AT)
  bytes.set(proofOf(secret, bytes.subarray(ID_AT, PROOF_AT)), PROOF_AT)
  bytes.set(macOf(macKey, bytes.subarray(0, MAC_AT)), MAC_AT)
  return PREFIX + bytes.toString('base64url')
}

function authenticate(macKey: Buffer, token: string): AuthenticRefreshToken | null {
  const bytes = decode(token)
  if (bytes === null || !timingSafeEqual(macOf(macKey, bytes.subarray(0, MAC_AT)), bytes.subarray(MAC_AT))) return null
  if (bytes.readUInt8(0) !== VERSION) return null
  return {
    sessionId: sessionIdOf(bytes.subarray(ID_AT, GENERATION_AT)),
    generation: bytes.readUInt32BE(GENERATION_AT),
    proof: bytes.subarray(PROOF_AT, MAC_AT),
  }
}

/** Only the one text that `encode` writes for these bytes: no padding, no other alphabet, no stray bits at the end. */
function decode(token: string): Buffer | null {
  if (!/^srt_[A-Za-z0-9_-]{71}$/.test(token)) return null
  const bytes = Buffer.from(token.slice(PREFIX.length), 'base64url')
  return PREFIX + bytes.toString('base64url') === token ? bytes : null
}

function matches(token: AuthenticRefreshToken, secret: Uint8Array): boolean {
  const id = sessionIdBytes(token.sessionId)
  if (id === null || token.proof.length !== TRUNCATED_BYTES) return false
  return timingSafeEqual(proofOf(secret, Buffer.concat([id, uint32(token.generation)])), token.proof)
}

function accessTokenId(secret: Uint8Array, generation: number): string {
  return truncatedHmac(secret, 'signet access token id', uint32(generation)).toString('base64url')
}

function csrfToken(csrfKey: Buffer, sessionId: string): Buffer {
  return createHmac('sha256', csrfKey).update(sessionId).digest()
}

function checkCsrfToken(csrfKey: Buffer, token: string, sessionId: string): boolean {
  if (!/^[A-Za-z0-9_-]{43}$/.test(token)) return false
  return timingSafeEqual(Buffer.from(token, 'base64url'), csrfToken(csrfKey, sessionId))
}

function proofOf(secret: Uint8Array, idAndGeneration: Uint8Array): Buffer {
  return truncatedHmac(secret, 'signet refresh proof', idAndGeneration)
}

function macOf(macKey: Buffer, bytes: Uint8Array): Buffer {
  return createHmac('sha256', macKey).update(bytes).digest().subarray(0, TRUNCATED_BYTES)
}

/** A session's secret makes two kinds of values: the purpose, which no zero byte ends early, keeps them apart. */
function truncatedHmac(secret: Uint8Array, purpose: string, bytes: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`${purpose}\0`).update(bytes).digest().subarray(0, TRUNCATED_BYTES)
}

function deriveKey(serverSecret: Uint8Array, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', serverSecret, '', purpose, 32))
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(checkGeneration(value))
  return bytes
}

function checkGeneration(generation: number): number {
  if (!Number.isInteger(generation) || generation < 1 || generation > MAX_GENERATION) {
    throw new TypeError('a generation is a whole number from 1 to 2^32 - 1')
  }
  return generation
}
