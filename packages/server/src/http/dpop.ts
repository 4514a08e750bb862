import type { FastifyRequest } from 'fastify'
import type { DpopRequest } from '../flows/prove-key.ts'
import type { Site } from './site.ts'

/**
 * The DPoP proof of a request, or `null`. Two of them come joined by a comma and are refused as no proof (RFC 9449 §4.3).
 *
 * @param path of the route, since a request's own spelling of its URL is the client's
 */
export function dpopOf(request: FastifyRequest, site: Site, path: string): DpopRequest | null {
  const header = request.headers['dpop']
  if (header === undefined) return null
  return { proof: [header].flat().join(', '), method: request.method, url: site.issuer + path }
}
