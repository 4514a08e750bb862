import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { Guard } from '@signet/guard'
import type { JwkSet } from '@signet/jwt'
import type { Logger } from 'pino'
import type { Config } from '../config/schema.ts'
import type { RevocationFeed } from '../feed/revocation-feed.ts'
import type { Context } from '../flows/context.ts'
import type { Site } from './site.ts'

/** Fastify, with the types of requests and answers taken from each route's schema. */
export type HttpApp = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>

/** What the HTTP layer is given. */
export interface HttpOptions {
  readonly config: Config
  readonly context: Context
  /** Guards the account routes; its audience is the issuer. */
  readonly guard: Guard
  /** The published keys. Called for each request: must not touch the store. The same object means the same keys. */
  readonly jwks: () => JwkSet
  /** Resolves, or gives `true`, when requests can be served; rejects or gives `false` when not. */
  readonly ready: () => Promise<void> | boolean
  readonly feed: RevocationFeed
  readonly log: Logger
}

/** What routes are given. */
export interface RouteOptions extends HttpOptions {
  readonly site: Site
}
