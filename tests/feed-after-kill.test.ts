import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createGuard } from '@signet/guard'
import type { Guard, GuardRequest } from '@signet/guard'
import type { RevocationSnapshot } from '@signet/protocol'
import { freePort } from './support/free-port.ts'

const BIN = fileURLToPath(new URL('../packages/cli/bin/signet.js', import.meta.url))
const PERSON = { email: 'ada@example.com', password: 'a sextant and a quiet sea' }
const ROUNDS = 3
const SESSIONS = 12
/** Far more than a guard needs to come back; a hang fails here instead of at the runner's limit. */
const PATIENCE_MILLISECONDS = 30_000

test('RV-03, RV-06: a server killed with -9 amid logouts: guards come back, hold what it holds, and let nothing back in', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'signet-kill-'))
  after(() => rm(directory, { recursive: true, force: true }))
  const port = await freePort()
  const issuer = `http://localhost:${port}`
  const env = { SIGNET_PORT: String(port), SIGNET_DATA_DIR: directory, SIGNET_LOG_LEVEL: 'silent' }
  let server = await start(env)
  after(() => server.kill('SIGKILL'))
  const guard = createGuard({ issuer, audience: issuer, feed: { name: 'orders' } })
  after(() => guard.close())
  assert.equal((await post(issuer, '/auth/register', PERSON)).status, 202)

  const refused = new Set<string>()
  for (let round = 0; round < ROUNDS; round++) {
    const sessions: SignedIn[] = []
    while (sessions.length < SESSIONS) sessions.push(await login(issuer))
    for (const { accessToken } of sessions) assert.equal(await admits(guard, accessToken), true)
    const acknowledged = await killAmidLogouts(server, issuer, sessions)
    server = await start(env)
    await until(() => acknowledged.every((token) => isRefused(guard, token)), 'every acknowledged logout is known')

    const snapshot = await revocations(issuer)
    await until(() => cursorOf(guard) === snapshot.cursor, 'the guard is where the server is')
    const revoked = new Set(Object.values(snapshot.sessions).flat())
    for (const { accessToken, sid } of sessions) {
      const isRevoked = isRefused(guard, accessToken)
      assert.equal(isRevoked, revoked.has(sid), sid)
      if (isRevoked) refused.add(accessToken)
    }
    for (const token of refused) assert.equal(isRefused(guard, token), true, 'what was refused stays refused')
  }
  assert.ok(refused.size > 0)
})

interface SignedIn {
  readonly accessToken: string
  readonly refreshToken: string
  readonly sid: string
}

/** Resolves to the access tokens of those logouts that were answered before the process was gone. */
async function killAmidLogouts(
  server: ChildProcess,
  issuer: string,
  sessions: readonly SignedIn[],
): Promise<readonly string[]> {
  const acknowledged: string[] = []
  const gone = once(server, 'close')
  const logouts = sessions.map(async ({ accessToken, refreshToken }) => {
    const answer = await post(issuer, '/auth/logout', { refresh_token: refreshToken })
    assert.equal(answer.status, 204)
    acknowledged.push(accessToken)
    if (acknowledged.length === Math.ceil(sessions.length / 3)) server.kill('SIGKILL')
  })
  // those that the process took with it
  await Promise.allSettled(logouts)
  await gone
  return acknowledged
}

async function start(env: Readonly<Record<string, string>>): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--conditions=@signet/source', BIN, 'start'], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  return child
}

async function login(issuer: string): Promise<SignedIn> {
  const answer = await post(issuer, '/auth/login', { ...PERSON, delivery: 'body' })
  const tokens = (await answer.json()) as { access_token: string; refresh_token: string }
  const [, payload = ''] = tokens.access_token.split('.')
  const { sid } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { sid: string }
  return { accessToken: tokens.access_token, refreshToken: tokens.refresh_token, sid }
}

function post(issuer: string, path: string, body: object): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  return fetch(issuer + path, { method: 'POST', headers, body: JSON.stringify(body) })
}

async function revocations(issuer: string): Promise<RevocationSnapshot> {
  const answer = await fetch(`${issuer}/auth/revocations`, { headers: { accept: 'application/json' } })
  return (await answer.json()) as RevocationSnapshot
}

function carrying(token: string): GuardRequest {
  const header = (name: string): string | undefined => (name === 'authorization' ? `Bearer ${token}` : undefined)
  return { method: 'GET', url: '/', header }
}

async function admits(guard: Guard, token: string): Promise<boolean> {
  return (await guard.authenticate(carrying(token))).sessionId !== undefined
}

/** Without waiting for anything: the guard has its keys, and its list. */
function isRefused(guard: Guard, token: string): boolean {
  try {
    const principal = guard.authenticate(carrying(token))
    assert.ok(!(principal instanceof Promise))
    return false
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error)
    assert.equal(error.code, 'token_revoked')
    return true
  }
}

function cursorOf(guard: Guard): unknown {
  const { revocation } = guard.health()
  return 'cursor' in revocation ? revocation.cursor : undefined
}

async function until(condition: () => boolean, what: string): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MILLISECONDS
  while (!condition()) {
    assert.ok(performance.now() < giveUpAt, what)
    await setImmediate()
  }
}
