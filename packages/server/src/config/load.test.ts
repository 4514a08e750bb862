import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { ConfigError } from './config-error.ts'
import type { ConfigFault } from './config-error.ts'
import { describeConfig } from './describe.ts'
import { loadConfig } from './load.ts'
import type { ConfigSources } from './load.ts'
import { SETTINGS } from './schema.ts'
import type { Setting } from './schema.ts'

const KEY = 'b7a3f04c9d1e52868fa06b3d7c51e2940dd86e1fa3927b45c81f6e0a93d4b752'

test('with nothing given, every setting has its documented default', () => {
  const config = loadConfig({ env: {} })
  for (const [name, row] of Object.entries<Setting<unknown>>(SETTINGS)) {
    if (name !== 'issuer') assert.deepEqual(config[name as keyof typeof config], row.default, name)
  }
  assert.equal(config.issuer, 'http://localhost:4747')
  assert.equal(config.host, 'localhost')
  assert.ok(Object.isFrozen(config))
})

test('the issuer follows the port, and is unknown with port 0', () => {
  assert.equal(loadConfig({ env: { SIGNET_PORT: '8080' } }).issuer, 'http://localhost:8080')
  assert.equal(loadConfig({ env: { SIGNET_PORT: '80' } }).issuer, 'http://localhost')
  assert.equal(loadConfig({ env: { SIGNET_PORT: '0' } }).issuer, null)
  assert.equal(loadConfig({ env: { SIGNET_PORT: '0', SIGNET_ISSUER: 'https://a.test' } }).issuer, 'https://a.test')
})

test('object counts before environment, environment before file, file before default', () => {
  const env = { SIGNET_PORT: '2', SIGNET_HOST: '::1' }
  const file = { port: 3, host: '0.0.0.0', registration: 'closed' }
  const config = loadConfig({ env, file, object: { port: 1 } })
  assert.deepEqual([config.port, config.host, config.registration], [1, '::1', 'closed'])
})

test('every name in the table is the camel-case form of its variable, and every example is taken', () => {
  for (const [name, row] of Object.entries<Setting<unknown>>(SETTINGS)) {
    assert.equal(row.env, `SIGNET_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`)
    if (row.secret !== true) assert.ok(row.kind.fromText(row.example).ok, row.env)
  }
})

test('all faults are reported together, each with variable, problem and example', () => {
  const env = { SIGNET_PORT: 'seventy', SIGNET_ALLOWED_ORIGINS: '*', SIGNET_PROT: '1', SIGNET_MASTER_KEY: 'secret' }
  const error = failure({ env, file: { regstration: 'open', registration: 'maybe' } })
  assert.deepEqual(error.faults.map((fault) => fault.variable).sort(), [
    'SIGNET_ALLOWED_ORIGINS',
    'SIGNET_MASTER_KEY',
    'SIGNET_PORT',
    'SIGNET_PROT',
    'registration in signet.config.json',
    'regstration',
  ])
  for (const fault of error.faults) assert.ok(error.message.includes(`${fault.variable} ${fault.problem}`))
  assert.match(error.message, /^The configuration has 6 faults:\n/)
  assert.match(problemOf(error, 'SIGNET_PROT'), /did you mean SIGNET_PORT\?/)
  assert.match(problemOf(error, 'regstration'), /did you mean registration\?/)
  assert.ok(error.message.includes('for example: openssl rand -hex 32'))
})

const REFUSED: readonly { readonly name: string; readonly env: Record<string, string>; readonly problem: RegExp }[] = [
  { name: 'an unknown name far from any', env: { SIGNET_FLUX: '1' }, problem: /^is not a setting$/ },
  { name: 'a redis URL, which is not a setting yet', env: { SIGNET_REDIS_URL: 'redis://x' }, problem: /not a setting/ },
  { name: 'an empty value', env: { SIGNET_HOST: '' }, problem: /is empty/ },
  { name: 'a number with a unit', env: { SIGNET_ACCESS_TOKEN_TTL_SECONDS: '15m' }, problem: /from 60 to 3600/ },
  { name: 'a number in scientific form', env: { SIGNET_PORT: '1e3' }, problem: /whole number/ },
  { name: 'a negative number', env: { SIGNET_PORT: '-1' }, problem: /whole number/ },
  { name: 'a port above 65535', env: { SIGNET_PORT: '65536' }, problem: /65535/ },
  { name: 'AT-02: an access token of a year', env: { SIGNET_ACCESS_TOKEN_TTL_SECONDS: '31536000' }, problem: /3600/ },
  { name: 'an access token of 59 seconds', env: { SIGNET_ACCESS_TOKEN_TTL_SECONDS: '59' }, problem: /from 60/ },
  { name: 'RT-05: a browser grace above 10 seconds', env: { SIGNET_BROWSER_GRACE_SECONDS: '11' }, problem: /to 10/ },
  { name: 'RT-05: a grace above 10 seconds', env: { SIGNET_REFRESH_GRACE_SECONDS: '11' }, problem: /to 10/ },
  { name: 'PW-01: a password minimum of 6', env: { SIGNET_PASSWORD_MIN_LENGTH: '6' }, problem: /from 8/ },
  { name: 'PW-01: a password minimum of 7', env: { SIGNET_PASSWORD_MIN_LENGTH: '7' }, problem: /from 8/ },
  { name: 'PW-08: hashes below 19 MiB', env: { SIGNET_PASSWORD_MEMORY_KIB: '19455' }, problem: /from 19456/ },
  { name: 'PW-08: hashes of one pass', env: { SIGNET_PASSWORD_PASSES: '1' }, problem: /from 2/ },
  { name: 'LG-03: more than 100 failures', env: { SIGNET_LOGIN_CEILING: '51' }, problem: /to 50/ },
  {
    name: 'TR-01: http outside this machine',
    env: { SIGNET_ISSUER: 'http://auth.example.com' },
    problem: /plain http/,
  },
  {
    name: 'TR-01: http on a host that begins like ours',
    env: { SIGNET_ISSUER: 'http://127.0.0.1.evil.test' },
    problem: /plain http/,
  },
  { name: 'an issuer that is no URL', env: { SIGNET_ISSUER: 'auth.example.com' }, problem: /not an http/ },
  { name: 'an issuer of another scheme', env: { SIGNET_ISSUER: 'ftp://auth.example.com' }, problem: /not an http/ },
  { name: 'an issuer with a slash', env: { SIGNET_ISSUER: 'https://a.test/' }, problem: /: https:\/\/a\.test$/ },
  { name: 'an issuer with a path', env: { SIGNET_ISSUER: 'https://a.test/auth' }, problem: /without path/ },
  { name: 'an issuer with a password', env: { SIGNET_ISSUER: 'https://u:p@a.test' }, problem: /not an http/ },
  {
    name: 'an issuer with the default port',
    env: { SIGNET_ISSUER: 'https://a.test:443' },
    problem: /: https:\/\/a\.test$/,
  },
  { name: 'BR-04: the origin *', env: { SIGNET_ALLOWED_ORIGINS: 'https://a.test,*' }, problem: /contain \*/ },
  { name: 'BR-04: the origin null', env: { SIGNET_ALLOWED_ORIGINS: 'null' }, problem: /null/ },
  {
    name: 'an origin with a trailing slash',
    env: { SIGNET_ALLOWED_ORIGINS: 'https://a.test/' },
    problem: /as https:\/\/a\.test$/,
  },
  { name: 'an origin with a path', env: { SIGNET_ALLOWED_ORIGINS: 'https://a.test/app' }, problem: /as https/ },
  {
    name: 'an origin in capitals',
    env: { SIGNET_ALLOWED_ORIGINS: 'https://A.test' },
    problem: /as https:\/\/a\.test$/,
  },
  { name: 'an origin with a wildcard', env: { SIGNET_ALLOWED_ORIGINS: 'https://*.a.test' }, problem: /contain \*/ },
  { name: 'an issuer with a wildcard', env: { SIGNET_ISSUER: 'https://*.a.test' }, problem: /not an http/ },
  { name: 'a plain http origin elsewhere', env: { SIGNET_ALLOWED_ORIGINS: 'http://a.test' }, problem: /plain http/ },
  { name: 'an origin twice', env: { SIGNET_ALLOWED_ORIGINS: 'https://a.test,https://a.test' }, problem: /twice/ },
  { name: 'an empty entry of a list', env: { SIGNET_ALLOWED_ORIGINS: 'https://a.test,' }, problem: /empty entry/ },
  {
    name: 'TR-02: a proxy network that is everybody',
    env: { SIGNET_TRUSTED_PROXIES: '0.0.0.0/0' },
    problem: /far more/,
  },
  { name: 'TR-02: the same in IPv6', env: { SIGNET_TRUSTED_PROXIES: '::/0' }, problem: /far more/ },
  { name: 'TR-02: half of IPv4', env: { SIGNET_TRUSTED_PROXIES: '0.0.0.0/1' }, problem: /far more/ },
  { name: 'TR-02: all of IPv4 within IPv6', env: { SIGNET_TRUSTED_PROXIES: '::ffff:0:0/96' }, problem: /far more/ },
  { name: 'TR-01: plain http on the whole network', env: { SIGNET_HOST: '0.0.0.0' }, problem: /other machines/ },
  { name: 'a proxy by name', env: { SIGNET_TRUSTED_PROXIES: 'loopback' }, problem: /neither an IP/ },
  {
    name: 'a proxy network with an impossible prefix',
    env: { SIGNET_TRUSTED_PROXIES: '10.0.0.0/33' },
    problem: /impossible/,
  },
  { name: 'no client at all', env: { SIGNET_CLIENTS: ' ' }, problem: /empty entry/ },
  { name: 'a scope with a blank', env: { SIGNET_SCOPES: 'orders read' }, problem: /not a scope/ },
  { name: 'an audience with a fragment', env: { SIGNET_AUDIENCES: 'https://api.test/#x' }, problem: /fragment/ },
  { name: 'a PostgreSQL database', env: { SIGNET_DATABASE_URL: 'postgres://u:p@h/d' }, problem: /later version/ },
  { name: 'an unknown database', env: { SIGNET_DATABASE_URL: 'mysql://h/d' }, problem: /not a database/ },
  { name: 'an unknown algorithm', env: { SIGNET_ALGORITHM: 'none' }, problem: /one of RS256/ },
  { name: 'yes for true', env: { SIGNET_ACCESS_COOKIE: 'yes' }, problem: /true or false/ },
  { name: 'a lifetime below the idle time', env: { SIGNET_REFRESH_ABSOLUTE_TTL_SECONDS: '3600' }, problem: /is below/ },
  {
    name: 'a previous master key without one',
    env: { SIGNET_MASTER_KEY_PREVIOUS: KEY },
    problem: /without SIGNET_MASTER_KEY/,
  },
  { name: 'HS256 without its secret', env: { SIGNET_ALGORITHM: 'HS256' }, problem: /is missing/ },
  { name: 'the secret of HS256 without HS256', env: { SIGNET_HS256_SECRET: KEY }, problem: /not HS256/ },
  { name: 'LA-07: a master key of 31 bytes', env: { SIGNET_MASTER_KEY: KEY.slice(2) }, problem: /it has 31/ },
  { name: 'LA-07: a master key that is a word', env: { SIGNET_MASTER_KEY: 'changeme' }, problem: /32 random bytes/ },
  { name: 'LA-07: a master key of zeros', env: { SIGNET_MASTER_KEY: '0'.repeat(64) }, problem: /pattern/ },
  { name: 'LA-07: a master key that counts up', env: { SIGNET_MASTER_KEY: counting() }, problem: /pattern/ },
  { name: 'LA-07: a master key that is text', env: { SIGNET_MASTER_KEY: textual() }, problem: /is text/ },
  {
    name: 'LA-07: the HMAC key of RFC 7515',
    env: {
      SIGNET_ALGORITHM: 'HS256',
      SIGNET_HS256_SECRET: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
    },
    problem: /printed in a specification/,
  },
]

for (const { name, env, problem } of REFUSED) {
  test(`refuses ${name}`, () => {
    const { faults } = failure({ env })
    assert.equal(faults.length, 1)
    assert.match(faults[0]?.problem ?? '', problem)
    for (const value of Object.values(env)) {
      if (value.length > 20) assert.ok(!JSON.stringify(faults).includes(value), 'the value is not repeated')
    }
  })
}

test('values at their limits are taken', () => {
  const env = {
    SIGNET_ACCESS_TOKEN_TTL_SECONDS: '3600',
    SIGNET_PASSWORD_MIN_LENGTH: '8',
    SIGNET_BROWSER_GRACE_SECONDS: '10',
    SIGNET_ISSUER: 'http://127.0.0.1:4747',
    SIGNET_TRUSTED_PROXIES: '10.0.0.0/8, ::1, 2001:db8::/32',
    SIGNET_ALLOWED_ORIGINS: 'https://app.example.com, http://localhost:5173',
    SIGNET_REQUIRE_SERVICES: '1',
    PATH: '/bin',
  }
  const config = loadConfig({ env })
  assert.deepEqual(config.trustedProxies, ['10.0.0.0/8', '::1', '2001:db8::/32'])
  assert.deepEqual(config.allowedOrigins, ['https://app.example.com', 'http://localhost:5173'])
})

test('a master key is taken in hex, in base64url and as bytes', () => {
  const bytes = Buffer.from(KEY, 'hex')
  for (const masterKey of [KEY, bytes.toString('base64url'), bytes]) {
    const config = loadConfig({ env: {}, object: { masterKey } })
    assert.deepEqual(Buffer.from(config.masterKey?.reveal() ?? []), bytes)
  }
})

test('a value in a file or object must have its JSON type', () => {
  const object = {
    port: '4747',
    accessCookie: 'true',
    clients: 'web',
    host: 5,
    masterKey: 7,
    issuer: ['https://a.test'],
  }
  assert.equal(failure({ env: {}, object }).faults.length, 6)
})

test('a file or object that is no object is one fault', () => {
  for (const wrong of [[], 'port', 7, null]) {
    assert.match(failure({ env: {}, file: wrong }).message, /must be one JSON object/)
    assert.match(failure({ env: {}, object: wrong }).message, /must be one JSON object/)
  }
})

test('LG-11: members named like those of Object.prototype are unknown, not settings', () => {
  const file: unknown = JSON.parse('{"__proto__":{"port":1},"constructor":1,"toString":1}')
  assert.equal(failure({ env: {}, file }).faults.length, 3)
})

test('a secret can come from a file, and its line end does not belong to it', () => {
  const readSecretFile = (path: string): string => (path === '/run/key' ? `${KEY}\n` : assert.fail())
  const config = loadConfig({ env: { SIGNET_MASTER_KEY_FILE: '/run/key' }, readSecretFile })
  assert.deepEqual(Buffer.from(config.masterKey?.reveal() ?? []).toString('hex'), KEY)
})

test('a secret given twice, or from a file that is missing or empty, is refused', () => {
  const missing = (): string => {
    throw Object.assign(new Error('no such file, open /secret/path'), { code: 'ENOENT' })
  }
  const both = failure({ env: { SIGNET_MASTER_KEY: KEY, SIGNET_MASTER_KEY_FILE: '/x' }, readSecretFile: () => KEY })
  assert.match(both.message, /SIGNET_MASTER_KEY_FILE is set together with SIGNET_MASTER_KEY/)
  const absent = failure({ env: { SIGNET_MASTER_KEY_FILE: '/x' }, readSecretFile: missing })
  assert.match(absent.message, /cannot be read \(ENOENT\)/)
  assert.match(failure({ env: { SIGNET_MASTER_KEY_FILE: '/x' }, readSecretFile: () => '\n' }).message, /empty file/)
  assert.match(failure({ env: { SIGNET_PORT_FILE: '/x' } }).message, /SIGNET_PORT_FILE is not a setting/)
})

test('LA-02: a secret prints as [redacted] however it is printed', () => {
  const config = loadConfig({ env: { SIGNET_MASTER_KEY: KEY } })
  const bytes = Buffer.from(KEY, 'hex')
  for (const printed of [
    inspect(config, { depth: 9 }),
    JSON.stringify(config),
    `${config.masterKey}`,
    describeConfig(config),
  ]) {
    assert.ok(printed.includes('[redacted]'))
    assert.ok(!printed.includes(KEY) && !printed.includes(bytes.toString('base64url')))
    assert.ok(!printed.includes(inspect(bytes).slice(8, 30)))
  }
})

test('the description says of every setting what it is and where it came from', () => {
  const env = { SIGNET_PORT: '8080', SIGNET_MASTER_KEY_FILE: '/run/key' }
  const sources = { env, file: { registration: 'closed' }, object: { scopes: ['a', 'b'] }, readSecretFile: () => KEY }
  const lines = describeConfig(loadConfig(sources)).split('\n')
  const line = (name: string): string => lines.find((found) => found.startsWith(`${name} `)) ?? ''
  assert.equal(lines.length, Object.keys(SETTINGS).length)
  assert.match(line('SIGNET_PORT'), / 8080 +from SIGNET_PORT$/)
  assert.match(line('SIGNET_MASTER_KEY'), / \[redacted\] +from SIGNET_MASTER_KEY_FILE$/)
  assert.match(line('SIGNET_REGISTRATION'), / closed +from signet\.config\.json$/)
  assert.match(line('SIGNET_SCOPES'), / a,b +from code$/)
  assert.match(line('SIGNET_HOST'), / localhost +default$/)
  assert.match(line('SIGNET_HS256_SECRET'), / \(none\) +not set$/)
})

function failure(sources: ConfigSources): ConfigError {
  try {
    loadConfig(sources)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error
  }
  return assert.fail('the configuration was taken')
}

function problemOf(error: ConfigError, variable: string): string {
  const fault: ConfigFault | undefined = error.faults.find((found) => found.variable === variable)
  return fault?.problem ?? ''
}

function counting(): string {
  return Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('hex')
}

function textual(): string {
  return Buffer.from('my-very-secret-master-key-123456').toString('base64url')
}
