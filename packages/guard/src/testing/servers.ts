import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { protect as protectExpress } from '../adapters/express.ts'
import { protect as protectFastify } from '../adapters/fastify.ts'
import { protect as protectFetch } from '../adapters/fetch.ts'
import { protect as protectHono } from '../adapters/hono.ts'
import { protect as protectNode } from '../adapters/node.ts'
import type { Guard } from '../guard.ts'
import type { Principal } from '../principal.ts'
import { requireRole, requireScope } from '../requirement.ts'

/** The guards of the three parts that every server has; each part has the same routes. */
export interface Guards {
  /** `/api/…`: reads the header only. */
  readonly api: Guard
  /** `/app/…`: reads the access cookie too. */
  readonly app: Guard
  /** `/cut/…`: its issuer does not answer. */
  readonly cut: Guard
}

export interface TestServer {
  readonly name: string
  readonly url: string
  close(): Promise<void>
}

const PARTS = ['api', 'app', 'cut'] as const
const WRITE_ORDERS = [requireScope('orders:write')]
const ADMINISTER = [requireRole('admin')]

/** What every handler answers: enough to see that it got the right principal. */
function seen({ subject, credential, scopes }: Principal): {
  subject: string
  credential: string
  scopes: readonly string[]
} {
  return { subject, credential, scopes }
}

/**
 * Starts the same service on each framework: `GET|POST /orders`, `PUT /orders` (scope `orders:write`) and
 * `GET /admin` (role `admin`), below each of the three parts.
 */
export function startServers(guards: Guards): Promise<TestServer[]> {
  return Promise.all([
    listen('node:http', nodeListener(guards)),
    listen('express', expressListener(guards)),
    startFastify(guards),
    listen('hono', honoListener(guards)),
    listen('fetch', fetchListener(guards)),
  ])
}

function nodeListener(guards: Guards): RequestListener {
  const answer = (_req: IncomingMessage, res: ServerResponse, principal: Principal): void => {
    res.writeHead(200, { 'content-type': 'application/json' })
    res.end(JSON.stringify(seen(principal)))
  }
  const routes = new Map<string, RequestListener>()
  for (const part of PARTS) {
    const read = protectNode(guards[part], answer)
    routes.set(`GET /${part}/orders`, read)
    routes.set(`HEAD /${part}/orders`, read)
    routes.set(`POST /${part}/orders`, read)
    routes.set(`PUT /${part}/orders`, protectNode(guards[part], answer, ...WRITE_ORDERS))
    routes.set(`GET /${part}/admin`, protectNode(guards[part], answer, ...ADMINISTER))
  }
  return (req, res) => {
    const route = routes.get(`${req.method} ${req.url?.split('?')[0]}`)
    if (route === undefined) res.writeHead(404).end()
    else route(req, res)
  }
}

function expressListener(guards: Guards): RequestListener {
  const app = express()
  for (const part of PARTS) {
    const router = express.Router()
    router.get('/orders', protectExpress(guards[part]), (req, res) => res.json(seen(req.principal)))
    router.post('/orders', protectExpress(guards[part]), (req, res) => res.json(seen(req.principal)))
    router.put('/orders', protectExpress(guards[part], ...WRITE_ORDERS), (req, res) => res.json(seen(req.principal)))
    router.get('/admin', protectExpress(guards[part], ...ADMINISTER), (req, res) => res.json(seen(req.principal)))
    app.use(`/${part}`, router)
  }
  return app
}

async function startFastify(guards: Guards): Promise<TestServer> {
  const app = fastify()
  for (const part of PARTS) {
    app.register(
      async (scope) => {
        scope.get('/orders', { onRequest: protectFastify(guards[part]) }, (request) => seen(request.principal))
        scope.post('/orders', { preHandler: protectFastify(guards[part]) }, (request) => seen(request.principal))
        scope.put('/orders', { onRequest: protectFastify(guards[part], ...WRITE_ORDERS) }, (request) =>
          seen(request.principal),
        )
        scope.get('/admin', { onRequest: [protectFastify(guards[part], ...ADMINISTER)] }, (request) =>
          seen(request.principal),
        )
      },
      { prefix: `/${part}` },
    )
  }
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    name: 'fastify',
    url,
    close: () => app.close(),
  }
}

function honoListener(guards: Guards): RequestListener {
  const app = new Hono()
  for (const part of PARTS) {
    const routes = new Hono()
    routes.get('/orders', protectHono(guards[part]), (c) => c.json(seen(c.var.principal)))
    routes.post('/orders', protectHono(guards[part]), (c) => c.json(seen(c.get('principal'))))
    routes.put('/orders', protectHono(guards[part], ...WRITE_ORDERS), (c) => c.json(seen(c.var.principal)))
    routes.get('/admin', protectHono(guards[part], ...ADMINISTER), (c) => c.json(seen(c.var.principal)))
    app.route(`/${part}`, routes)
  }
  return getRequestListener(app.fetch)
}

function fetchListener(guards: Guards): RequestListener {
  const answer = (_request: Request, principal: Principal): Response => Response.json(seen(principal))
  const routes = new Map<string, (request: Request) => Promise<Response>>()
  for (const part of PARTS) {
    const read = protectFetch(guards[part], answer)
    routes.set(`GET /${part}/orders`, read)
    routes.set(`HEAD /${part}/orders`, read)
    routes.set(`POST /${part}/orders`, read)
    routes.set(`PUT /${part}/orders`, protectFetch(guards[part], answer, ...WRITE_ORDERS))
    routes.set(`GET /${part}/admin`, protectFetch(guards[part], answer, ...ADMINISTER))
  }
  return getRequestListener((request) => {
    const route = routes.get(`${request.method} ${new URL(request.url).pathname}`)
    return route === undefined ? new Response(null, { status: 404 }) : route(request)
  })
}

async function listen(name: string, listener: RequestListener): Promise<TestServer> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    name,
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}
