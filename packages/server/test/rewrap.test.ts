import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openCore } from '../src/app.ts'
import { rewrapSecrets } from '../src/flows/rewrap-secrets.ts'
import { startRotation } from '../src/flows/rotate-keys.ts'
import { login, refresh, signUp, tokensOf } from './support/people.ts'
import { startServer } from './support/server.ts'
import type { TestServer } from './support/server.ts'

const SOURCE = { address: 'local', userAgent: 'test', requestId: 'test' }

/** What a command does beside a running server: opens the same data, and closes it. */
async function rewrapBeside(server: TestServer): Promise<{ readonly resealed: number; readonly total: number }> {
  const core = await openCore(server.config, { now: () => server.clock.now })
  try {
    return await rewrapSecrets(core.context, SOURCE)
  } finally {
    await core.close()
  }
}

/** Which master keys have sealed what is stored. */
async function sealedUnder(server: TestServer): Promise<ReadonlySet<string | undefined>> {
  return new Set((await server.context.store.secrets.listSealed()).map(({ sealed }) => sealed.split('.')[1]))
}

test('KY-02: the master key is replaced while the server runs: no request fails, and the old one is needed no more', async (t) => {
  const server = await startServer(t)
  const file = join(server.directory, 'master.key')
  const old = readFileSync(file, 'utf8')
  const ann = await signUp(server, 'ann@example.com')

  let refreshToken = ann.refreshToken
  const failures: string[] = []
  const traffic = async (): Promise<void> => {
    const answers = await Promise.all([
      refresh(server, refreshToken),
      server.call('/auth/login', { body: { email: 'ann@example.com', password: 'correct horse battery staple' } }),
      server.call('/auth/me', { token: ann.accessToken }),
      server.call('/.well-known/jwks.json'),
    ])
    for (const { status, text } of answers) if (status !== 200) failures.push(text)
    refreshToken = answers[0] === undefined ? refreshToken : tokensOf(answers[0]).refreshToken
  }

  await traffic()
  const under = await sealedUnder(server)
  writeFileSync(file, `${randomBytes(32).toString('hex')}\n${old}`, { mode: 0o600 })
  const [rewrapped] = await Promise.all([rewrapBeside(server), traffic()])
  assert.deepEqual(rewrapped, { resealed: 2, total: 2 })
  await traffic()
  assert.deepEqual(
    [...(await sealedUnder(server))].filter((id) => under.has(id)),
    [],
  )

  // the running server, which started with the old key alone, makes and opens keys under the new one
  await startRotation(server.context, SOURCE)
  await traffic()
  assert.deepEqual(
    [...(await sealedUnder(server))].filter((id) => under.has(id)),
    [],
  )
  assert.deepEqual(failures, [])
  assert.deepEqual(await rewrapBeside(server), { resealed: 0, total: 3 })
  await server.close()

  writeFileSync(file, old, { mode: 0o600 })
  await assert.rejects(startServer(t, { directory: server.directory }), { code: 'key_unknown' })
})

test('KY-02: after the old version is gone from the file, the server starts and everybody is still signed in', async (t) => {
  const server = await startServer(t)
  const file = join(server.directory, 'master.key')
  const ann = await signUp(server, 'ann@example.com')
  const added = randomBytes(32).toString('hex')
  writeFileSync(file, `${added}\n${readFileSync(file, 'utf8')}`, { mode: 0o600 })
  await rewrapBeside(server)
  await server.close()

  writeFileSync(file, `${added}\n`, { mode: 0o600 })
  const again = await startServer(t, { directory: server.directory })
  assert.equal((await again.call('/auth/me', { token: ann.accessToken })).status, 200)
  assert.equal((await refresh(again, ann.refreshToken)).status, 200)
  await login(again, 'ann@example.com')
})

test('KY-02: a key from the environment is replaced with SIGNET_MASTER_KEY_PREVIOUS for one start', async (t) => {
  const [old, next] = [randomBytes(32).toString('hex'), randomBytes(32).toString('hex')]
  const first = await startServer(t, { settings: { masterKey: old } })
  const ann = await signUp(first, 'ann@example.com')
  await first.close()
  const { directory } = first
  const second = await startServer(t, { directory, settings: { masterKey: next, masterKeyPrevious: old } })
  assert.deepEqual(await rewrapSecrets(second.context, SOURCE), { resealed: 2, total: 2 })
  await second.close()
  const third = await startServer(t, { directory, settings: { masterKey: next } })
  assert.equal((await refresh(third, ann.refreshToken)).status, 200)
})

test('rewrapping that was interrupted is run again, and does the rest', async (t) => {
  const server = await startServer(t)
  const file = join(server.directory, 'master.key')
  writeFileSync(file, `${randomBytes(32).toString('hex')}\n${readFileSync(file, 'utf8')}`, { mode: 0o600 })
  const [value] = await server.context.store.secrets.listSealed()
  assert.ok(value !== undefined)
  await server.context.store.secrets.reseal(value, server.context.seals.renew(value) ?? '')
  assert.deepEqual(await rewrapBeside(server), { resealed: 1, total: 2 })
})
