import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { createGuard } from '@signet/guard'
import { protect } from '@signet/guard/express'
import { createAuthServer, loadConfig } from '@signet/server'

/** An auth server and a resource server on free ports, with a clock that the play can move. */
export interface Stage {
  readonly issuer: string
  readonly ordersUrl: string
  /** Moves the clock of both servers ahead. */
  advance(seconds: number): void
  close(): Promise<void>
}

export async function openStage(): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-demo-'))
  let ahead = 0
  const now = (): number => Math.floor(Date.now() / 1000) + ahead
  const port = await freePort()
  const issuer = `http://localhost:${port}`
  const settings = { issuer, port, dataDir: directory, logLevel: 'silent' } as const
  const auth = await createAuthServer(loadConfig({ env: {}, object: settings }), { now })
  await auth.listen()
  const orders = await startOrders(issuer, now)
  return {
    issuer,
    ordersUrl: `http://localhost:${portOf(orders)}/orders`,
    advance: (seconds) => {
      ahead += seconds
    },
    close: async () => {
      orders.close()
      orders.closeAllConnections()
      await auth.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The resource server: what a user of the guard writes, with the play's clock put in. */
async function startOrders(issuer: string, now: () => number): Promise<Server> {
  const app = express()
  const guard = createGuard({ issuer, audience: issuer, now })
  app.get('/orders', protect(guard), (request, response) => {
    response.json({ orders: ['one sextant'], of: request.principal.subject })
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const port = portOf(probe)
  probe.close()
  await once(probe, 'close')
  return port
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}
