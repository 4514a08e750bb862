// One endpoint behind one protection, in a process of its own. Started by run.ts with a Setup as argument.
import { createServer } from 'node:http'
import type { RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPublicKey } from 'node:crypto'
import fastifyJwt from '@fastify/jwt'
import { createGuard } from '@signet/guard'
import type { Guard } from '@signet/guard'
import { protect as protectExpress } from '@signet/guard/express'
import { protect as protectFastify } from '@signet/guard/fastify'
import { protect as protectNode } from '@signet/guard/node'
import express from 'express'
import type { RequestHandler } from 'express'
import { expressjwt } from 'express-jwt'
import { auth } from 'express-oauth2-jwt-bearer'
import fastify from 'fastify'
import { jwtVerify } from 'jose'
import { UNCACHED, UNGUARDED } from './contenders.ts'
import type { Setup } from './contenders.ts'

/** Connections must outlast the turns of the other contenders. */
const keepAliveTimeout = 120_000
const BODY = JSON.stringify({ orders: [] })

process.on('disconnect', () => process.exit())

// Any message asks for the CPU time used so far, user and system, in microseconds.
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})

const setup = JSON.parse(process.argv[2] ?? '') as Setup
process.send?.(await start(setup))

function start(setup: Setup): Promise<number> {
  switch (setup.framework) {
    case 'node:http':
      return listen(nodeListener(setup))
    case 'express':
      return listen(expressListener(setup))
    case 'fastify':
      return startFastify(setup)
  }
}

function nodeListener(setup: Setup): RequestListener {
  if (setup.protection === UNGUARDED) return (_req, res) => answer(res)
  if (setup.protection !== 'jose') return protectNode(guardFor(setup), (_req, res) => answer(res))
  const key = createPublicKey(setup.publicKey)
  const { issuer, audience, alg } = setup
  return (req, res) => {
    const [, token = ''] = (req.headers.authorization ?? '').split(' ')
    jwtVerify(token, key, { issuer, audience, algorithms: [alg], typ: 'at+jwt' }).then(
      () => answer(res),
      () => res.writeHead(401).end(),
    )
  }
}

function expressListener(setup: Setup): RequestListener {
  const app = express()
  const handlers = setup.protection === UNGUARDED ? [] : [expressProtection(setup)]
  app.get('/orders', ...handlers, (_req, res) => answer(res))
  return app
}

function expressProtection(setup: Setup): RequestHandler {
  const { issuer, audience, alg, publicKey } = setup
  switch (setup.protection) {
    case 'express-oauth2-jwt-bearer':
      return auth({ issuer, audience, jwksUri: `${issuer}/jwks.json`, tokenSigningAlg: alg })
    case 'express-jwt':
      return expressjwt({ secret: publicKey, algorithms: [alg], issuer, audience }) as RequestHandler
    default:
      return protectExpress(guardFor(setup))
  }
}

async function startFastify(setup: Setup): Promise<number> {
  const app = fastify({ keepAliveTimeout })
  const { protection, publicKey, alg, issuer, audience } = setup
  if (protection === UNGUARDED) {
    app.get('/orders', (_request, reply) => reply.type('application/json').send(BODY))
  } else if (protection.startsWith('@fastify/jwt')) {
    const verify = { algorithms: [alg], allowedIss: issuer, allowedAud: audience, cache: protection.endsWith('cache') }
    await app.register(fastifyJwt, { secret: { public: publicKey }, verify })
    app.get('/orders', { onRequest: (request) => request.jwtVerify() }, (_request, reply) =>
      reply.type('application/json').send(BODY),
    )
  } else {
    app.get('/orders', { onRequest: protectFastify(guardFor(setup)) }, (_request, reply) =>
      reply.type('application/json').send(BODY),
    )
  }
  await app.listen({ host: '127.0.0.1', port: 0 })
  return (app.server.address() as AddressInfo).port
}

function guardFor({ issuer, audience, protection }: Setup): Guard {
  return createGuard({ issuer, audience, ...(protection === UNCACHED ? { cache: false } : {}) })
}

/** The least a handler can do, so that the share a guard takes is at its largest. */
function answer(res: ServerResponse): void {
  res.setHeader('content-type', 'application/json')
  res.end(BODY)
}

function listen(listener: RequestListener): Promise<number> {
  const server = createServer({ keepAliveTimeout }, listener)
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}
