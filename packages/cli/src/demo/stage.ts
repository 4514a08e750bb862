import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import express from 'express'
import { createGuard, onStale } from '@signet/guard'
import type { Guard } from '@signet/guard'
import { protect } from '@signet/guard/express'
import { createAuthServer, loadConfig, startRotation } from '@signet/server'
import type { AuthServer } from '@signet/server'

/** One protected API in a server of its own. */
export interface Api {
  readonly name: string
  readonly url: string
  /** The same, but refused while the guard cannot know what was revoked. */
  readonly strictUrl: string
  readonly guard: Guard
}

/** An auth server and three resource servers on free ports, with a clock that the play can move. */
export interface Stage {
  readonly issuer: string
  readonly apis: readonly [Api, Api, Api]
  /** Moves the clock of all servers ahead. */
  advance(seconds: number): void
  /** Publishes the next signing key. */
  rotateKeys(): Promise<void>
  /** Lets the key schedule look once, as it does every second by itself. */
  keepKeys(): Promise<void>
  /** Takes the auth server away, and the feed with it. */
  stopAuthServer(): Promise<void>
  close(): Promise<void>
}

/** Keys may be cached this long: as short as can be, so that a rotation fits into a play. */
const JWKS_MAX_AGE_SECONDS = 10

export async function openStage(): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-demo-'))
  let ahead = 0
  const now = (): number => Math.floor(Date.now() / 1000) + ahead
  const settings = { port: 0, dataDir: directory, logLevel: 'silent', jwksMaxAgeSeconds: JWKS_MAX_AGE_SECONDS } as const
  const auth: AuthServer = await createAuthServer(loadConfig({ env: {}, object: settings }), { now })
  await auth.listen()
  const { issuer } = auth.config
  const servers = await Promise.all([
    startApi('orders', issuer, now),
    startApi('billing', issuer, now),
    startApi('reports', issuer, now),
  ])
  return {
    issuer,
    apis: [servers[0].api, servers[1].api, servers[2].api],
    advance: (seconds) => {
      ahead += seconds
    },
    rotateKeys: async () => {
      await startRotation(auth.context, { address: 'local', userAgent: 'signet demo', requestId: 'demo' })
    },
    keepKeys: async () => {
      await auth.keySchedule.tick()
    },
    stopAuthServer: () => auth.close(),
    close: async () => {
      for (const { api, server } of servers) {
        api.guard.close()
        server.close()
        server.closeAllConnections()
      }
      await auth.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** A resource server: what a user of the guard writes, with the play's clock put in. */
async function startApi(name: string, issuer: string, now: () => number): Promise<{ api: Api; server: Server }> {
  const app = express()
  const guard = createGuard({ issuer, audience: issuer, now, feed: { name } })
  app.get(`/${name}`, protect(guard), (request, response) => {
    response.json({ api: name, of: request.principal.subject })
  })
  app.get(`/${name}/strict`, protect(guard, onStale('reject')), (request, response) => {
    response.json({ api: name, of: request.principal.subject })
  })
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  await guard.ready()
  const url = `http://localhost:${(server.address() as AddressInfo).port}/${name}`
  return { api: { name, url, strictUrl: `${url}/strict`, guard }, server }
}
