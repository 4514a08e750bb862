import type { Requirement } from '../requirement.ts'

/**
 * What a guard does with a token that is sound in itself while it cannot know whether it was revoked:
 *
 * - `accept`      lets it through; it ends with its `exp` at the latest
 * - `introspect`  asks the issuer about this token (RFC 7662), and refuses when it does not say yes
 * - `reject`      refuses with 503 `unavailable` until the feed is followed again
 */
export type OnStale = 'accept' | 'introspect' | 'reject'

const STRICTNESS: readonly OnStale[] = ['accept', 'introspect', 'reject']
const ON_STALE = Symbol('onStale')

/**
 * Decides for one route what the guard's option `feed.onStale` decides for all: pass it to `protect` beside the
 * requirements. Of several, the strictest counts. Asks nothing of the principal.
 */
export function onStale(policy: OnStale): Requirement {
  checkOnStale('onStale', policy)
  return Object.assign((): undefined => {}, { [ON_STALE]: policy })
}

/** The route's own policy, or the guard's. */
export function onStaleOf(requirements: readonly Requirement[], otherwise: OnStale): OnStale {
  let found: OnStale | undefined
  for (const requirement of requirements) {
    const policy = (requirement as { readonly [ON_STALE]?: OnStale })[ON_STALE]
    if (policy === undefined) continue
    if (found === undefined || STRICTNESS.indexOf(policy) > STRICTNESS.indexOf(found)) found = policy
  }
  return found ?? otherwise
}

/** @throws TypeError */
export function checkOnStale(name: string, policy: OnStale): OnStale {
  if (!STRICTNESS.includes(policy)) throw new TypeError(`${name}: must be one of ${STRICTNESS.join(', ')}`)
  return policy
}
