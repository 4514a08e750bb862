import { randomBytes } from 'node:crypto'

/** Bytes in every identifier: 128 bits, so that none is guessed and none comes twice. */
const ID_BYTES = 16

export type RandomBytes = (size: number) => Uint8Array

/** Bytes from the operating system's generator. */
export const systemRandomBytes: RandomBytes = (size) => randomBytes(size)

/** An account's id: `acc_` and 22 characters of base64url. */
export function newAccountId(random: RandomBytes): string {
  return `acc_${base64url(random(ID_BYTES))}`
}

/** A session's id: `ses_` and 22 characters of base64url. */
export function newSessionId(random: RandomBytes): string {
  return sessionIdOf(random(ID_BYTES))
}

/** Writes the 16 bytes of a session's id as text. */
export function sessionIdOf(bytes: Uint8Array): string {
  if (bytes.length !== ID_BYTES) throw new TypeError('a session id has 16 bytes')
  return `ses_${base64url(bytes)}`
}

/** Reads the 16 bytes of a session's id; `null` for any other text. */
export function sessionIdBytes(id: string): Uint8Array | null {
  if (!/^ses_[A-Za-z0-9_-]{22}$/.test(id)) return null
  const bytes = Buffer.from(id.slice(4), 'base64url')
  return sessionIdOf(bytes) === id ? bytes : null
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
