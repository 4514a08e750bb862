import { argon2 } from 'node:crypto'
import type { Argon2Parameters } from './phc.ts'

/** Computes argon2id version 1.3 (RFC 9106) off the event loop. The same input gives the same bytes from each. */
export type Argon2 = (
  password: Uint8Array,
  salt: Uint8Array,
  tagBytes: number,
  parameters: Argon2Parameters,
) => Promise<Uint8Array>

/** The native addon where the platform has one, two to four times as fast; else Node's own (Node 24.7 and later). */
export async function loadArgon2(): Promise<Argon2> {
  return (await loadNativeArgon2()) ?? nodeArgon2
}

/** `null` where the addon has no build for the platform. */
export async function loadNativeArgon2(): Promise<Argon2 | null> {
  try {
    const { hashRaw } = await import('@node-rs/argon2')
    return (password, salt, outputLen, { memoryKib: memoryCost, passes: timeCost, parallelism }) =>
      hashRaw(password, { salt, outputLen, memoryCost, timeCost, parallelism })
  } catch {
    return null
  }
}

export const nodeArgon2: Argon2 = (message, nonce, tagLength, { memoryKib: memory, passes, parallelism }) =>
  new Promise((resolve, reject) => {
    argon2('argon2id', { message, nonce, tagLength, memory, passes, parallelism }, (error, tag) =>
      error === null ? resolve(tag) : reject(error),
    )
  })
