// Starts every example as a user would, and sends it the conformance suite's raw HTTP requests.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AUDIENCE, startIssuer } from '../../packages/guard/src/testing/issuer.ts'
import type { TestIssuer } from '../../packages/guard/src/testing/issuer.ts'

const EXAMPLES = ['express', 'fastify', 'hono', 'node-http', 'fetch'] as const
const RUN_GUARD = path('../../conformance/corpus/http/run-guard.mjs')

let issuer: TestIssuer
let tokens: Readonly<Record<string, string>>
before(async () => {
  issuer = await startIssuer()
  // Examples run on the system clock.
  const iat = Math.floor(Date.now() / 1000)
  const times = { iat, exp: iat + 900, auth_time: iat }
  tokens = {
    valid: issuer.token({ ...times, scope: 'reports:read' }),
    expired: issuer.token({ ...times, iat: iat - 2000, exp: iat - 1000 }),
    wrongAud: issuer.token({ ...times, aud: 'https://other.example.com' }),
    wrongIss: issuer.token({ ...times, iss: 'https://evil.test' }),
    refresh: issuer.token(times, { typ: 'rt+jwt' }),
    idToken: issuer.token({ ...times, nonce: 'n' }, { typ: 'JWT' }),
    revoked: issuer.token({ ...times, sid: 'ses_revoked' }),
    lowScope: issuer.token({ ...times, scope: 'orders:read' }),
  }
})
after(() => issuer.close())

for (const example of EXAMPLES) {
  test(`GD-07: examples/${example} starts, serves and passes every HTTP case`, async (t) => {
    const { url, child } = await start(example)
    t.after(() => stop(child))

    const headers = { authorization: `Bearer ${tokens['valid']}` }
    const orders = await fetch(`${url}/orders`, { headers })
    assert.deepEqual([orders.status, await orders.json()], [200, { orders: [], of: 'acc_1' }])
    const reports = await fetch(`${url}/reports`, { headers })
    assert.deepEqual([reports.status, await reports.json()], [200, { reports: [], of: 'acc_1' }])
    const refused = await fetch(`${url}/orders`)
    assert.equal(refused.headers.get('www-authenticate'), 'Bearer')
    assert.equal(((await refused.json()) as { code: string }).code, 'token_missing')

    const summary = await runGuardCases(`${url}/orders`)
    assert.match(summary, /^guard cases (\d+): pass \1, fail 0, n\/a 0$/m)
  })

  test(`the guard's README shows examples/${example} as it is`, async () => {
    const readme = await readFile(path('../../packages/guard/README.md'), 'utf8')
    const source = await readFile(path(`../${example}/server.ts`), 'utf8')
    assert.ok(readme.includes(`\`\`\`ts\n${source}\`\`\``))
  })
}

async function start(example: string): Promise<{ url: string; child: ChildProcess }> {
  const port = await freePort()
  const preload = path('./revoked-session.ts')
  const child = spawn(process.execPath, ['--conditions=@signet/source', `--import=${preload}`, 'server.ts'], {
    cwd: path(`../${example}`),
    env: { ...process.env, SIGNET_ISSUER: issuer.url, API_AUDIENCE: AUDIENCE, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith('http://')) return { url: `http://127.0.0.1:${port}`, child }
  }
  throw new Error(`${example} ended without listening`)
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill()
  })
}

/** Runs the corpus in a process of its own; rejects with its report when a case fails. */
function runGuardCases(url: string): Promise<string> {
  const args = Object.entries(tokens).flatMap(([name, token]) => [`--${name}`, token])
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [RUN_GUARD, url, ...args, '--scopePath', '/reports'], (error, stdout) => {
      if (error === null) resolve(stdout)
      else reject(new Error(stdout, { cause: error }))
    })
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => resolve(port))
    })
  })
}

function path(relative: string): string {
  return fileURLToPath(new URL(relative, import.meta.url))
}
