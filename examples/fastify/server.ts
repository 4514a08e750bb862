import { createGuard, requireScope } from '@signet/guard'
import { protect } from '@signet/guard/fastify'
import fastify from 'fastify'

const { SIGNET_ISSUER = 'http://localhost:4747', API_AUDIENCE = SIGNET_ISSUER, PORT = '3000' } = process.env

const guard = createGuard({ issuer: SIGNET_ISSUER, audience: API_AUDIENCE })
const app = fastify()

app.get('/orders', { onRequest: protect(guard) }, (request) => {
  return { orders: [], of: request.principal.subject }
})
app.get('/reports', { onRequest: protect(guard, requireScope('reports:read')) }, (request) => {
  return { reports: [], of: request.principal.subject }
})

await app.listen({ port: Number(PORT) })
console.log(`http://localhost:${PORT}/orders`)
