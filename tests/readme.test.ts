import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const HAS_SHELL = process.platform !== 'win32'

test('the lines of the README do what they say', { skip: HAS_SHELL ? false : 'needs bash and curl' }, async () => {
  const [authPort, ordersPort] = [await freePort(), await freePort()]
  const issuer = `http://localhost:${authPort}`
  const data = await mkdtemp(join(tmpdir(), 'signet-readme-'))
  after(() => rm(data, { recursive: true, force: true }))
  const env = { ...process.env, SIGNET_PORT: String(authPort), SIGNET_DATA_DIR: data, SIGNET_LOG_LEVEL: 'silent' }
  const server = spawn('npm', ['start', '-s'], { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'inherit'], detached: true })
  after(() => server.pid !== undefined && process.kill(-server.pid, 'SIGTERM'))
  await once(server.stdout, 'data')

  const lines = (await lifecycle())
    .replaceAll('localhost:4747', `localhost:${authPort}`)
    .replaceAll('localhost:3000', `localhost:${ordersPort}`)
    .replace('PORT=3000', `PORT=${ordersPort} ISSUER=${issuer} AUDIENCE=${issuer}`)
    .replace('sleep 3', `until curl -so /dev/null localhost:${ordersPort}; do sleep 0.1; done`)
  // The example runs in the background; it must not outlive the script.
  const script = `set -u\ntrap 'kill $(jobs -p) 2>/dev/null' EXIT\n${lines}`
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { cwd: ROOT, env, timeout: 60_000 })

  const said = [
    /HTTP\/1\.1 401/,
    /"acc_/,
    /refresh_token_reused/,
    /session_ended/,
    /HTTP\/1\.1 204/,
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

async function lifecycle(): Promise<string> {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8')
  const block = /<!-- lifecycle -->\s*```sh\n([\s\S]+?)```/.exec(readme)?.[1]
  assert.ok(block)
  return block
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}
