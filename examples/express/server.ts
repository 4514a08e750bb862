import { createGuard, requireScope } from '@signet/guard'
import { protect } from '@signet/guard/express'
import express from 'express'

const { SIGNET_ISSUER = 'http://localhost:4747', API_AUDIENCE = SIGNET_ISSUER, PORT = '3000' } = process.env

const guard = createGuard({ issuer: SIGNET_ISSUER, audience: API_AUDIENCE })
const app = express()

app.get('/orders', protect(guard), (req, res) => {
  res.json({ orders: [], of: req.principal.subject })
})
app.get('/reports', protect(guard, requireScope('reports:read')), (req, res) => {
  res.json({ reports: [], of: req.principal.subject })
})

app.listen(Number(PORT), () => console.log(`http://localhost:${PORT}/orders`))
