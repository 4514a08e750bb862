import { Buffer } from 'node:buffer'
import { JwtError } from './errors.ts'

export interface RequestLimits {
  readonly url: string
  readonly fetch: typeof fetch
  readonly timeoutSeconds: number
  readonly maxBytes: number
}

export type JwksAnswer = (
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'changed'; readonly body: Buffer; readonly etag: string | null }
) & {
  /** How long the answer stays fresh (RFC 9111 §4.2); 0 when it is not to be kept, `null` when it does not say. */
  readonly freshSeconds: number | null
}

/**
 * Asks for a JWK Set once: no redirect is followed, the type must be JSON, time and size are bounded.
 *
 * @param etag of the answer in hand, or null
 * @throws JwtError `keys_unavailable`; its message holds the status or the reason, nothing of the answer
 */
export async function requestJwks(limits: RequestLimits, etag: string | null): Promise<JwksAnswer> {
  const { url, fetch, timeoutSeconds, maxBytes } = limits
  const signal = AbortSignal.timeout(timeoutSeconds * 1000)
  const accept = 'application/jwk-set+json, application/json'
  try {
    const response = await fetch(url, {
      headers: etag === null ? { accept } : { accept, 'if-none-match': etag },
      redirect: 'manual',
      credentials: 'omit',
      cache: 'no-store',
      signal,
    })
    const freshSeconds = freshnessOf(response.headers)
    if (response.status === 304 && etag !== null) return { kind: 'unchanged', freshSeconds }
    checkAnswer(response)
    const body = await readBody(response, maxBytes)
    return { kind: 'changed', body, etag: response.headers.get('etag'), freshSeconds }
  } catch (cause) {
    if (cause instanceof JwtError) throw cause
    throw new JwtError('keys_unavailable', signal.aborted ? 'the request timed out' : 'the request failed', { cause })
  }
}

function checkAnswer(response: Response): void {
  if (response.status !== 200) {
    void response.body?.cancel()
    const isRedirect = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)
    throw refused(isRedirect ? 'the answer is a redirect' : `the answer has status ${response.status}`)
  }
  const [type = ''] = (response.headers.get('content-type') ?? '').toLowerCase().split(';')
  if (!/^application\/(?:jwk-set\+)?json$/.test(type.trim())) {
    void response.body?.cancel()
    throw refused('the answer is not JSON')
  }
}

async function readBody(response: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    // leaving the loop cancels the stream, so the rest is never received
    if (length > maxBytes) throw refused('the answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function freshnessOf(headers: Headers): number | null {
  const directives = (headers.get('cache-control') ?? '').toLowerCase().split(',')
  const names = new Map(directives.map((directive) => splitDirective(directive)))
  if (names.has('no-store') || names.has('no-cache')) return 0
  const maxAge = names.get('max-age') ?? ''
  if (!/^\d{1,9}$/.test(maxAge)) return null
  // a cache on the way has had it for so long already
  const age = headers.get('age') ?? ''
  return Math.max(0, Number(maxAge) - (/^\d{1,9}$/.test(age) ? Number(age) : 0))
}

function splitDirective(directive: string): readonly [string, string] {
  const [name = '', value = ''] = directive.split('=')
  return [name.trim(), value.trim().replace(/^"(.*)"$/, '$1')]
}

function refused(message: string): JwtError {
  return new JwtError('keys_unavailable', message)
}
