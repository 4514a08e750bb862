import { FeedError } from './feed-error.ts'

export interface FeedRequest {
  readonly url: string
  readonly fetch: typeof globalThis.fetch
  /** Sent as a bearer token, to this very URL and nowhere else: no redirect is followed. */
  readonly credential: string | undefined
  readonly accept: 'application/json' | 'text/event-stream'
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** A server that asks for more patience than this is asked sooner. */
const MAX_RETRY_AFTER_SECONDS = 60

/**
 * Opens the feed; the body is left to the caller, whose signal bounds all of it.
 *
 * @throws FeedError unless the answer is 200 and of the type asked for
 */
export async function requestFeed(request: FeedRequest): Promise<Response> {
  const response = await send(request)
  const fault = faultOf(response, request.accept)
  if (fault === undefined) return response
  void response.body?.cancel().catch(() => {})
  throw fault
}

async function send({ url, fetch, credential, accept, headers, signal }: FeedRequest): Promise<Response> {
  const authorization = credential === undefined ? {} : { authorization: `Bearer ${credential}` }
  try {
    return await fetch(url, {
      headers: { ...headers, accept, ...authorization },
      redirect: 'manual',
      credentials: 'omit',
      cache: 'no-store',
      signal,
    })
  } catch (cause) {
    throw reasonOf(signal) ?? new FeedError('the feed could not be reached', { cause })
  }
}

function faultOf(response: Response, accept: string): FeedError | undefined {
  const { status } = response
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    return new FeedError('the feed answered with a redirect')
  }
  if (status === 401 || status === 403) return new FeedError(`the feed refused the credential (${status})`)
  if (status !== 200) return new FeedError(`the feed answered ${status}`, retryAfter(response))
  const [type = ''] = (response.headers.get('content-type') ?? '').toLowerCase().split(';')
  return type.trim() === accept ? undefined : new FeedError(`the feed answered something else than ${accept}`)
}

function retryAfter({ headers }: Response): { retryAfterSeconds?: number } {
  const value = headers.get('retry-after') ?? ''
  return /^\d{1,9}$/.test(value) ? { retryAfterSeconds: Math.min(Number(value), MAX_RETRY_AFTER_SECONDS) } : {}
}

/** Why the request was called off, if it was: clearer than what the failing read says of it. */
export function reasonOf(signal: AbortSignal): FeedError | undefined {
  return signal.aborted && signal.reason instanceof FeedError ? signal.reason : undefined
}
