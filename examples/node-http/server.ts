import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createGuard, requireScope } from '@signet/guard'
import { protect } from '@signet/guard/node'

const { SIGNET_ISSUER = 'http://localhost:4747', API_AUDIENCE = SIGNET_ISSUER, PORT = '3000' } = process.env

const guard = createGuard({ issuer: SIGNET_ISSUER, audience: API_AUDIENCE })

const listOrders = protect(guard, (_req, res, principal) => {
  res.setHeader('content-type', 'application/json').end(JSON.stringify({ orders: [], of: principal.subject }))
})
const listReports = protect(
  guard,
  (_req, res, principal) => {
    res.setHeader('content-type', 'application/json').end(JSON.stringify({ reports: [], of: principal.subject }))
  },
  requireScope('reports:read'),
)

const notFound: RequestListener = (_req, res) => void res.writeHead(404).end()
const routes: Record<string, RequestListener> = { 'GET /orders': listOrders, 'GET /reports': listReports }

createServer((req, res) => {
  const [path] = (req.url ?? '').split('?')
  const route = routes[`${req.method} ${path}`] ?? notFound
  route(req, res)
}).listen(Number(PORT), () => console.log(`http://localhost:${PORT}/orders`))
