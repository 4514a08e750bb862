import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAuthServer, loadConfig } from '@signet/server'
import type { FromServer, OpenedSession, ToServer } from './messages.ts'

const directory = mkdtempSync(join(tmpdir(), 'signet-bench-feed-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
process.on('disconnect', () => process.exit())

const object = { port: 0, dataDir: directory, algorithm: 'ES256', logLevel: 'warn', revocationFeed: 'open' }
const server = await createAuthServer(loadConfig({ env: {}, object }))
const { context } = server
const { url } = await server.listen()
const account = {
  id: context.newAccountId(),
  email: 'bench@example.com',
  canonicalEmail: 'bench@example.com',
  name: null,
  passwordHash: 'none',
  passwordChangedAt: context.now(),
  roles: [],
  createdAt: context.now(),
  disabledAt: null,
}
await context.store.accounts.create(account, [])
report({ kind: 'listening', url, issuer: server.config.issuer })

process.on('message', (message: ToServer) => {
  void openSessions(message.sessions).then((sessions) => report({ kind: 'opened', sessions }))
})

/** Everything that a login does once the password has been checked. */
async function openSessions(count: number): Promise<readonly OpenedSession[]> {
  const opened: OpenedSession[] = []
  for (let index = 0; index < count; index += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - index) }, openSession)
    opened.push(...(await Promise.all(batch)))
  }
  return opened
}

const BATCH = 100

async function openSession(): Promise<OpenedSession> {
  const now = context.now()
  const expiresAt = now + context.settings.accessTokenTtlSeconds
  const session = {
    id: context.newSessionId(),
    accountId: account.id,
    clientId: 'signet',
    audience: context.settings.issuer,
    scope: null,
    delivery: 'body',
    amr: ['pwd'],
    authenticatedAt: now,
    createdAt: now,
    generation: 1,
    rotatedAt: now,
    tokensUntil: expiresAt,
    secret: context.randomBytes(32),
    keyThumbprint: null,
    epoch: 1,
    revokedAt: null,
    revokedBecause: null,
    address: '127.0.0.1',
    userAgent: 'bench',
  } as const
  await context.store.sessions.open(session, account.passwordHash, [])
  const claims = {
    iss: context.settings.issuer,
    sub: account.id,
    aud: context.settings.issuer,
    exp: expiresAt,
    iat: now,
    jti: context.refreshTokens.accessTokenId(session.secret, 1),
    sid: session.id,
    client_id: session.clientId,
    auth_time: now,
    amr: session.amr,
  }
  return {
    sid: session.id,
    refreshToken: context.refreshTokens.encode(session, 1),
    accessToken: await context.accessTokens.issue(claims),
  }
}

function report(message: FromServer): void {
  process.send?.(message)
}
