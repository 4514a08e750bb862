import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import { SignetError } from '@signet/protocol'
import type { HttpApp } from './http-app.ts'

/**
 * Answers requests that no route takes: 405 with `Allow` where the path has routes for other methods (RFC 9110 §15.5.6),
 * else 404. Before their body is read. To be called before the routes are added.
 */
export function answerUnrouted(app: HttpApp): void {
  const methods = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    if (url.includes('*')) return
    const known = methods.get(url) ?? new Set(['OPTIONS'])
    for (const one of [method].flat()) known.add(one)
    methods.set(url, known)
  })
  const refuse = (request: FastifyRequest, reply: FastifyReply): never => {
    const allowed = allowedMethods(pathOf(request), methods)
    if (allowed === null) throw new SignetError('not_found')
    reply.header('allow', [...allowed].sort().join(', '))
    throw new SignetError('method_not_allowed')
  }
  const refuseEarly: onRequestHookHandler = (request, reply, done) => {
    if (request.is404) refuse(request, reply)
    done()
  }
  app.addHook('onRequest', refuseEarly)
  // For OPTIONS: the route that answers pre-flights takes every path and passes on what is none.
  app.setNotFoundHandler(refuse)
}

function allowedMethods(path: string, methods: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> | null {
  const exact = methods.get(path)
  if (exact !== undefined) return exact
  for (const [pattern, allowed] of methods) if (matches(pattern, path)) return allowed
  return null
}

/** `:name` stands for one segment. */
function matches(pattern: string, path: string): boolean {
  if (!pattern.includes(':')) return false
  const expected = pattern.split('/')
  const actual = path.split('/')
  return (
    expected.length === actual.length &&
    expected.every((segment, index) => (segment.startsWith(':') ? actual[index] !== '' : segment === actual[index]))
  )
}

function pathOf(request: FastifyRequest): string {
  return (request.raw.url ?? '').split('?', 1)[0] ?? ''
}
