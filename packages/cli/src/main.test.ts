import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { outputUntil, runSignet, startSignet } from './testing/run-signet.ts'

describe('signet', { concurrency: true }, () => {
  test('--version and --help answer with exit code 0', async () => {
    const [version, help] = await Promise.all([runSignet(['--version']), runSignet(['--help'])])
    assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/)
    assert.equal(version.exitCode, 0)
    assert.match(help.stdout, /start .*run the auth server/)
    assert.equal(help.exitCode, 0)
  })

  test('an unknown command is misuse: exit code 2 and a hint', async () => {
    const { exitCode, stderr } = await runSignet(['strat'])
    assert.equal(exitCode, 2)
    assert.match(stderr, /unknown command 'strat'/)
  })

  test('bad configuration stops the start with every fault listed, each with an example', async () => {
    const env = { SIGNET_PORT: 'high', SIGNET_ISUER: 'https://auth.example.com', SIGNET_ALGORITHM: 'none' }
    const { exitCode, stderr } = await runSignet(['start'], { env })
    assert.equal(exitCode, 2)
    assert.match(stderr, /SIGNET_PORT.*whole number/)
    assert.match(stderr, /SIGNET_ISUER.*did you mean SIGNET_ISSUER/)
    assert.match(stderr, /SIGNET_ALGORITHM.*one of RS256/)
    assert.doesNotMatch(stderr, /\n\s+at /)
  })

  test('token inspect decodes what it does not trust', async () => {
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
    const token = `${part({ alg: 'none' })}.${part({ sub: 'acc_1' })}.`
    const { stdout, exitCode } = await runSignet(['token', 'inspect'], { input: `${token}\n` })
    assert.equal(JSON.parse(stdout).claims.sub, 'acc_1')
    assert.equal(exitCode, 0)
  })

  test('config print says where each value comes from and redacts secrets', async () => {
    const secret = 'f3a9c1d24b7788e0915a6c3d2e4f5b60718293a4b5c6d7e8f9010a2b3c4d5e6f'
    const { stdout } = await runSignet(['config', 'print'], { env: { SIGNET_MASTER_KEY: secret, SIGNET_PORT: '4800' } })
    assert.match(stdout, /SIGNET_PORT +4800 +from SIGNET_PORT/)
    assert.match(stdout, /\[redacted\]/)
    assert.doesNotMatch(stdout, new RegExp(secret.slice(0, 12)))
  })
})

test('a command where there is no data says so, and makes none', async () => {
  const directory = join(await mkdtemp(join(tmpdir(), 'signet-none-')), 'data')
  const { exitCode, stderr } = await runSignet(['accounts', 'list'], { env: { SIGNET_DATA_DIR: directory } })
  assert.equal(exitCode, 1)
  assert.match(stderr, /no Signet data in/)
  await assert.rejects(stat(directory), { code: 'ENOENT' })
})

describe('signet on a data directory', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'signet-cli-'))
  const env = { SIGNET_DATA_DIR: join(directory, 'data'), SIGNET_PORT: '0' }
  after(() => rm(directory, { recursive: true, force: true }))

  test('PW-13: a fresh start has no account, says so, and names the command that makes the first administrator', async () => {
    const server = startSignet(['start'], env)
    const said = await outputUntil(server, /accounts create/)
    assert.match(said, /no default password/)
    assert.match(said, /Signet is running at http:\/\//)
    server.kill('SIGTERM')
    const [exitCode] = (await once(server, 'close')) as [number | null]
    assert.equal(exitCode, 0)
    const { stdout } = await runSignet(['accounts', 'list'], { env })
    assert.equal(stdout, '')
  })

  test('the data directory and what lies in it are for the owner alone', async () => {
    for (const name of ['.', 'master.key', 'signet.db']) {
      const { mode } = await stat(join(env.SIGNET_DATA_DIR, name))
      assert.equal(mode & 0o077, 0, name)
    }
  })

  test('LA-06: accounts create takes the password from standard input and never from an argument', async () => {
    const create = ['accounts', 'create', '--email', 'root@example.com', '--role', 'admin']
    const made = await runSignet(create, { env, input: 'a sextant and a quiet sea\n' })
    assert.match(made.stdout, /Created root@example\.com \(acc_.{22}\) with role admin/)
    const again = await runSignet(create, { env, input: 'a sextant and a quiet sea\n' })
    assert.equal(again.exitCode, 2)
    assert.match(again.stderr, /already an account/)
    const weak = await runSignet(['accounts', 'create', '--email', 'b@example.com'], { env, input: 'short\n' })
    assert.equal(weak.exitCode, 1)
    assert.match(weak.stderr, /at least 15 characters/)
    const inArgument = await runSignet([...create, '--password', 'x'], { env })
    assert.equal(inArgument.exitCode, 2)
  })

  test('accounts list and events tell what happened', async () => {
    const accounts = await runSignet(['accounts', 'list', '--json'], { env })
    assert.deepEqual(JSON.parse(accounts.stdout).roles, ['admin'])
    const events = await runSignet(['events', '--email', 'root@example.com'], { env })
    assert.match(events.stdout, /account\.registered/)
    const nobody = await runSignet(['events', '--email', 'nobody@example.com'], { env })
    assert.equal(nobody.exitCode, 2)
  })

  test('a command with other settings than the server changes no key', async () => {
    const keys = async (): Promise<unknown> => JSON.parse((await runSignet(['keys', 'list', '--json'], { env })).stdout)
    const before = await keys()
    const other = { SIGNET_ALGORITHM: 'HS256', SIGNET_HS256_SECRET: '8d1f0c5b7a39e264d8f1b6075ac93e127be4409d53c86fa1' }
    await runSignet(['accounts', 'list'], { env: { ...env, ...other } })
    await runSignet(['events'], { env: { ...env, SIGNET_ALGORITHM: 'Ed25519' } })
    assert.deepEqual(await keys(), before)
  })

  test('with only another master key nothing opens, and it says what to do', async () => {
    const other = 'f3a9c1d24b7788e0915a6c3d2e4f5b60718293a4b5c6d7e8f9010a2b3c4d5e6f'
    await rename(join(env.SIGNET_DATA_DIR, 'master.key'), join(directory, 'kept-elsewhere'))
    const { exitCode, stderr } = await runSignet(['accounts', 'list'], { env: { ...env, SIGNET_MASTER_KEY: other } })
    assert.equal(exitCode, 1)
    assert.match(stderr, /master key/)
    assert.doesNotMatch(stderr, /\n\s+at /)
  })

  test('with a new master key beside the former file everything still opens', async () => {
    const next = 'f3a9c1d24b7788e0915a6c3d2e4f5b60718293a4b5c6d7e8f9010a2b3c4d5e6f'
    await rename(join(directory, 'kept-elsewhere'), join(env.SIGNET_DATA_DIR, 'master.key'))
    const { stdout } = await runSignet(['accounts', 'list'], { env: { ...env, SIGNET_MASTER_KEY: next } })
    assert.match(stdout, /root@example\.com/)
  })
})
