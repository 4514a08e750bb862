/** What argon2id was asked for, as a PHC string keeps it beside the hash. */
export interface Argon2Parameters {
  readonly memoryKib: number
  readonly passes: number
  readonly parallelism: number
}

export interface StoredHash extends Argon2Parameters {
  readonly salt: Uint8Array
  readonly tag: Uint8Array
}

/** Writes `$argon2id$v=19$m=…,t=…,p=…$salt$tag`, as every argon2 implementation does. */
export function formatPhc({ memoryKib, passes, parallelism, salt, tag }: StoredHash): string {
  return `$argon2id$v=19$m=${memoryKib},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`
}

/**
 * Reads such a string; `null` for other functions and versions, and for parameters outside the bounds: whoever can
 * write into the database must not be able to make a login take minutes or gigabytes.
 */
export function parsePhc(text: string): StoredHash | null {
  const [, memory, passes, lanes, salt, tag] = PHC.exec(text) ?? []
  if (memory === undefined || salt === undefined || tag === undefined) return null
  const hash = {
    memoryKib: Number(memory),
    passes: Number(passes),
    parallelism: Number(lanes),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
  return isWithinBounds(hash) && formatPhc(hash) === text ? hash : null
}

/** The most that a stored hash may ask for, and the most that can be configured. */
export const MAX_MEMORY_KIB = 1_048_576
export const MAX_PASSES = 20
export const MAX_PARALLELISM = 16

const PHC = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** Argon2 needs at least 8 KiB for each lane (RFC 9106 §3.1). */
function isWithinBounds({ memoryKib, passes, parallelism }: Argon2Parameters): boolean {
  return (
    parallelism >= 1 &&
    parallelism <= MAX_PARALLELISM &&
    passes >= 1 &&
    passes <= MAX_PASSES &&
    memoryKib >= 8 * parallelism &&
    memoryKib <= MAX_MEMORY_KIB
  )
}

/** Standard alphabet without padding (the PHC string format). */
function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
