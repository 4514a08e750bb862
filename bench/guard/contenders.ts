import type { Algorithm } from '@signet/jwt'

export type Framework = 'node:http' | 'express' | 'fastify'

/** What stands in front of the endpoint. `unguarded` receives the same header and ignores it. */
export type Protection =
  | 'unguarded'
  | 'signet, cache'
  | 'signet'
  | 'jose'
  | 'express-oauth2-jwt-bearer'
  | 'express-jwt'
  | '@fastify/jwt, cache'
  | '@fastify/jwt'

export const UNGUARDED: Protection = 'unguarded'
export const CACHED: Protection = 'signet, cache'
export const UNCACHED: Protection = 'signet'

export const PROTECTIONS: Readonly<Record<Framework, readonly Protection[]>> = {
  'node:http': [UNGUARDED, CACHED, UNCACHED, 'jose'],
  express: [UNGUARDED, CACHED, UNCACHED, 'express-oauth2-jwt-bearer', 'express-jwt'],
  fastify: [UNGUARDED, CACHED, UNCACHED, '@fastify/jwt, cache', '@fastify/jwt'],
}

/** Everything a server process needs to know. All contenders check signature, algorithm, issuer, audience and expiry. */
export interface Setup {
  readonly framework: Framework
  readonly protection: Protection
  readonly alg: Extract<Algorithm, 'RS256' | 'ES256'>
  readonly issuer: string
  readonly audience: string
  /** SPKI PEM, for those that take a key instead of an issuer. */
  readonly publicKey: string
}
