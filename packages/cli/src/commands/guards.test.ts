import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { outputUntil, runSignet, startSignet } from '../testing/run-signet.ts'

test('RV-05: guards create prints a credential once; list and events never show it; revoke takes it out of force', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'signet-guards-'))
  const env = { SIGNET_DATA_DIR: directory, SIGNET_LOG_LEVEL: 'warn', SIGNET_AUDIENCES: 'https://orders.example.com' }
  const run = (...args: readonly string[]) => runSignet(['guards', ...args], { env })
  try {
    await makeData(env)
    const made = await run('create', '--name', 'orders-api', '--audience', 'https://orders.example.com')
    assert.equal(made.exitCode, 0, made.stderr)
    assert.match(made.stdout, /^sgc_[A-Za-z0-9_-]{43}\n$/)
    const [id = ''] = /gua_[A-Za-z0-9_-]{16}/.exec(made.stderr) ?? []

    const listed = await run('list', '--json')
    const { createdAt, ...row } = JSON.parse(listed.stdout) as Record<string, unknown>
    assert.equal(typeof createdAt, 'number')
    assert.deepEqual(row, { id, name: 'orders-api', audience: 'https://orders.example.com', revokedAt: null })
    const events = await runSignet(['events', '--json'], { env })
    assert.match(events.stdout, /guard\.created/)
    assert.doesNotMatch(listed.stdout + events.stdout, /sgc_/)

    assert.equal((await run('revoke', id)).exitCode, 0)
    assert.equal((await run('revoke', id)).exitCode, 2)
    assert.match((await run('list')).stdout, /revoked/)

    const unknown = await run('create', '--name', 'orders-api', '--audience', 'https://elsewhere.example.com')
    assert.deepEqual([unknown.exitCode, unknown.stdout], [1, ''])
    assert.equal((await run('create', '--name', 'orders:api')).exitCode, 1)
  } finally {
    await rm(directory, { recursive: true })
  }
})

/** Starts a server once, because a command makes no data of its own. */
async function makeData(env: Readonly<Record<string, string>>): Promise<void> {
  const server = startSignet(['start'], { ...env, SIGNET_PORT: '0' })
  await outputUntil(server, /Signet is running/)
  server.kill('SIGTERM')
  await once(server, 'close')
}
