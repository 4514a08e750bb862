import { timingSafeEqual } from 'node:crypto'
import { availableParallelism } from 'node:os'
import type { Passwords } from '../flows/context.ts'
import type { Argon2 } from './argon2.ts'
import type { RandomBytes } from './ids.ts'
import { MAX_MEMORY_KIB, MAX_PARALLELISM, MAX_PASSES, formatPhc, parsePhc } from './phc.ts'
import type { Argon2Parameters, StoredHash } from './phc.ts'
import { createWorkQueue } from './work-queue.ts'

export interface PasswordsOptions {
  readonly argon2: Argon2
  readonly randomBytes: RandomBytes
  /** Cost of new hashes, by default the least that is safe (OWASP): 19 MiB, 2 passes, 1 lane. */
  readonly parameters?: Argon2Parameters
  /**
   * Hashes computed at once. Default: one a core, at most 3, since they and the signatures of access tokens share
   * the four threads of Node's pool (`UV_THREADPOOL_SIZE`) and one must stay free.
   */
  readonly concurrency?: number
  /** Hashes that may wait. Default 64. */
  readonly maxWaiting?: number
  isCommon(password: string): boolean
}

export const DEFAULT_ARGON2_PARAMETERS: Argon2Parameters = { memoryKib: 19_456, passes: 2, parallelism: 1 }

const SALT_BYTES = 16
const TAG_BYTES = 32
const RETRY_AFTER_SECONDS = 2

/**
 * Hashes and checks passwords with argon2id, so many at once.
 *
 * Passwords come normalised and are used whole, as UTF-8. A `null` or unreadable hash costs the same as a good one, so
 * that nobody can tell by the clock which accounts exist. Beyond the queue it throws `SignetError('overloaded')`.
 */
export function createPasswords(options: PasswordsOptions): Passwords {
  const { argon2, randomBytes, parameters = DEFAULT_ARGON2_PARAMETERS } = options
  checkParameters(parameters)
  const queue = createWorkQueue({
    concurrency: options.concurrency ?? Math.min(availableParallelism(), 3),
    maxWaiting: options.maxWaiting ?? 64,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  })
  const dummy: StoredHash = { ...parameters, salt: randomBytes(SALT_BYTES), tag: randomBytes(TAG_BYTES) }
  const compute = (password: string, salt: Uint8Array, tagBytes: number, cost: Argon2Parameters): Promise<Uint8Array> =>
    queue(() => argon2(Buffer.from(password), salt, tagBytes, cost))

  return {
    async hash(password) {
      const salt = randomBytes(SALT_BYTES)
      return formatPhc({ ...parameters, salt, tag: await compute(password, salt, TAG_BYTES, parameters) })
    },
    async verify(hash, password) {
      const stored = hash === null ? null : parsePhc(hash)
      const { salt, tag, ...cost } = stored ?? dummy
      const computed = await compute(password, salt, tag.length, cost)
      const matches = timingSafeEqual(computed, tag) && stored !== null
      return { matches, outdated: stored !== null && isWeaker(stored, parameters) }
    },
    isCommon: options.isCommon,
  }
}

/** Whether a hash cost less than a new one would. One that cost more stays. */
function isWeaker(stored: StoredHash, wanted: Argon2Parameters): boolean {
  return (
    stored.memoryKib < wanted.memoryKib ||
    stored.passes < wanted.passes ||
    stored.salt.length < SALT_BYTES ||
    stored.tag.length < TAG_BYTES
  )
}

function checkParameters({ memoryKib, passes, parallelism }: Argon2Parameters): void {
  const known =
    inRange(parallelism, 1, MAX_PARALLELISM) &&
    inRange(passes, 1, MAX_PASSES) &&
    inRange(memoryKib, 8 * parallelism, MAX_MEMORY_KIB)
  if (!known) throw new TypeError('these argon2 parameters cannot be used')
}

function inRange(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max
}
