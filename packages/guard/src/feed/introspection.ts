import type { FeedRuntime } from './runtime.ts'

export interface IntrospectionOptions {
  /** Finds the endpoint; `undefined` when the issuer has none on its own origin. */
  readonly findUrl: () => Promise<string | undefined>
  /** Authenticates the guard to the endpoint (RFC 7662 §2.1). */
  readonly credential: string
  readonly runtime: FeedRuntime
}

const TIMEOUT_MS = 2000
const MAX_BYTES = 65_536
/** Within the second in which a revocation is promised to arrive anyway. */
const REMEMBERED_MS = 1000
const MAX_REMEMBERED = 10_000
/** Questions under way; more are answered with no, so that a slow server does not pile up requests here. */
const MAX_ASKING = 256

/**
 * Asks the issuer whether a token is live (RFC 7662), for when the revocation feed is too old to tell.
 *
 * A yes is remembered for one second, so that a burst with one token is one question; a no is not remembered. Callers
 * with the same token share the question that is under way. Anything but a clear yes within two seconds is a failure:
 * another status, another type, a redirect, a large body, too many questions at once.
 */
export class IntrospectionClient {
  readonly #options: IntrospectionOptions
  readonly #asking = new Map<string, Promise<boolean>>()
  /** When a token was last said to be live, by the steady clock; in the order of asking. */
  readonly #live = new Map<string, number>()
  #url: string | undefined

  constructor(options: IntrospectionOptions) {
    this.#options = options
  }

  /** Resolves to whether the issuer says that the token is active. @throws Error when it cannot be found out */
  async isActive(token: string): Promise<boolean> {
    const { runtime } = this.#options
    const liveAt = this.#live.get(token)
    if (liveAt !== undefined && runtime.monotonic() - liveAt < REMEMBERED_MS) return true
    const underWay = this.#asking.get(token)
    if (underWay !== undefined) return underWay
    if (this.#asking.size >= MAX_ASKING) throw new Error('too many introspection requests are under way')
    const answer = this.#ask(token).finally(() => this.#asking.delete(token))
    this.#asking.set(token, answer)
    return answer
  }

  async #ask(token: string): Promise<boolean> {
    const { runtime, findUrl } = this.#options
    const limit = new AbortController()
    const cancel = runtime.after(TIMEOUT_MS, () => limit.abort(new Error('introspection took too long')))
    const askedAt = runtime.monotonic()
    try {
      this.#url ??= await findUrl()
      if (this.#url === undefined) throw new Error('the issuer publishes no introspection endpoint on its origin')
      const isActive = await this.#request(this.#url, token, limit.signal)
      this.#live.delete(token)
      if (isActive) this.#remember(token, askedAt)
      return isActive
    } finally {
      cancel()
      limit.abort()
    }
  }

  async #request(url: string, token: string, signal: AbortSignal): Promise<boolean> {
    const { credential, runtime } = this.#options
    const response = await runtime.fetch(url, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${credential}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
      redirect: 'manual',
      credentials: 'omit',
      cache: 'no-store',
      signal,
    })
    if (response.status !== 200) throw new Error(`introspection answered ${response.status}`)
    const answer: unknown = JSON.parse(await readText(response))
    return typeof answer === 'object' && answer !== null && (answer as { active?: unknown }).active === true
  }

  #remember(token: string, askedAt: number): void {
    this.#live.set(token, askedAt)
    if (this.#live.size <= MAX_REMEMBERED) return
    for (const oldest of this.#live.keys()) {
      this.#live.delete(oldest)
      return
    }
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) throw new Error('introspection answered too much')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}
