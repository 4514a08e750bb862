import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createGuardCredential } from '../src/flows/create-guard-credential.ts'
import { openSqliteStore } from '../src/store/sqlite/open.ts'
import { PASSWORD, claimsOf, disable, login, refresh, signUp, tokensOf } from './support/people.ts'
import type { SignedIn } from './support/people.ts'
import { startFollowingGuard } from './support/following-guard.ts'
import { startServer } from './support/server.ts'
import type { TestServer } from './support/server.ts'

const OPEN = { settings: { port: 0, revocationFeed: 'open' } }

/** Ways a session ends, and what is over with them. */
const ENDINGS: readonly Ending[] = [
  {
    name: 'SE-01: after logout',
    end: async (server, { refreshToken }) => {
      assert.equal((await server.call('/auth/logout', { body: { refresh_token: refreshToken } })).status, 204)
    },
    spares: ['other', 'stranger'],
  },
  {
    name: 'SE-02: after signing out everywhere',
    end: async (server, { accessToken }) => {
      assert.equal((await server.call('/auth/logout/all', { method: 'POST', token: accessToken })).status, 204)
    },
    spares: ['stranger'],
  },
  {
    name: 'SE-09: after ending one session from another',
    end: async (server, person, other) => {
      const path = `/auth/sessions/${String(claimsOf(person.accessToken)['sid'])}`
      assert.equal((await server.call(path, { method: 'DELETE', token: other.accessToken })).status, 204)
    },
    spares: ['other', 'stranger'],
  },
  {
    name: 'PW-12: after a password change elsewhere',
    end: async (server, _person, other) => {
      const body = { current_password: PASSWORD, new_password: 'a lantern and four gulls' }
      assert.equal((await server.call('/auth/password', { body, token: other.accessToken })).status, 204)
    },
    spares: ['other', 'stranger'],
  },
  {
    name: 'SE-06: after the account was disabled',
    end: async (server, { accessToken }) => {
      await disable(server, String(claimsOf(accessToken)['sub']))
    },
    spares: ['stranger'],
  },
  {
    name: 'SE-06: after the account was deleted',
    end: async (server, { accessToken }) => {
      const call = { method: 'DELETE', token: accessToken, body: { password: PASSWORD } } as const
      assert.equal((await server.call('/auth/me', call)).status, 204)
    },
    spares: ['stranger'],
  },
  {
    name: 'RT-02: after a refresh token was used twice',
    end: async (server, person) => {
      const second = await refresh(server, person.refreshToken)
      assert.equal((await refresh(server, tokensOf(second).refreshToken)).status, 200)
      assert.equal((await refresh(server, person.refreshToken)).code, 'refresh_token_reused')
    },
    spares: ['other', 'stranger'],
  },
  {
    name: 'RV-02: after its refresh token was revoked',
    end: async (server, { refreshToken }) => {
      assert.equal((await revoke(server, { token: refreshToken })).status, 200)
    },
    spares: ['other', 'stranger'],
  },
]

interface Ending {
  readonly name: string
  end(server: TestServer, person: SignedIn, other: SignedIn): Promise<void>
  readonly spares: readonly ('other' | 'stranger')[]
}

describe('every guard refuses', () => {
  for (const { name, end, spares } of ENDINGS) {
    test(name, async (t) => {
      const server = await startServer(t, OPEN)
      const { url } = await server.listen()
      const guards = await Promise.all([1, 2, 3].map(() => startFollowingGuard(t, server, url)))
      const person = await signUp(server, 'ada@example.com')
      const people = {
        other: await login(server, 'ada@example.com'),
        stranger: await signUp(server, 'eve@example.com'),
      }
      for (const guard of guards) assert.equal(await guard.accepts(person.accessToken), true)

      await end(server, person, people.other)
      for (const guard of guards) {
        await guard.caughtUp()
        assert.equal(await guard.accepts(person.accessToken), false)
        for (const who of ['other', 'stranger'] as const) {
          assert.equal(await guard.accepts(people[who].accessToken), spares.includes(who), who)
        }
      }
      assert.notEqual((await refresh(server, person.refreshToken)).status, 200)
    })
  }

  test('SE-02: but not a login in the second in which every session ended, however many there were', async (t) => {
    const server = await startServer(t, OPEN)
    const { url } = await server.listen()
    const guard = await startFollowingGuard(t, server, url)
    const first = await signUp(server, 'ada@example.com')
    const sessions = [first]
    for (let index = 0; index < 9; index++) {
      server.clock.now++
      sessions.push(await login(server, 'ada@example.com'))
    }
    await server.call('/auth/logout/all', { method: 'POST', token: first.accessToken })
    const fresh = await login(server, 'ada@example.com')
    await guard.caughtUp()
    for (const { accessToken } of sessions) assert.equal(await guard.accepts(accessToken), false)
    assert.equal(await guard.accepts(fresh.accessToken), true)
    const listed = await server.context.store.revocations.since(0, 100)
    assert.equal(listed.map(({ entry }) => entry.kind).join(' '), 'subject session')
  })

  test('RV-05: with the credential that a closed feed asks for', async (t) => {
    const server = await startServer(t, { settings: { port: 0 } })
    const { url } = await server.listen()
    const { credential } = await createGuardCredential(server.context, { name: 'orders', audience: null }, SOURCE)
    const guard = await startFollowingGuard(t, server, url, credential)
    const person = await signUp(server, 'ada@example.com')
    assert.equal(await guard.accepts(person.accessToken), true)
    await server.call('/auth/logout', { body: { refresh_token: person.refreshToken } })
    await guard.caughtUp()
    assert.equal(await guard.accepts(person.accessToken), false)
    assert.equal(server.feed.connectedGuards()[0]?.name, 'orders')
  })

  test('RV-06: what was revoked while the server was away, once it is back; and nothing is forgotten', async (t) => {
    const before = await startServer(t, OPEN)
    const { url } = await before.listen()
    const guard = await startFollowingGuard(t, before, url)
    const person = await signUp(before, 'ada@example.com')
    const [early, late] = [await login(before, 'ada@example.com'), await login(before, 'ada@example.com')]
    await before.call('/auth/logout', { body: { refresh_token: early.refreshToken } })
    await guard.caughtUp()
    await before.close()
    const beside = await openSqliteStore({ path: `${before.directory}/signet.db` })
    const sid = String(claimsOf(late.accessToken)['sid'])
    const entries = [{ kind: 'session' as const, sid, until: before.clock.now + 960 }]
    await beside.revocations.add({ at: before.clock.now, entries }, [])
    await beside.close()
    assert.equal(await guard.accepts(early.accessToken), false)
    assert.equal(await guard.accepts(late.accessToken), true)

    const settings = { ...OPEN.settings, port: Number(new URL(url).port) }
    const after = await startServer(t, { settings, directory: before.directory })
    await after.listen()
    await guard.caughtUp(after)
    for (const [{ accessToken }, accepted] of [
      [early, false],
      [late, false],
      [person, true],
    ] as const) {
      assert.equal(await guard.accepts(accessToken), accepted)
    }
  })

  test('a token issued before its lifetime was shortened stays refused until it would have expired', async (t) => {
    const before = await startServer(t, { settings: { accessTokenTtlSeconds: 3600 } })
    const person = await signUp(before, 'ada@example.com')
    await before.close()
    const after = await startServer(t, { settings: { accessTokenTtlSeconds: 60 }, directory: before.directory })
    await after.call('/auth/logout', { body: { refresh_token: person.refreshToken } })
    const [listed] = await after.context.store.revocations.since(0, 10)
    assert.equal(listed?.entry.until, Number(claimsOf(person.accessToken)['exp']) + 60)
  })
})

describe('RFC 7009', () => {
  test('RV-01: unknown, expired and already revoked tokens are answered like the first time', async (t) => {
    const server = await startServer(t)
    const { accessToken, refreshToken } = await signUp(server, 'ada@example.com')
    const answers = []
    for (const token of ['nonsense', 'a.b.c', accessToken, accessToken, refreshToken, refreshToken, accessToken]) {
      answers.push(await revoke(server, { token, token_type_hint: 'nonsense' }))
    }
    server.clock.now += 10_000
    answers.push(await revoke(server, { token: accessToken }))
    for (const { status, text } of answers) assert.deepEqual([status, text], [200, ''])
    assert.equal((await server.context.store.revocations.since(0, 100)).length, 2)
  })

  test('RV-02: an access token ends alone, at this server too, and its session goes on', async (t) => {
    const server = await startServer(t, OPEN)
    const { url } = await server.listen()
    const guard = await startFollowingGuard(t, server, url)
    const person = await signUp(server, 'ada@example.com')
    assert.equal((await revoke(server, { token: person.accessToken, client_id: 'signet' })).status, 200)
    assert.equal((await server.call('/auth/me', { token: person.accessToken })).code, 'token_revoked')
    await guard.caughtUp()
    assert.equal(await guard.accepts(person.accessToken), false)
    server.clock.now++
    const next = await refresh(server, person.refreshToken)
    assert.equal(next.status, 200)
    assert.equal(await guard.accepts(tokensOf(next).accessToken), true)
  })

  test('RV-02: a refresh token of any generation ends its session', async (t) => {
    const server = await startServer(t)
    const person = await signUp(server, 'ada@example.com')
    const next = tokensOf(await refresh(server, person.refreshToken))
    assert.equal((await revoke(server, { token: person.refreshToken })).status, 200)
    assert.equal((await refresh(server, next.refreshToken)).code, 'session_ended')
  })

  test('RV-01: a client cannot revoke the token of another, nor can one that is not known', async (t) => {
    const server = await startServer(t, { settings: { clients: ['web', 'mobile'] } })
    const { accessToken, refreshToken } = await signUp(server, 'ada@example.com')
    for (const token of [accessToken, refreshToken]) {
      const other = await revoke(server, { token, client_id: 'mobile' })
      assert.deepEqual([other.status, other.json['error']], [400, 'invalid_grant'])
      const unknown = await revoke(server, { token, client_id: 'stranger' })
      assert.deepEqual([unknown.status, unknown.json['error']], [401, 'invalid_client'])
      assert.notEqual(unknown.headers['www-authenticate'], undefined)
    }
    assert.equal((await refresh(server, refreshToken)).status, 200)
  })

  for (const [name, call] of [
    ['JSON', { body: { token: 'x' } }],
    ['text', { body: 'token=x', type: 'text/plain' }],
    ['multipart', { body: 'token=x', type: 'multipart/form-data; boundary=x' }],
    ['UTF-16', { body: 'token=x', type: 'application/x-www-form-urlencoded; charset=utf-16' }],
  ] as const) {
    test(`TR-05: ${name} is refused where a form is wanted`, async (t) => {
      const server = await startServer(t)
      const answer = await server.call('/oauth/revoke', call)
      assert.deepEqual([answer.status, answer.json['error']], [415, 'invalid_request'])
    })
  }

  test('TR-05: a form is refused wherever JSON is wanted', async (t) => {
    const server = await startServer(t)
    for (const path of ['/auth/login', '/auth/logout', '/auth/refresh', '/auth/register']) {
      assert.equal((await form(server, path, { email: 'x' })).status, 415, path)
    }
  })

  test('errors are in the form of RFC 6749, and a parameter sent twice is one of them', async (t) => {
    const server = await startServer(t)
    const bodies = ['', 'token=', 'token=a&token=b', 'token=%FF', 'x=y']
    for (const body of bodies) {
      const answer = await server.call('/oauth/revoke', { body, type: FORM })
      assert.deepEqual([answer.status, answer.json['error'], answer.code], [400, 'invalid_request', undefined], body)
      assert.match(String(answer.headers['content-type']), /^application\/json/)
      assert.equal(answer.headers['cache-control'], 'no-store')
    }
    assert.equal((await form(server, '/oauth/revoke', { token: 'x'.repeat(20_000) })).status, 413)
    assert.equal((await server.call('/oauth/revoke')).status, 405)
  })
})

describe('RFC 7662', () => {
  const ORDERS = 'https://orders.example.com'
  const settings = { audiences: [ORDERS, 'https://mail.example.com'], scopes: ['read'] }

  async function startWithGuard(t: Parameters<typeof startServer>[0], audience: string | null) {
    const server = await startServer(t, { settings })
    const { credential } = await createGuardCredential(server.context, { name: 'orders-api', audience }, SOURCE)
    const introspect = (token: string, authorization = `Bearer ${credential}`) =>
      form(server, '/oauth/introspect', { token }, { authorization })
    return { server, credential, introspect }
  }

  test('a live token is described, for a guard that shows its credential either way', async (t) => {
    const { server, credential, introspect } = await startWithGuard(t, ORDERS)
    await signUp(server, 'ada@example.com')
    const { accessToken } = await login(server, 'ada@example.com', { resource: ORDERS })
    const { status, json } = await introspect(accessToken)
    assert.equal(status, 200)
    assert.deepEqual(json, { active: true, token_type: 'Bearer', ...claimsOf(accessToken) })
    const basic = `Basic ${Buffer.from(`orders-api:${credential}`).toString('base64')}`
    assert.deepEqual((await introspect(accessToken, basic)).json, json)
  })

  test('RV-04: seven kinds of dead tokens get the same answer, to the byte', async (t) => {
    const { server, introspect } = await startWithGuard(t, ORDERS)
    const tokens: Record<string, string> = { unknown: 'nonsense' }
    const ada = await signUp(server, 'ada@example.com')
    const signIn = () => login(server, 'ada@example.com', { resource: ORDERS })
    tokens['expired'] = (await signIn()).accessToken
    server.clock.now += 900
    tokens['for another audience'] = (await login(server, 'ada@example.com')).accessToken
    tokens['a refresh token'] = (await signIn()).refreshToken
    const revoked = await signIn()
    await revoke(server, { token: revoked.accessToken })
    tokens['revoked'] = revoked.accessToken
    const ended = await signIn()
    await server.call('/auth/logout', { body: { refresh_token: ended.refreshToken } })
    tokens['of an ended session'] = ended.accessToken
    const live = (await signIn()).accessToken
    tokens['with another signature'] = `${live.slice(0, live.lastIndexOf('.'))}.${ada.accessToken.split('.')[2] ?? ''}`
    for (const [kind, token] of Object.entries(tokens)) {
      const { status, text, headers } = await introspect(token)
      assert.deepEqual([status, text], [200, '{"active":false}'], kind)
      assert.equal(headers['cache-control'], 'no-store')
    }
    assert.equal((await introspect(live)).json['active'], true)
  })

  test('a credential for every audience learns about every audience', async (t) => {
    const { server, introspect } = await startWithGuard(t, null)
    const { accessToken } = await signUp(server, 'ada@example.com')
    assert.equal((await introspect(accessToken)).json['active'], true)
  })

  test('RV-04: nobody is told anything without a credential in force', async (t) => {
    const { server, credential, introspect } = await startWithGuard(t, null)
    const { accessToken } = await signUp(server, 'ada@example.com')
    const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
    const refused = [
      '',
      'Bearer',
      `Bearer ${accessToken}`,
      `Bearer ${credential}x`,
      basic(credential),
      basic(`mail-api:${credential}`),
      basic('orders-api:'),
      `Digest ${credential}`,
    ]
    for (const authorization of refused) {
      const answer = await introspect(accessToken, authorization)
      assert.deepEqual([answer.status, answer.json['error']], [401, 'invalid_client'], authorization)
      assert.match(String(answer.headers['www-authenticate']), /^Basic .*Bearer/)
    }
    const [stored] = await server.context.store.guardCredentials.list()
    await server.context.store.guardCredentials.revoke(stored?.id ?? '', server.clock.now, [])
    assert.equal((await introspect(accessToken)).status, 401)
    for (const line of server.logged) assert.ok(!line.includes(credential))
  })
})

const FORM = 'application/x-www-form-urlencoded'
const SOURCE = { address: 'local', userAgent: 'test', requestId: 'test' }

function form(
  server: TestServer,
  path: string,
  parameters: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
) {
  return server.call(path, { body: new URLSearchParams(parameters).toString(), type: FORM, headers })
}

function revoke(server: TestServer, parameters: Readonly<Record<string, string>>) {
  return form(server, '/oauth/revoke', parameters)
}
