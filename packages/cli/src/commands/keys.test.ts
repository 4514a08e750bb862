import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { outputUntil, runSignet, startSignet } from '../testing/run-signet.ts'

/** What `keys list --json` shows. */
interface Overview {
  readonly keys: readonly { readonly kid: string; readonly state: string }[]
  readonly nextRotationAt: number | null
  readonly rotation: { readonly pending: string; readonly notBefore: number } | null
}

describe('signet keys, beside a running server', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'signet-keys-'))
  const data = join(directory, 'data')
  const env = { SIGNET_DATA_DIR: data, SIGNET_PORT: '0', SIGNET_ALGORITHM: 'ES256' }
  const server: ChildProcess = startSignet(['start'], env)
  const said = await outputUntil(server, /accounts create/)
  const jwksUrl = /keys +(http\S+)/.exec(said)?.[1] ?? ''
  after(async () => {
    server.kill('SIGTERM')
    await once(server, 'close')
    await rm(directory, { recursive: true, force: true })
  })

  const keys = (...args: readonly string[]) => runSignet(['keys', ...args], { env })
  const overview = async (): Promise<Overview> => JSON.parse((await keys('list', '--json')).stdout)
  const active = async (): Promise<string> => (await overview()).keys.find(({ state }) => state === 'active')?.kid ?? ''
  /** Asks the server until it publishes exactly these keys; a test that never sees them times out. */
  const untilPublished = async (kids: readonly string[]): Promise<void> => {
    for (;;) {
      const set = (await (await fetch(jwksUrl)).json()) as { keys: readonly { kid: string }[] }
      const published = new Set(set.keys.map(({ kid }) => kid))
      if (published.size === kids.length && kids.every((kid) => published.has(kid))) return
    }
  }

  test('list shows the first key and when the next one comes', async () => {
    const { stdout, exitCode } = await keys('list')
    assert.equal(exitCode, 0)
    assert.match(stdout, /^[\w-]{43} {2}ES256 {4}active {3}signs since \d{4}-\d\d-\d\dT[\d:]{8}Z\n/)
    assert.match(stdout, /The next rotation begins \d{4}-/)
  })

  test('rotate --dry-run says what would happen and does nothing', async () => {
    const before = await overview()
    const { stdout } = await keys('rotate', '--dry-run')
    assert.match(stdout, /^Would publish a new key now\.\nIt signs at \d{4}.* No connected guard lacks it\.\n$/)
    const json = JSON.parse((await keys('rotate', '--dry-run', '--json')).stdout)
    assert.deepEqual([json.dryRun, json.pending, json.waitsFor], [true, null, []])
    assert.deepEqual(await overview(), before)
  })

  test('KY-03: rotate publishes a key that the running server shows within a second or so, and does not sign with', async () => {
    const signs = await active()
    const { stdout } = await keys('rotate')
    const pending = /^Published key ([\w-]{43})\./.exec(stdout)?.[1] ?? ''
    await untilPublished([signs, pending])
    assert.equal(await active(), signs)
    assert.equal((await overview()).rotation?.pending, pending)
    assert.match((await keys('rotate')).stdout, new RegExp(`^Key ${pending} was published already`))
    assert.match((await keys('rotate', '--dry-run')).stdout, /^Would do nothing: key /)
  })

  test('KY-04: revoke withdraws the active key from the running server, and the pending one takes over', async () => {
    const stolen = await active()
    const pending = (await overview()).rotation?.pending ?? ''
    const { stdout, exitCode } = await keys('revoke', stolen)
    assert.equal(exitCode, 0)
    assert.match(stdout, new RegExp(`Key ${pending} signs now`))
    await untilPublished([pending])
    for (const unknown of ['no-such-key', '-no-such-key', '-hno-such-key']) {
      const nobody = await keys('revoke', unknown)
      assert.equal(nobody.exitCode, 1, unknown)
      assert.doesNotMatch(nobody.stderr, /\n\s+at /)
    }
    assert.equal((await keys('revoke', '--jsn', 'no-such-key')).exitCode, 2)
  })

  test('KY-02: rewrap seals everything under a key put on top of master.key; the old line can go', async () => {
    const file = join(data, 'master.key')
    const old = await readFile(file, 'utf8')
    const added = `${randomBytes(32).toString('hex')}\n`
    await writeFile(file, added + old)
    assert.match((await keys('rewrap')).stdout, /^2 of 2 stored secrets sealed anew/)
    assert.deepEqual(JSON.parse((await keys('rewrap', '--json')).stdout), { resealed: 0, total: 2 })
    await writeFile(file, added)
    await untilPublished([await active()])
    assert.equal((await keys('list')).exitCode, 0)
    await writeFile(file, old)
    const { exitCode, stderr } = await keys('list')
    assert.equal(exitCode, 1)
    assert.match(stderr, /another master key/)
    await writeFile(file, added)
  })

  test('LA-01: what was done is in the log, and that it was done from the command line', async () => {
    const { stdout } = await runSignet(['events', '--json'], { env })
    const events = stdout
      .trim()
      .split('\n')
      .map((line): { type: string; source: { userAgent: string } } => JSON.parse(line))
    const fromHere = events.filter(({ source }) => source.userAgent === 'signet command line').map(({ type }) => type)
    assert.deepEqual(fromHere, [
      'key.published',
      'key.revoked',
      'key.activated',
      'secrets.resealed',
      'secrets.resealed',
    ])
  })
})
