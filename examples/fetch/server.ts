import { createGuard, requireScope } from '@signet/guard'
import { protect } from '@signet/guard/fetch'
import { serve } from './serve.ts'

const { SIGNET_ISSUER = 'http://localhost:4747', API_AUDIENCE = SIGNET_ISSUER, PORT = '3000' } = process.env

const guard = createGuard({ issuer: SIGNET_ISSUER, audience: API_AUDIENCE })

const listOrders = protect(guard, (_request, principal) => {
  return Response.json({ orders: [], of: principal.subject })
})
const listReports = protect(
  guard,
  (_request, principal) => {
    return Response.json({ reports: [], of: principal.subject })
  },
  requireScope('reports:read'),
)

async function fetch(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url)
  if (request.method === 'GET' && pathname === '/orders') return listOrders(request)
  if (request.method === 'GET' && pathname === '/reports') return listReports(request)
  return new Response(null, { status: 404 })
}

serve(fetch, Number(PORT), () => console.log(`http://localhost:${PORT}/orders`))
