// One table of requests, sent over real connections to every adapter: the same status, challenge and body from each.
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import { generateSigningKey, thumbprint } from '@signet/jwt'
import type { SigningKey } from '@signet/jwt'
import { createDpopProof } from '@signet/jwt/dpop'
import { PROBLEMS, problemOf } from '@signet/protocol'
import type { ProblemCode } from '@signet/protocol'
import { createGuard } from '../guard.ts'
import { createRevocationList } from '../revocation.ts'
import { AUDIENCE, ISSUED_AT, startIssuer } from '../testing/issuer.ts'
import type { TestIssuer } from '../testing/issuer.ts'
import { startServers } from '../testing/servers.ts'
import type { TestServer } from '../testing/servers.ts'

let issuer: TestIssuer
let deadIssuer: TestIssuer
let servers: TestServer[]
let clientKey: SigningKey
let tokens: Record<
  'valid' | 'expired' | 'foreign' | 'wrongAudience' | 'revoked' | 'idToken' | 'writer' | 'admin' | 'bound',
  string
>

before(async () => {
  ;[issuer, deadIssuer, clientKey] = await Promise.all([startIssuer(), startIssuer(), generateSigningKey('ES256')])
  deadIssuer.interfere = (_req, res) => Boolean(res.destroy())
  tokens = {
    valid: issuer.token(),
    expired: issuer.token({ exp: ISSUED_AT - 5 }),
    foreign: issuer.token({ iss: 'https://evil.test' }),
    wrongAudience: issuer.token({ aud: 'https://other.example.com' }),
    revoked: issuer.token({ sid: 'ses_revoked' }),
    idToken: issuer.token({ nonce: 'n' }, { typ: 'JWT' }),
    writer: issuer.token({ scope: 'orders:read orders:write' }),
    admin: issuer.token({ roles: ['admin'] }),
    bound: issuer.token({ cnf: { jkt: thumbprint(clientKey.toPublicJwk()) } }),
  }
  const revocation = createRevocationList()
  revocation.add({ kind: 'session', sid: 'ses_revoked', until: ISSUED_AT + 900 })
  const options = { issuer: issuer.url, audience: AUDIENCE, now: () => ISSUED_AT, revocation }
  servers = await startServers({
    api: createGuard(options),
    app: createGuard({ ...options, cookie: { origins: ['https://app.example.com'] } }),
    cut: createGuard({ ...options, issuer: deadIssuer.url }),
  })
})
after(async () => {
  await Promise.all([...servers, issuer, deadIssuer].map((server) => server.close()))
})

interface Case {
  readonly name: string
  readonly method?: string
  readonly path?: string
  readonly headers: () => readonly (readonly [string, string])[]
  /** Absent: the request is let through. */
  readonly code?: ProblemCode
  readonly credential?: string
}

const bearer = (token: string): [string, string] => ['Authorization', `Bearer ${token}`]
const cookie = (token: string): [string, string] => ['Cookie', `theme=dark; __Host-signet_access=${token}`]

const cases: readonly Case[] = [
  { name: 'GD-01: no credentials', headers: () => [], code: 'token_missing' },
  { name: 'a valid token', headers: () => [bearer(tokens.valid)], credential: 'bearer' },
  {
    name: 'the scheme in lower case',
    headers: () => [['authorization', `bearer ${tokens.valid}`]],
    credential: 'bearer',
  },
  {
    name: 'the header in upper case',
    headers: () => [['AUTHORIZATION', `BEARER ${tokens.valid}`]],
    credential: 'bearer',
  },
  { name: 'GD-02: an expired token', headers: () => [bearer(tokens.expired)], code: 'token_expired' },
  { name: 'GD-02: a token of another issuer', headers: () => [bearer(tokens.foreign)], code: 'token_invalid' },
  { name: 'GD-02: a token for another audience', headers: () => [bearer(tokens.wrongAudience)], code: 'token_invalid' },
  { name: 'GD-02: a revoked token', headers: () => [bearer(tokens.revoked)], code: 'token_revoked' },
  { name: 'GD-02: an ID token', headers: () => [bearer(tokens.idToken)], code: 'token_invalid' },
  {
    name: 'GD-02: a tampered token',
    headers: () => [bearer(`${tokens.valid.slice(0, -4)}AAAA`)],
    code: 'token_invalid',
  },
  { name: 'GD-02: no token at all', headers: () => [bearer('null')], code: 'token_invalid' },
  { name: 'GD-02: the scheme alone', headers: () => [['Authorization', 'Bearer']], code: 'credential_malformed' },
  { name: 'GD-02: a quoted token', headers: () => [bearer(`"${tokens.valid}"`)], code: 'credential_malformed' },
  { name: 'another scheme', headers: () => [['Authorization', 'Basic YTpi']], code: 'token_missing' },
  {
    name: 'GD-03: two headers, the bad one first',
    headers: () => [bearer(tokens.expired), bearer(tokens.valid)],
    code: 'credential_ambiguous',
  },
  {
    name: 'GD-03: two headers, the good one first',
    headers: () => [bearer(tokens.valid), bearer(tokens.expired)],
    code: 'credential_ambiguous',
  },
  {
    name: 'GD-03: the same header twice',
    headers: () => [bearer(tokens.valid), bearer(tokens.valid)],
    code: 'credential_ambiguous',
  },
  {
    name: 'GD-03: Basic and a token',
    headers: () => [['Authorization', 'Basic YTpi'], bearer(tokens.valid)],
    code: 'credential_ambiguous',
  },
  {
    name: 'GD-03: a token in the query',
    path: '/api/orders?access_token=TOKEN',
    headers: () => [],
    code: 'token_missing',
  },
  { name: 'GD-03: a cookie where cookies are not read', headers: () => [cookie(tokens.valid)], code: 'token_missing' },
  {
    name: 'GD-08: identity headers of a proxy',
    headers: () => [
      ['X-User', 'admin'],
      ['X-Forwarded-User', 'admin'],
      ['X-Original-Authorization', `Bearer ${tokens.valid}`],
    ],
    code: 'token_missing',
  },
  { name: 'GD-09: HEAD without token', method: 'HEAD', headers: () => [], code: 'token_missing' },
  { name: 'GD-09: HEAD with a token', method: 'HEAD', headers: () => [bearer(tokens.valid)], credential: 'bearer' },
  {
    name: 'GD-09: a method override',
    method: 'POST',
    headers: () => [['X-HTTP-Method-Override', 'GET']],
    code: 'token_missing',
  },
  {
    name: 'GD-02: a scope the token has not',
    method: 'PUT',
    headers: () => [bearer(tokens.valid)],
    code: 'scope_insufficient',
  },
  { name: 'a scope the token has', method: 'PUT', headers: () => [bearer(tokens.writer)], credential: 'bearer' },
  {
    name: 'a role the token has not',
    path: '/api/admin',
    headers: () => [bearer(tokens.writer)],
    code: 'role_insufficient',
  },
  { name: 'a role the token has', path: '/api/admin', headers: () => [bearer(tokens.admin)], credential: 'bearer' },
  {
    name: 'an unbound token under DPoP',
    headers: () => [['Authorization', `DPoP ${tokens.valid}`]],
    code: 'token_invalid',
  },
  { name: 'a bound token under Bearer', headers: () => [bearer(tokens.bound)], code: 'token_invalid' },
  {
    name: 'a bound token without proof',
    headers: () => [['Authorization', `DPoP ${tokens.bound}`]],
    code: 'dpop_proof_invalid',
  },
  { name: 'the access cookie', path: '/app/orders', headers: () => [cookie(tokens.valid)], credential: 'cookie' },
  {
    name: 'a revoked access cookie',
    path: '/app/orders',
    headers: () => [cookie(tokens.revoked)],
    code: 'token_revoked',
  },
  {
    name: 'two access cookies',
    path: '/app/orders',
    headers: () => [['Cookie', `__Host-signet_access=${tokens.valid}; __Host-signet_access=${tokens.expired}`]],
    code: 'credential_ambiguous',
  },
  {
    name: 'header and cookie together',
    path: '/app/orders',
    headers: () => [bearer(tokens.valid), cookie(tokens.valid)],
    code: 'credential_ambiguous',
  },
  {
    name: 'BR-03: a cookie write from the site itself',
    method: 'POST',
    path: '/app/orders',
    headers: () => [cookie(tokens.valid), ['Sec-Fetch-Site', 'same-origin']],
    credential: 'cookie',
  },
  {
    name: 'BR-03: a cross-site cookie write',
    method: 'POST',
    path: '/app/orders',
    headers: () => [cookie(tokens.valid), ['Sec-Fetch-Site', 'cross-site'], ['Origin', 'https://evil.test']],
    code: 'cross_site_refused',
  },
  {
    name: 'BR-03: a cookie write without signs of origin',
    method: 'POST',
    path: '/app/orders',
    headers: () => [cookie(tokens.valid)],
    code: 'csrf_token_invalid',
  },
  {
    name: 'GD-04: keys that cannot be loaded',
    path: '/cut/orders',
    headers: () => [bearer(tokens.valid)],
    code: 'unavailable',
  },
]

for (const { name, method = 'GET', path = '/api/orders', headers, code, credential } of cases) {
  test(`${name}: every adapter answers ${code ?? 'with the principal'}`, async () => {
    const answers = await Promise.all(
      servers.map(({ url }) => send(method, url + path.replace('TOKEN', tokens.valid), headers())),
    )
    for (const [i, { status, body, headers: received }] of answers.entries()) {
      const where = servers[i]?.name ?? ''
      if (code === undefined) {
        assert.equal(status, 200, where)
        if (method !== 'HEAD') assert.equal(JSON.parse(body).credential, credential, where)
        continue
      }
      assert.equal(status, PROBLEMS[code].status, where)
      assert.equal(received['content-type'], 'application/problem+json', where)
      assert.equal(received['cache-control'], 'no-store', where)
      assert.equal(body, method === 'HEAD' ? '' : JSON.stringify(problemOf(code)), where)
      assert.equal(
        received['www-authenticate'] !== undefined,
        status === 401 || status === 400 || code === 'scope_insufficient' || code === 'role_insufficient',
        where,
      )
    }
    const compared = answers.map(({ status, headers: received, body }) => [
      status,
      received['www-authenticate'],
      received['retry-after'],
      body,
    ])
    for (const answer of compared) assert.deepEqual(answer, compared[0])
  })
}

test('GD-01: the challenge without credentials is the bare scheme, on every adapter', async () => {
  for (const { url, name } of servers) {
    const { headers } = await send('GET', `${url}/api/orders`, [])
    assert.equal(headers['www-authenticate'], 'Bearer', name)
  }
})

test('GD-05: 503 says when to come back, on every adapter', async () => {
  for (const { url, name } of servers) {
    const { headers } = await send('GET', `${url}/cut/orders`, [bearer(tokens.valid)])
    assert.match(headers['retry-after'] ?? '', /^\d+$/, name)
  }
})

test('a proof for the very URL the client asked for passes on every adapter, mounted routes and query included', async () => {
  for (const { url, name } of servers) {
    const target = `${url}/api/orders?page=2`
    const prove = (htu: string, jti: string): [string, string] => [
      'DPoP',
      createDpopProof(clientKey, { method: 'GET', url: htu, jti, now: ISSUED_AT, accessToken: tokens.bound }),
    ]
    const authorization: [string, string] = ['Authorization', `DPoP ${tokens.bound}`]
    const passed = await send('GET', target, [authorization, prove(`${url}/api/orders`, `${name}-1`)])
    assert.equal(passed.status, 200, `${name}: ${passed.body}`)
    assert.equal(JSON.parse(passed.body).credential, 'dpop')
    const replayed = await send('GET', target, [authorization, prove(`${url}/api/orders`, `${name}-1`)])
    assert.equal(JSON.parse(replayed.body).code, 'dpop_proof_invalid', name)
    const cut = await send('GET', target, [authorization, prove(`${url}/orders`, `${name}-2`)])
    assert.equal(JSON.parse(cut.body).code, 'dpop_proof_invalid', name)
    const twice = await send('GET', target, [
      authorization,
      prove(`${url}/api/orders`, `${name}-3`),
      prove(`${url}/api/orders`, `${name}-4`),
    ])
    assert.equal(JSON.parse(twice.body).code, 'dpop_proof_invalid', name)
  }
})

test('GD-10: no refusal of any adapter repeats the token', async () => {
  const tampered = `${tokens.valid.slice(0, -4)}AAAA`
  for (const { url, name } of servers) {
    const { body, headers } = await send('GET', `${url}/api/orders`, [bearer(tampered)])
    assert.ok(!`${JSON.stringify(headers)}${body}`.includes(tampered.slice(0, 16)), name)
  }
})

interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** Header lines go out as they are given, repeated ones too. */
function send(method: string, url: string, headers: readonly (readonly [string, string])[]): Promise<Received> {
  return new Promise((resolve, reject) => {
    const length = method === 'GET' || method === 'HEAD' ? [] : ['Content-Length', '0']
    const lines = [...headers.flat(), 'Host', new URL(url).host, ...length]
    const req = request(url, { method, headers: lines, agent: false }, (res) => {
      const chunks: Buffer[] = []
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('end', () => {
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers as Record<string, string | undefined>,
          body: Buffer.concat(chunks).toString(),
        })
      })
      res.on('error', reject)
    })
    req.on('error', reject)
    req.end()
  })
}
