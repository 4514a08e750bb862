import { readFetchableUrl } from '../discovery.ts'
import { checkOnStale } from './on-stale.ts'
import type { OnStale } from './on-stale.ts'

export interface GuardFeedOptions {
  /** The guard credential that the server issued, for a feed that is not open, and for introspection. */
  readonly credential?: string
  /** What the guard calls itself, for the operator of the server: up to 64 printable ASCII characters. */
  readonly name?: string
  /** From what age on the guard counts as stale. Default 15, three heartbeats; at least 1. */
  readonly maxStalenessSeconds?: number
  /** What a stale guard does, unless a route says otherwise; also while the issuer publishes no feed. Default `accept`. */
  readonly onStale?: OnStale
  /** How long the first requests wait for the first snapshot. Default 2; 0 does not wait. */
  readonly firstSnapshotTimeoutSeconds?: number
  /** Where the feed is. Default: what the issuer's metadata says. The credential is sent there. */
  readonly url?: string
}

export interface FeedSettings {
  readonly credential: string | undefined
  readonly name: string | undefined
  readonly maxStalenessSeconds: number
  readonly onStale: OnStale
  readonly firstSnapshotTimeoutSeconds: number
  readonly url: string | undefined
}

/** Checks the options and fills in the defaults. @throws TypeError for anything that cannot mean what it says */
export function readFeedOptions(options: GuardFeedOptions): FeedSettings {
  const { credential, name, url } = options
  const policy = checkOnStale('feed.onStale', options.onStale ?? 'accept')
  if (credential !== undefined && (typeof credential !== 'string' || !/^[\x21-\x7e]{1,512}$/.test(credential))) {
    throw new TypeError('feed.credential: must be the credential as the server gave it, without spaces')
  }
  if (policy === 'introspect' && credential === undefined) {
    throw new TypeError('feed.onStale: introspect needs feed.credential')
  }
  if (
    name !== undefined &&
    (typeof name !== 'string' || !/^[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?$/.test(name))
  ) {
    throw new TypeError('feed.name: must be up to 64 printable ASCII characters')
  }
  return {
    credential,
    name,
    maxStalenessSeconds: seconds('feed.maxStalenessSeconds', options.maxStalenessSeconds ?? 15, 1),
    onStale: policy,
    firstSnapshotTimeoutSeconds: seconds(
      'feed.firstSnapshotTimeoutSeconds',
      options.firstSnapshotTimeoutSeconds ?? 2,
      0,
    ),
    url: url === undefined ? undefined : readFetchableUrl('feed.url', url).href,
  }
}

function seconds(name: string, value: number, least: number): number {
  if (typeof value !== 'number' || !(value >= least && value <= 86_400)) {
    throw new TypeError(`${name}: must be a number from ${least} to 86400`)
  }
  return value
}
