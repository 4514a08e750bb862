/**
 * The little of a request that a guard reads; each adapter wraps its framework's own request in one.
 *
 * `header` takes a lower-case name. A header sent in several lines is given as its values joined by `, `, as Fetch
 * joins them (RFC 9110 §5.3): never the first or the last alone, so that a second credential cannot hide.
 * Nothing else of a request takes part in a decision: no query, no body, no identity header of a proxy.
 */
export interface GuardRequest {
  readonly method: string
  /** Path and query as the client sent them, or an absolute URL. Read for DPoP only. */
  readonly url: string
  /** How the client came, as far as the framework trusts its proxies. Default `http`. Read for DPoP only. */
  readonly scheme?: string | undefined
  /** The authority the client asked for. Read for DPoP only. */
  readonly host?: string | undefined
  header(name: string): string | undefined
}

/**
 * The URL that a client signed into its proof: the public one, without query and fragment (RFC 9449 §4.2, `htu`).
 *
 * @param publicUrl origin, and path prefix if a proxy strips one, as clients write it; without it the request's own
 *   scheme and host count, which is right only when no proxy rewrites them
 */
export function requestUrl(request: GuardRequest, publicUrl: string | undefined): string {
  const { url } = request
  const absolute = /^https?:\/\/[^/?#]*/i.exec(url)
  const path = pathOf(absolute === null ? url : url.slice(absolute[0].length))
  if (publicUrl !== undefined) return publicUrl + path
  if (absolute !== null) return absolute[0] + path
  return `${request.scheme ?? 'http'}://${request.host ?? ''}${path}`
}

function pathOf(target: string): string {
  const end = target.search(/[?#]/)
  const path = end === -1 ? target : target.slice(0, end)
  return path === '' ? '/' : path
}
