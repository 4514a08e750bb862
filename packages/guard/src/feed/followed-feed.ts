import { GuardError } from '../errors.ts'
import type { IssuerServices } from '../discovery.ts'
import type { Requirement } from '../requirement.ts'
import { FeedClient } from './feed-client.ts'
import type { FeedSettings } from './feed-options.ts'
import { IntrospectionClient } from './introspection.ts'
import { onStaleOf } from './on-stale.ts'
import type { FeedRuntime } from './runtime.ts'

export interface FollowedFeedOptions {
  readonly settings: FeedSettings
  readonly runtime: FeedRuntime
  /** What the issuer's metadata says. */
  readonly discover: () => Promise<IssuerServices>
  readonly heldKeys: () => readonly string[]
  readonly onTick: () => void
}

const RETRY_AFTER_SECONDS = 2

/** The revocation feed as one guard follows it, and what that guard does while it is stale. */
export class FollowedFeed {
  readonly client: FeedClient
  readonly #settings: FeedSettings
  readonly #introspection: IntrospectionClient | undefined

  constructor({ settings, runtime, discover, heldKeys, onTick }: FollowedFeedOptions) {
    this.#settings = settings
    const { credential, url } = settings
    this.client = new FeedClient({
      ...settings,
      findUrl: async () => url ?? (await discover()).revocationFeedUrl,
      heldKeys,
      onTick,
      runtime,
    })
    this.#introspection =
      credential === undefined
        ? undefined
        : new IntrospectionClient({
            findUrl: async () => (await discover()).introspectionUrl,
            credential,
            runtime,
          })
  }

  /**
   * Whether a token that is not known to be revoked has to be asked about. Reads no clock on routes that accept.
   *
   * @throws GuardError `unavailable` when the feed is stale and the route rejects then
   */
  mustIntrospect(requirements: readonly Requirement[]): boolean {
    const policy = onStaleOf(requirements, this.#settings.onStale)
    if (policy === 'accept' || !this.client.isStale()) return false
    if (policy === 'introspect') return true
    throw unavailable('the revocation feed is stale')
  }

  /** @throws GuardError `token_revoked` when the issuer says that the token is not live, `unavailable` when it does not say */
  async introspect(token: string): Promise<void> {
    if (this.#introspection === undefined) throw unavailable('introspection needs a guard credential')
    let isActive: boolean
    try {
      isActive = await this.#introspection.isActive(token)
    } catch (cause) {
      throw unavailable('the revocation feed is stale, and introspection failed', cause)
    }
    if (!isActive) throw new GuardError('token_revoked', { reason: 'introspection says that the token is not active' })
  }
}

function unavailable(reason: string, cause?: unknown): GuardError {
  return new GuardError('unavailable', {
    reason,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    ...(cause === undefined ? {} : { cause }),
  })
}
