import { serve } from '@hono/node-server'
import { createGuard, requireScope } from '@signet/guard'
import { protect } from '@signet/guard/hono'
import { Hono } from 'hono'

const { SIGNET_ISSUER = 'http://localhost:4747', API_AUDIENCE = SIGNET_ISSUER, PORT = '3000' } = process.env

const guard = createGuard({ issuer: SIGNET_ISSUER, audience: API_AUDIENCE })
const app = new Hono()

app.get('/orders', protect(guard), (c) => {
  return c.json({ orders: [], of: c.var.principal.subject })
})
app.get('/reports', protect(guard, requireScope('reports:read')), (c) => {
  return c.json({ reports: [], of: c.var.principal.subject })
})

serve({ fetch: app.fetch, port: Number(PORT) }, () => console.log(`http://localhost:${PORT}/orders`))
