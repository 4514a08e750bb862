import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { createVerifier } from '@signet/jwt'
import type { Algorithm } from '@signet/jwt'
import type { AccessTokenClaims } from '@signet/protocol'
import type { StoredSigningKey } from '../domain/signing-key.ts'
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
    withStore(async (store, load) => {
      for (const algorithm of ALGORITHMS) await rotateTo(store, load, algorithm)
      const keyring = await rotateTo(store, load, 'RS256')
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
      for (const algorithm of ALGORITHMS) await rotateTo(store, load, algorithm)
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
      assert.equal((await store.signingKeys.list()).length, 1)
      const [one, ...others] = keyrings
      assert.ok(one !== undefined)
      for (const other of others) assert.deepEqual(verify(one, await other.issue(CLAIMS), 'ES256'), CLAIMS)
    }))

  test('KY-03: another algorithm: the key goes on signing until one for the new algorithm was published', () =>
    withStore(async (store, load) => {
      const before = await load({ algorithm: 'ES256' })
      const after = await load({ algorithm: 'Ed25519' })
      assert.deepEqual(after.kids(), before.kids())
      assert.deepEqual(verify(before, await after.issue(CLAIMS), 'ES256'), CLAIMS)

      const next = await publishNext(store, after)
      assert.equal(headerOf(await after.issue(CLAIMS)).alg, 'ES256')
      await store.signingKeys.activate(next.kid, { at: T0, retires: before.kids()[0] ?? '' }, [])
      await after.refresh()
      assert.equal(headerOf(await after.issue(CLAIMS)).alg, 'Ed25519')
    }))

  test('KY-03: a retired key verifies while its tokens live, and leaves by the clock alone', () =>
    withStore(async (store, load) => {
      const clock = { now: T0 }
      const keyring = await load({ now: () => clock.now })
      const old = await keyring.issue(CLAIMS)
      const [kid = ''] = keyring.kids()
      const next = await publishNext(store, keyring)
      await store.signingKeys.activate(next.kid, { at: T0, retires: kid }, [])
      await keyring.refresh()
      await store.close()

      clock.now = T0 + 964
      assert.deepEqual(keyring.kids(), [next.kid, kid])
      assert.deepEqual(verify(keyring, old, 'ES256'), CLAIMS)
      const { version } = keyring.keySource

      clock.now = T0 + 965
      assert.deepEqual(keyring.jwks().keys.length, 1)
      assert.throws(() => verify(keyring, old, 'ES256'), { code: 'key_unknown' })
      assert.notEqual(keyring.keySource.version, version)
    }))

  test('KY-03: the published set holds the pending, the active and the retired key; only the active one signs', () =>
    withStore(async (store, load) => {
      const keyring = await load()
      const [first = ''] = keyring.kids()
      const second = await publishNext(store, keyring)
      await store.signingKeys.activate(second.kid, { at: T0, retires: first }, [])
      const third = await publishNext(store, keyring)
      const published = keyring.jwks().keys.map(({ kid }) => kid)
      assert.deepEqual(published, [second.kid, third.kid, first])
      assert.equal(headerOf(await keyring.issue(CLAIMS)).kid, second.kid)
    }))

  test('KY-03: what another node has done is noticed within 5 s, before anything is signed', () =>
    withStore(async (store, load) => {
      const clock = { now: T0 }
      const [here, there] = await Promise.all([load({ now: () => clock.now }), load({ now: () => clock.now })])
      const [first = ''] = here.kids()
      const next = await publishNext(store, there)
      await store.signingKeys.activate(next.kid, { at: T0, retires: first }, [])
      clock.now = T0 + 4
      assert.equal(headerOf(await here.issue(CLAIMS)).kid, first)
      clock.now = T0 + 5
      assert.equal(headerOf(await here.issue(CLAIMS)).kid, next.kid)
      assert.equal(await here.refresh(), false)
    }))

  test('a clock that was set back does not keep a node from noticing', () =>
    withStore(async (store, load) => {
      const clock = { now: T0 }
      const [here, there] = await Promise.all([load({ now: () => clock.now }), load()])
      const [first = ''] = here.kids()
      const next = await publishNext(store, there)
      await store.signingKeys.activate(next.kid, { at: T0, retires: first }, [])
      clock.now = T0 - 86_400
      assert.equal(headerOf(await here.issue(CLAIMS)).kid, next.kid)
    }))

  test('KY-04: a revoked key is neither published nor trusted from the next look on', () =>
    withStore(async (store, load) => {
      const keyring = await load()
      const [kid = ''] = keyring.kids()
      const stolen = await keyring.issue(CLAIMS)
      const next = await publishNext(store, keyring)
      const change = { at: T0, state: 'active', successor: { kid: next.kid }, revocations: [] } as const
      await store.signingKeys.revoke(kid, change, [])
      assert.equal(await keyring.refresh(), true)
      assert.deepEqual(keyring.kids(), [next.kid])
      assert.throws(() => verify(keyring, stolen, 'ES256'), { code: 'key_unknown' })
    }))

  test('a change to other keys leaves the objects of the rest as they are, so that caches stay warm', () =>
    withStore(async (store, load) => {
      const keyring = await load()
      const [kid] = keyring.kids()
      const before = keyring.keySource.select('ES256', kid)
      const set = keyring.jwks()
      assert.equal(keyring.jwks(), set)
      await publishNext(store, keyring)
      assert.notEqual(keyring.jwks(), set)
      assert.equal(keyring.keySource.select('ES256', kid)[0], before[0])
    }))

  test('signatures under way while the key changes come out whole, with one key or the other', () =>
    withStore(async (store, load) => {
      const keyring = await load({ algorithm: 'RS256' })
      const [first = ''] = keyring.kids()
      const next = await publishNext(store, keyring)
      const before = Array.from({ length: 16 }, () => keyring.issue(CLAIMS))
      await store.signingKeys.activate(next.kid, { at: T0, retires: first }, [])
      const looking = keyring.refresh()
      const after = Array.from({ length: 16 }, () => keyring.issue(CLAIMS))
      await looking
      for (const token of await Promise.all([...before, ...after])) {
        assert.deepEqual(verify(keyring, token, 'RS256'), CLAIMS)
      }
    }))

  test('how long tokens live is remembered with the key that signs them, and only grows', () =>
    withStore(async (store, load) => {
      for (const [tokenSeconds, remembered] of [
        [900, 900],
        [3600, 3600],
        [60, 3600],
      ] as const) {
        await load({ tokenSeconds })
        assert.equal((await store.signingKeys.list())[0]?.tokenSeconds, remembered)
      }
    }))

  test('a key made for one algorithm never signs or verifies as another', () =>
    withStore(async (store, load) => {
      await load({ algorithm: 'RS256' })
      const keyring = await load({ algorithm: 'PS256' })
      await publishNext(store, keyring)
      const [old] = keyring.kids()
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
      const stored = await store.signingKeys.list()
      const other = createMasterKey([randomBytes(32)], randomBytes)
      await assert.rejects(load({ algorithm: 'ES256', masterKey: other }), { code: 'key_unknown' })
      assert.deepEqual(await store.signingKeys.list(), stored)
    }))

  test('a sealed key that was put in another key’s row is refused', () =>
    withStore(async (store, load) => {
      await publishNext(store, await load())
      const exchanged = exchangeSealed(await store.signingKeys.list())
      const keys = { ...store.signingKeys, list: async () => exchanged }
      await assert.rejects(load({ keys }), { code: 'sealed_damaged' })
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

/** What a server does in days: makes a key for the algorithm and lets it take over. */
async function rotateTo(store: Store, load: Load, algorithm: Algorithm): Promise<Keyring> {
  const keyring = await load({ algorithm })
  const active = (await store.signingKeys.list()).find(({ state }) => state === 'active')
  if (active === undefined || active.alg === algorithm) return keyring
  const { kid } = await publishNext(store, keyring)
  await store.signingKeys.activate(kid, { at: T0, retires: active.kid }, [])
  await keyring.refresh()
  return keyring
}

async function publishNext(store: Store, keyring: Keyring): Promise<StoredSigningKey> {
  const key = await keyring.create('pending')
  const active = (await store.signingKeys.list()).find(({ state }) => state === 'active')
  assert.equal(await store.signingKeys.publish(key, active?.kid ?? null, []), true)
  await keyring.refresh()
  return key
}

function headerOf(token: string): { readonly alg?: string; readonly kid?: string } {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8'))
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
      mayCreate: true,
      keys: store.signingKeys,
      masterKey: MASTER_KEY,
      algorithm: 'ES256',
      hmacSecret: null,
      tokenSeconds: 900,
      now: () => T0,
      source: SOURCE,
      ...members,
    })
}
