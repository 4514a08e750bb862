import { REVOCATION_FEED_METADATA, SignetError } from '@signet/protocol'

export interface DiscoveryOptions {
  readonly fetch: typeof globalThis.fetch
  /** Ends the request when it takes longer, slow bytes included. */
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** Where an issuer offers what a guard needs. */
export interface IssuerServices {
  readonly jwksUri: string
  /** `undefined` when there is none, or none on the issuer's own origin: a guard's credential would go there. */
  readonly revocationFeedUrl: string | undefined
  /** Likewise (RFC 7662). */
  readonly introspectionUrl: string | undefined
}

/**
 * Finds where an issuer publishes its keys, its revocation feed and its introspection endpoint: its metadata document
 * (RFC 8414).
 *
 * Refused, each with its `reason`: an answer that is not 200 JSON, redirects, more than `maxBytes`, another issuer than
 * the one asked (RFC 8414 §3.3), and keys on another origin than the issuer's, so that whoever can write the
 * document's text cannot send the guard to other machines.
 *
 * @throws SignetError `unavailable`
 */
export async function discoverServices(issuer: string, options: DiscoveryOptions): Promise<IssuerServices> {
  const metadata = await fetchJson(metadataUrl(issuer), options)
  if (metadata['issuer'] !== issuer) throw unavailable('the metadata document names another issuer')
  const jwksUri = metadata['jwks_uri']
  if (typeof jwksUri !== 'string' || !URL.canParse(jwksUri)) throw unavailable('the metadata has no usable jwks_uri')
  if (new URL(jwksUri).origin !== new URL(issuer).origin) throw unavailable('jwks_uri is on another origin')
  return {
    jwksUri,
    revocationFeedUrl: ownUrl(metadata[REVOCATION_FEED_METADATA], issuer),
    introspectionUrl: ownUrl(metadata['introspection_endpoint'], issuer),
  }
}

function ownUrl(value: unknown, issuer: string): string | undefined {
  const isOwn = typeof value === 'string' && URL.canParse(value) && new URL(value).origin === new URL(issuer).origin
  return isOwn ? value : undefined
}

/**
 * Where the metadata lies: the well-known name goes between host and path (RFC 8414 §3.1).
 *
 * @throws TypeError unless the issuer is an https URL (http only on loopback) without query, fragment and user
 */
export function metadataUrl(issuer: string): string {
  const url = readFetchableUrl('issuer', issuer)
  if (issuer.includes('?') || issuer.includes('#')) throw new TypeError('issuer: must have no query and no fragment')
  const path = url.pathname === '/' ? '' : url.pathname.replace(/\/$/, '')
  return `${url.origin}/.well-known/oauth-authorization-server${path}`
}

/**
 * Reads an address that keys or metadata may be fetched from.
 *
 * @throws TypeError unless it is https, or http on loopback, without user and password
 */
export function readFetchableUrl(name: string, value: string): URL {
  if (!URL.canParse(value)) throw new TypeError(`${name}: must be an absolute URL to fetch from`)
  const url = new URL(value)
  if (url.username !== '' || url.password !== '') throw new TypeError(`${name}: must not hold a user or password`)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && isLoopback(url.hostname))) {
    throw new TypeError(`${name}: must be https; http is for loopback only`)
  }
  return url
}

/** Names that cannot leave the machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3). */
function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

async function fetchJson(url: string, options: DiscoveryOptions): Promise<Record<string, unknown>> {
  try {
    const response = await options.fetch(url, {
      headers: { accept: 'application/json' },
      redirect: 'manual',
      credentials: 'omit',
      signal: AbortSignal.timeout(options.timeoutMs),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw unavailable(`the metadata document answered ${response.status}`)
    }
    if (!/^application\/json\b/i.test(response.headers.get('content-type') ?? '')) {
      await response.body?.cancel()
      throw unavailable('the metadata document is not JSON')
    }
    const value: unknown = JSON.parse(await readText(response, options.maxBytes))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw unavailable('the metadata document is not a JSON object')
    }
    return value as Record<string, unknown>
  } catch (error) {
    if (error instanceof SignetError) throw error
    throw unavailable('the metadata document could not be read', error)
  }
}

/** Counts what arrives: a length that is announced proves nothing. */
async function readText(response: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength
    if (bytes > maxBytes) throw unavailable('the metadata document is too large')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function unavailable(reason: string, cause?: unknown): SignetError {
  return new SignetError('unavailable', { reason, ...(cause === undefined ? {} : { cause }) })
}
