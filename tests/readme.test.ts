import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from './support/free-port.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const skip = process.platform === 'win32' && 'the lines are for a POSIX shell'

test('the lines of the README do what they say', { skip }, async () => {
  const [authPort, ordersPort] = [await freePort(), await freePort()]
  const issuer = `http://localhost:${authPort}`
  const data = await mkdtemp(join(tmpdir(), 'signet-readme-'))
  after(() => rm(data, { recursive: true, force: true }))
  const server = { SIGNET_PORT: String(authPort), SIGNET_DATA_DIR: data, SIGNET_LOG_LEVEL: 'silent' }
  await startScript(['start'], server)
  await startScript(['start', '-w', 'signet-example-express'], { SIGNET_ISSUER: issuer, PORT: String(ordersPort) })

  const lines = (await lifecycle()).replaceAll('localhost:4747', `localhost:${authPort}`)
  const script = `set -u\n${lines.replaceAll('localhost:3000', `localhost:${ordersPort}`)}`
  const run = { cwd: ROOT, env: { ...process.env, ...server }, timeout: 60_000 }
  const { stdout } = await promisify(execFile)('bash', ['-c', script], run)

  const said = [
    /HTTP\/1\.1 401/,
    /"acc_/,
    /refresh_token_reused/,
    /session_ended/,
    /HTTP\/1\.1 200/,
    /HTTP\/1\.1 204/,
    /HTTP\/1\.1 401/,
    /session\.reused/,
    /session\.ended.*because=logout/,
  ]
  let rest = stdout
  for (const pattern of said) {
    const found = pattern.exec(rest)
    assert.ok(found, `${pattern} in\n${stdout}`)
    rest = rest.slice(found.index + found[0].length)
  }
})

/** Starts one of npm's scripts in a process group of its own, and waits until it says that it runs. */
async function startScript(args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  const child: ChildProcess = spawn('npm', ['--silent', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  after(() => child.pid !== undefined && process.kill(-child.pid, 'SIGTERM'))
  assert.ok(child.stdout)
  const started = once(child.stdout, 'data')
  const ended = once(child, 'close').then(([code]) => assert.fail(`npm ${args.join(' ')} ended with ${code}`))
  await Promise.race([started, ended])
}

async function lifecycle(): Promise<string> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const block = /<!-- lifecycle -->\s*```sh\n([\s\S]+?)```/.exec(readme)?.[1]
  assert.ok(block)
  return block
}
