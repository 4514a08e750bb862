import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createVerifier } from '@signet/jwt'
import type { Algorithm } from '@signet/jwt'
import type { AccessTokenClaims } from '@signet/protocol'
import { openSqliteStore } from '../store/sqlite/open.ts'
import type { Store } from '../store/store.ts'
import { loadKeyring } from './keyring.ts'
import type { Keyring, KeyringOptions } from './keyring.ts'
import { createMasterKey } from './master-key.ts'
import { loadServerSecret } from './server-secret.ts'

const T0 = 1_800_000_000
const CLAIMS: AccessTokenClaims = {
  iss: 'https://auth.x.test',
  sub: 'acc_1',
  aud: 'https://auth.x.test',
  exp: T0 + 900,
  iat: T0,
  jti: 'jti',
  sid: 'ses_1',
  client_id: 'signet',
  auth_time: T0,
  amr: ['pwd'],
}
const ALGORITHMS = ['RS256', 'PS256', 'ES256', 'Ed25519', 'HS256'] as const
const SOURCE = { address: '', userAgent: '', requestId: '' }

type Load = (members?: Partial<KeyringOptions>) => Promise<Keyring>

describe('the keyring', () => {
  for (const algorithm of ALGORITHMS) {
    test(`${algorithm}: a key is made at first start, signs what this server trusts, and is there at the next`, () =>
      withStore(async (store, load) => {
        const first = await load({ algorithm })
        const second = await load({ algorithm })
        assert.deepEqual(second.kids(), first.kids())
        for (const issuer of [first, second])
          assert.deepEqual(verify(first, await issuer.issue(CLAIMS), algorithm), CLAIMS)
        assert.deepEqual(
          (await store.events.list({ limit: 10 })).map(({ type }) => type),
          ['key.created'],
        )
      }))
  }

  test('KY-01: the published set has public members only, each with kid, alg and use', () =>
    withStore(async (_, load) => {
      for (const algorithm of ALGORITHMS) await load({ algorithm })
      const keyring = await load({ algorithm: 'RS256' })
      const { keys } = keyring.jwks()
      assert.equal(keys.length, 5)
      assert.equal(new Set(keys.map(({ kid }) => kid)).size, 5)
      for (const key of keys) {
        assert.notEqual(key.kty, 'oct')
        assert.equal(key.use, 'sig')
        assert.ok(key.kid !== undefined && key.alg !== undefined)
        for (const name of Object.keys(key)) {
          assert.ok(['kty', 'kid', 'alg', 'use', 'n', 'e', 'crv', 'x', 'y'].includes(name), name)
        }
      }
    }))

  test('KY-01: an HMAC secret is never published', () =>
    withStore(async (_, load) => {
      const keyring = await load({ algorithm: 'HS256' })
      assert.deepEqual(keyring.jwks(), { keys: [] })
      assert.equal(keyring.kids().length, 1)
    }))

  test('KY-02: in the database’s files there is no private key in clear', () =>
    withFileStore(async (store, load, directory) => {
      for (const algorithm of ALGORITHMS) await load({ algorithm })
      await loadServerSecret(store.secrets, MASTER_KEY, randomBytes)
      const secret = randomBytes(32)
      await load({ algorithm: 'HS256', hmacSecret: secret })
      for (const file of await readdir(directory)) {
        const bytes = await readFile(join(directory, file))
        for (const needle of ['"d":', '"k":', '"p":', secret, secret.toString('base64url'), secret.toString('hex')]) {
          assert.equal(bytes.includes(needle), false, `${file} holds ${String(needle)}`)
        }
        if (file === 'signet.db-wal') assert.ok(bytes.includes('"kty":"RSA"'), 'the search would find it')
      }
    }))

  test('nodes that start at once end with one key', () =>
    withStore(async (store, load) => {
      const keyrings = await Promise.all(Array.from({ length: 4 }, () => load({ algorithm: 'ES256' })))
      assert.equal(new Set(keyrings.flatMap((keyring) => keyring.kids())).size, 1)
      assert.equal((await store.secrets.signingKeys()).length, 1)
      const [one, ...others] = keyrings
      assert.ok(one !== undefined)
      for (const other of others) assert.deepEqual(verify(one, await other.issue(CLAIMS), 'ES256'), CLAIMS)
    }))

  test('another algorithm: a new key takes over, the old one verifies while its tokens live', () =>
    withStore(async (_, load) => {
      const clock = { now: T0 }
      const before = await load({ algorithm: 'ES256' })
      const old = await before.issue(CLAIMS)
      const after = await load({ algorithm: 'Ed25519', now: () => clock.now })
      assert.notDeepEqual(after.kids()[0], before.kids()[0])
      assert.deepEqual(verify(after, await after.issue(CLAIMS), 'Ed25519'), CLAIMS)

      clock.now = T0 + 899
      assert.equal(after.jwks().keys.length, 2)
      assert.deepEqual(verify(after, old, 'ES256'), CLAIMS)
      const { version } = after.keySource

      clock.now = T0 + 900
      assert.equal(after.jwks().keys.length, 1)
      assert.throws(() => verify(after, old, 'ES256'), { code: 'key_unknown' })
      assert.notEqual(after.keySource.version, version)
    }))

  test('a key made for one algorithm never signs or verifies as another', () =>
    withStore(async (_, load) => {
      await load({ algorithm: 'RS256' })
      const keyring = await load({ algorithm: 'PS256' })
      const [, old = ''] = keyring.kids()
      assert.equal(keyring.keySource.select('RS256', old).length, 1)
      assert.equal(keyring.keySource.select('PS256', old).length, 0)
      assert.equal(keyring.keySource.select('HS256', old).length, 0)
    }))

  test('a configured HMAC secret signs, another one replaces it, and the first can come back', () =>
    withStore(async (_, load) => {
      const [one, two] = [randomBytes(32), randomBytes(32)]
      const first = await load({ algorithm: 'HS256', hmacSecret: one })
      const again = await load({ algorithm: 'HS256', hmacSecret: one })
      const second = await load({ algorithm: 'HS256', hmacSecret: two })
      const back = await load({ algorithm: 'HS256', hmacSecret: one })
      assert.deepEqual(again.kids(), first.kids())
      assert.equal(second.kids()[1], first.kids()[0])
      assert.deepEqual(back.kids(), [first.kids()[0], second.kids()[0]])
      assert.deepEqual(verify(second, await first.issue(CLAIMS), 'HS256'), CLAIMS)
    }))

  test('LA-07: an HMAC secret below 32 bytes is refused', () =>
    withStore(async (_, load) => {
      await assert.rejects(load({ algorithm: 'HS256', hmacSecret: randomBytes(31) }), { code: 'key_weak' })
    }))

  test('under another master key nothing starts, and nothing is replaced', () =>
    withStore(async (store, load) => {
      await load({ algorithm: 'ES256' })
      const stored = await store.secrets.signingKeys()
      const other = createMasterKey([randomBytes(32)], randomBytes)
      await assert.rejects(load({ algorithm: 'ES256', masterKey: other }), { code: 'key_unknown' })
      assert.deepEqual(await store.secrets.signingKeys(), stored)
    }))

  test('a sealed key that was put in another key’s row is refused', () =>
    withStore(async (store, load) => {
      await load({ algorithm: 'ES256' })
      await load({ algorithm: 'Ed25519' })
      const keys = await store.secrets.signingKeys()
      const moved = { ...store.secrets, signingKeys: async () => exchangeSealed(keys) }
      await assert.rejects(load({ algorithm: 'Ed25519', secrets: moved }), { code: 'sealed_damaged' })
    }))
})

describe('the server secret', () => {
  test('is made once, also by nodes that start at once, and rests sealed', () =>
    withStore(async (store) => {
      const secrets = await Promise.all(
        Array.from({ length: 8 }, () => loadServerSecret(store.secrets, MASTER_KEY, randomBytes)),
      )
      assert.equal(new Set(secrets.map((secret) => Buffer.from(secret).toString('hex'))).size, 1)
      assert.equal(secrets[0]?.length, 32)
      const other = createMasterKey([randomBytes(32)], randomBytes)
      await assert.rejects(loadServerSecret(store.secrets, other, randomBytes), { code: 'key_unknown' })
    }))
})

const MASTER_KEY = createMasterKey([randomBytes(32)], randomBytes)

function exchangeSealed<Key extends { readonly sealedPrivateJwk: string }>(keys: readonly Key[]): readonly Key[] {
  const sealed = keys.map(({ sealedPrivateJwk }) => sealedPrivateJwk).toReversed()
  return keys.map((key, index) => Object.assign({}, key, { sealedPrivateJwk: sealed[index] }))
}

function verify(keyring: Keyring, token: string, algorithm: Algorithm): unknown {
  const { iss: issuer, aud: audience } = CLAIMS
  const policy = { issuer, audience, algorithms: [algorithm], keys: keyring.keySource, typ: 'at+jwt', now: () => T0 }
  return { ...createVerifier(policy).verify(token).claims }
}

async function withStore(body: (store: Store, load: Load) => Promise<void>): Promise<void> {
  const store = await openSqliteStore({ path: ':memory:' })
  try {
    await body(store, loaderFor(store))
  } finally {
    await store.close()
  }
}

async function withFileStore(body: (store: Store, load: Load, directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-keyring-'))
  const store = await openSqliteStore({ path: join(directory, 'signet.db') })
  try {
    await body(store, loaderFor(store), directory)
  } finally {
    await store.close()
    await rm(directory, { recursive: true })
  }
}

function loaderFor(store: Store): Load {
  return (members) =>
    loadKeyring({
      secrets: store.secrets,
      masterKey: MASTER_KEY,
      algorithm: 'ES256',
      hmacSecret: null,
      retiredKeyTtlSeconds: 900,
      now: () => T0,
      source: SOURCE,
      ...members,
    })
}
