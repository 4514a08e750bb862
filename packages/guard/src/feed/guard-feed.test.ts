import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, test } from 'node:test'
import { REVOCATION_FEED_METADATA } from '@signet/protocol'
import { GuardError } from '../errors.ts'
import { createGuard, createGuardIn } from '../guard.ts'
import type { Guard } from '../guard.ts'
import type { GuardOptions } from '../options.ts'
import type { Principal } from '../principal.ts'
import type { GuardRequest } from '../request.ts'
import { requireScope } from '../requirement.ts'
import { AUDIENCE, ISSUED_AT, startIssuer } from '../testing/issuer.ts'
import type { TestIssuer } from '../testing/issuer.ts'
import type { GuardFeedOptions } from './feed-options.ts'
import { onStale } from './on-stale.ts'
import { startFeed } from './testing/feed-server.ts'
import type { TestFeed } from './testing/feed-server.ts'
import { hurriedRuntime, until } from './testing/runtime.ts'

let issuer: TestIssuer
let feed: TestFeed
/** What the issuer's metadata says beside its keys. */
let metadata: Record<string, string>
let introspect: (req: IncomingMessage, body: string, res: ServerResponse) => void
let asked: { readonly authorization: string | undefined; readonly body: string }[]
let steady: number
const guards: Guard[] = []

beforeEach(async () => {
  issuer = await startIssuer()
  feed = await startFeed()
  metadata = {
    // On the issuer's own origin: the issuer passes it on.
    [REVOCATION_FEED_METADATA]: `${issuer.url}/auth/revocations`,
    introspection_endpoint: `${issuer.url}/oauth/introspect`,
  }
  asked = []
  steady = 0
  introspect = (_req, _body, res) => res.end('{"active":true}')
  issuer.interfere = answerInstead
})
afterEach(async () => {
  for (const guard of guards.splice(0)) guard.close()
  await Promise.all([issuer.close(), feed.close()])
})

function answerInstead(req: IncomingMessage, res: ServerResponse): boolean {
  if (req.url === '/.well-known/oauth-authorization-server') {
    res.writeHead(200, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks.json`, ...metadata }))
    return true
  }
  if (req.url !== '/oauth/introspect') return false
  let body = ''
  req.setEncoding('utf8')
  req.on('data', (text: string) => {
    body += text
  })
  req.on('end', () => {
    asked.push({ authorization: req.headers.authorization, body })
    introspect(req, body, res)
  })
  return true
}

/** A guard whose requests for the feed reach the feed's server, and whose steady clock stands still. */
function guardOf(options: Partial<GuardOptions> = {}): Guard {
  const fetch: typeof globalThis.fetch = (input, init) =>
    globalThis.fetch(String(input).endsWith('/auth/revocations') ? feed.url : input, init)
  const world = hurriedRuntime(5, { fetch, now: () => ISSUED_AT, monotonic: () => steady })
  // Long enough for a busy machine; a test of the wait itself gives its own.
  const patient = { firstSnapshotTimeoutSeconds: 50 }
  const isFollowing = options.feed !== false && (options.feed !== undefined || options.keys === undefined)
  const guard = createGuardIn(world, {
    issuer: issuer.url,
    audience: AUDIENCE,
    now: () => ISSUED_AT,
    ...options,
    ...(isFollowing ? { feed: { ...patient, ...options.feed } } : {}),
  })
  guards.push(guard)
  return guard
}

function bearer(token: string): GuardRequest {
  const headers: Record<string, string> = { authorization: `Bearer ${token}` }
  return { method: 'GET', url: '/', scheme: 'http', host: 'api.example.com', header: (name) => headers[name] }
}

async function refusedWith(code: string, decide: () => Principal | Promise<Principal>): Promise<GuardError> {
  try {
    await decide()
  } catch (error) {
    assert.ok(error instanceof GuardError, String(error))
    assert.equal(error.code, code)
    return error
  }
  assert.fail(`admitted instead of ${code}`)
}

/** Cuts the feed for good and lets it grow old. */
async function makeStale(guard: Guard): Promise<void> {
  await until(() => guard.health().revocation.connected === true)
  await until(() => guard.health().revocation.lastError === null)
  feed.interfere = (_, res) => res.destroy() !== undefined
  feed.drop('destroy')
  await until(() => guard.health().revocation.connected === false)
  steady += 15_001
}

test('a guard finds the feed in the metadata and refuses what was revoked before and after it came', async () => {
  const [early, late, fine] = [issuer.token({ jti: 'early' }), issuer.token({ sid: 'late' }), issuer.token()]
  feed.entries.push({ kind: 'token', jti: 'early', until: ISSUED_AT + 960 })
  const guard = guardOf()
  await refusedWith('token_revoked', () => guard.authenticate(bearer(early)))
  assert.ok(!(guard.authenticate(bearer(late)) instanceof Promise), 'no I/O any more')
  guard.authenticate(bearer(fine))
  await until(() => feed.openStreams > 0)
  feed.revoke({ kind: 'session', sid: 'late', until: ISSUED_AT + 960 })
  await until(() => guard.health().revocation.entries === 2)
  await refusedWith('token_revoked', () => guard.authenticate(bearer(late)))
  guard.authenticate(bearer(fine))
  assert.equal(issuer.requests.filter((path) => path.startsWith('/.well-known')).length, 1)
})

test('VF-15: a token in the verified-token cache is refused from the entry on, of whatever kind it is', async () => {
  const guard = guardOf()
  await guard.ready()
  await until(() => feed.openStreams > 0)
  const kid = issuer.keys[0]?.kid ?? ''
  const until960 = ISSUED_AT + 960
  const cases = [
    [{ jti: 'a' }, { kind: 'token', jti: 'a', until: until960 }],
    [{ sid: 'b' }, { kind: 'session', sid: 'b', until: until960 }],
    [{ sub: 'c' }, { kind: 'subject', sub: 'c', before: ISSUED_AT + 1, until: until960 }],
    [{ sub: 'd' }, { kind: 'key', kid, until: until960 }],
  ] as const
  for (const [index, [claims, revocation]] of cases.entries()) {
    const token = issuer.token(claims)
    for (let i = 0; i < 3; i++) guard.authenticate(bearer(token))
    feed.revoke(revocation)
    await until(() => guard.health().revocation.entries === index + 1)
    await refusedWith('token_revoked', () => guard.authenticate(bearer(token)))
    await refusedWith('token_revoked', () => guard.authenticate(bearer(token)))
  }
})

test('a guard asks the list once for a token while nothing is added, and each time of a list without version', () => {
  const keys = issuer.keys.map((key) => key.toVerificationKey())
  const source = { select: () => keys, version: 0 }
  for (const [version, expected] of [
    [7, 1],
    [undefined, 3],
  ] as const) {
    let looked = 0
    const revocation = {
      isRevoked: () => {
        looked += 1
        return false
      },
      health: () => ({ entries: 0 }),
      ...(version === undefined ? {} : { version }),
    }
    const options = { issuer: issuer.url, audience: AUDIENCE, now: () => ISSUED_AT, keys: source, revocation }
    const guard = createGuard(options)
    const token = issuer.token()
    for (let i = 0; i < 3; i++) guard.authenticate(bearer(token))
    assert.equal(looked, expected)
  }
})

test('GD-06: by default a stale guard accepts and says that it is stale', async () => {
  const guard = guardOf()
  await guard.ready()
  await makeStale(guard)
  guard.authenticate(bearer(issuer.token()))
  const { stalenessSeconds, lastError, cursor } = guard.health().revocation
  assert.equal(stalenessSeconds, 15.001)
  assert.notEqual(lastError, null)
  assert.equal(cursor, '1.0')
})

test('GD-06: a strict route refuses at once when the feed is stale, and admits again when it is back', async () => {
  const guard = guardOf()
  await guard.ready()
  const token = issuer.token({ scope: 'a' })
  const strict = [requireScope('a'), onStale('reject')]
  guard.authenticate(bearer(token), strict)
  await makeStale(guard)
  const refusal = await refusedWith('unavailable', () => guard.authenticate(bearer(token), strict))
  assert.equal(refusal.status, 503)
  assert.equal(refusal.challenge, undefined)
  guard.authenticate(bearer(token), [requireScope('a')])
  await refusedWith('token_invalid', () => guard.authenticate(bearer(`${token.slice(0, -4)}AAAA`), strict))
  feed.interfere = () => false
  await until(() => guard.health().revocation.lastError === null)
  guard.authenticate(bearer(token), strict)
})

const policies: readonly (readonly [string, GuardFeedOptions, 'accept' | 'reject' | undefined, boolean])[] = [
  ['the guard rejects', { onStale: 'reject' }, undefined, false],
  ['the guard rejects and the route accepts', { onStale: 'reject' }, 'accept', true],
  ['the guard accepts and the route rejects', { onStale: 'accept' }, 'reject', false],
]
for (const [name, options, route, isAdmitted] of policies) {
  test(`before the first snapshot, where ${name}: ${isAdmitted ? 'admitted' : 'refused'} after a bounded wait`, async () => {
    feed.interfere = () => true
    const guard = guardOf({ feed: { firstSnapshotTimeoutSeconds: 2, ...options } })
    const requirements = route === undefined ? [] : [onStale(route)]
    const decide = () => guard.authenticate(bearer(issuer.token()), requirements)
    if (isAdmitted) await decide()
    else await refusedWith('unavailable', decide)
    assert.equal(guard.health().revocation.stalenessSeconds, null)
  })
}

test('of several policies of a route the strictest counts', async () => {
  feed.interfere = () => true
  const guard = guardOf({ feed: { firstSnapshotTimeoutSeconds: 0 } })
  await guard.ready()
  const requirements = [onStale('accept'), onStale('reject'), onStale('introspect')]
  await refusedWith('unavailable', () => guard.authenticate(bearer(issuer.token()), requirements))
})

test('introspection: a yes admits and holds for a second, with the guard’s credential and one question at a time', async () => {
  const guard = guardOf({ feed: { credential: 'sgc_x', onStale: 'introspect' } })
  await guard.ready()
  const token = issuer.token()
  guard.authenticate(bearer(token))
  assert.equal(asked.length, 0, 'not while the feed is fresh')
  await makeStale(guard)
  const principals = await Promise.all([1, 2, 3].map(() => guard.authenticate(bearer(token))))
  assert.equal(principals[0]?.subject, 'acc_1')
  assert.deepEqual(asked, [{ authorization: 'Bearer sgc_x', body: `token=${token}&token_type_hint=access_token` }])
  await guard.authenticate(bearer(token))
  assert.equal(asked.length, 1)
  steady += 1000
  await guard.authenticate(bearer(token))
  assert.equal(asked.length, 2)
})

test('introspection: a no refuses, and is asked again each time', async () => {
  introspect = (_req, _body, res) => res.end('{"active":false}')
  const guard = guardOf({ feed: { credential: 'sgc_x' } })
  await guard.ready()
  await makeStale(guard)
  const route = [onStale('introspect')]
  for (let i = 1; i <= 2; i++) {
    await refusedWith('token_revoked', () => guard.authenticate(bearer(issuer.token()), route))
    assert.equal(asked.length, i)
  }
  guard.authenticate(bearer(issuer.token()))
  assert.equal(asked.length, 2)
})

test('introspection: what is refused anyway is not asked about', async () => {
  const guard = guardOf({ feed: { credential: 'sgc_x', onStale: 'introspect' } })
  await guard.ready()
  await makeStale(guard)
  await refusedWith('scope_insufficient', () => guard.authenticate(bearer(issuer.token()), [requireScope('a')]))
  await refusedWith('token_invalid', () => guard.authenticate(bearer(issuer.token({ aud: 'x' }))))
  assert.equal(asked.length, 0)
})

const failures: readonly (readonly [string, (res: ServerResponse) => void])[] = [
  ['an error', (res) => res.writeHead(500).end('{"active":true}')],
  ['a refusal of the credential', (res) => res.writeHead(401).end('{"active":true}')],
  ['a redirect', (res) => res.writeHead(307, { location: '/oauth/introspect' }).end()],
  ['no JSON', (res) => res.end('yes')],
  ['too much', (res) => res.end(JSON.stringify({ active: true, padding: 'x'.repeat(70_000) }))],
  ['a broken connection', (res) => res.destroy()],
  ['nothing at all', () => {}],
]
for (const [name, answer] of failures) {
  test(`GD-04: introspection that answers with ${name} refuses`, async () => {
    introspect = (_req, _body, res) => answer(res)
    const heard: GuardError[] = []
    const guard = guardOf({
      feed: { credential: 'sgc_x', onStale: 'introspect' },
      onRefusal: (refusal) => heard.push(refusal),
    })
    await guard.ready()
    await makeStale(guard)
    const refusal = await refusedWith('unavailable', () => guard.authenticate(bearer(issuer.token())))
    assert.deepEqual(heard, [refusal], 'told once')
  })
}

const unclear: readonly string[] = ['{"active":"true"}', '{"active":1}', '{}', '[]', 'null', '"active"']
for (const answer of unclear) {
  test(`GD-04: introspection that answers ${answer} is no yes`, async () => {
    introspect = (_req, _body, res) => res.end(answer)
    const guard = guardOf({ feed: { credential: 'sgc_x', onStale: 'introspect' } })
    await guard.ready()
    await makeStale(guard)
    await refusedWith('token_revoked', () => guard.authenticate(bearer(issuer.token())))
  })
}

test('GD-04: a route that introspects refuses where the guard has no credential', async () => {
  const guard = guardOf()
  await guard.ready()
  await makeStale(guard)
  await refusedWith('unavailable', () => guard.authenticate(bearer(issuer.token()), [onStale('introspect')]))
})

test('a feed or an endpoint on another origin is not used: the credential would go there', async () => {
  metadata = {
    [REVOCATION_FEED_METADATA]: 'http://127.0.0.1:9/auth/revocations',
    introspection_endpoint: 'http://127.0.0.1:9/oauth/introspect',
  }
  const guard = guardOf({ feed: { credential: 'sgc_x' } })
  await guard.ready()
  assert.equal(feed.requests.length, 0)
  guard.authenticate(bearer(issuer.token()))
  const refusal = await refusedWith('unavailable', () =>
    guard.authenticate(bearer(issuer.token()), [onStale('introspect')]),
  )
  assert.match(String((refusal.cause as Error).message), /no introspection endpoint/)
})

test('an issuer without feed: the guard works as before, and a strict route refuses', async () => {
  metadata = {}
  const guard = guardOf()
  await guard.authenticate(bearer(issuer.token()))
  assert.match(guard.health().revocation.lastError ?? '', /no revocation feed/)
  await refusedWith('unavailable', () => guard.authenticate(bearer(issuer.token()), [onStale('reject')]))
})

for (const options of [{ feed: false }, { keys: undefined }] as const) {
  test(`no feed is asked for with ${Object.keys(options).join()} given`, async () => {
    const keys = { select: () => issuer.keys.map((key) => key.toVerificationKey()), version: 0 }
    const guard = guardOf('keys' in options ? { keys } : options)
    await guard.ready()
    guard.authenticate(bearer(issuer.token()), [onStale('reject')])
    assert.equal(feed.requests.length, 0)
  })
}

test('with local keys a feed is followed where one is named', async () => {
  const keys = { select: () => issuer.keys.map((key) => key.toVerificationKey()), version: 0 }
  feed.entries.push({ kind: 'session', sid: 'ses_1', until: ISSUED_AT + 960 })
  const guard = guardOf({ keys, feed: { url: feed.url } })
  await refusedWith('token_revoked', () => guard.authenticate(bearer(issuer.token())))
})

test('a closed guard refuses everything and lets its stream go', async () => {
  const guard = guardOf()
  await guard.ready()
  await until(() => feed.openStreams > 0)
  guard.close()
  await until(() => feed.openStreams === 0)
  await refusedWith('unavailable', () => guard.authenticate(bearer(issuer.token())))
  await refusedWith('unavailable', () => guard.authenticate(bearer(issuer.token()), [onStale('accept')]))
})

const misuses: readonly (readonly [string, unknown])[] = [
  ['an unknown option', { stale: 'reject' }],
  ['an unknown policy', { onStale: 'ignore' }],
  ['introspection without credential', { onStale: 'introspect' }],
  ['a credential with a line break', { credential: 'a\nb' }],
  ['a name with a line break', { name: 'a\r\nb' }],
  ['an empty name', { name: '' }],
  ['no staleness', { maxStalenessSeconds: 0 }],
  ['a staleness that is not a number', { maxStalenessSeconds: Number.NaN }],
  ['a negative wait', { firstSnapshotTimeoutSeconds: -1 }],
  ['plain http', { url: 'http://auth.example.com/auth/revocations' }],
  ['a user in the URL', { url: 'https://a:b@auth.example.com/' }],
  ['true', true],
  ['null', null],
]
for (const [name, feedOptions] of misuses) {
  test(`the feed option with ${name} is a TypeError when the guard is made`, () => {
    const options = { issuer: 'https://auth.example.com', audience: AUDIENCE, feed: feedOptions as GuardFeedOptions }
    assert.throws(() => createGuard(options), TypeError)
  })
}

test('a feed beside another source of revocations is a TypeError', () => {
  const revocation = { isRevoked: () => false, health: () => ({ entries: 0 }) }
  const options = { issuer: 'https://auth.example.com', audience: AUDIENCE, revocation }
  createGuard(options)
  createGuard({ ...options, feed: false })
  assert.throws(() => createGuard({ ...options, feed: {} }), TypeError)
})

test('onStale with a policy that does not exist is a TypeError', () => {
  assert.throws(() => onStale('ignore' as 'accept'), TypeError)
})
