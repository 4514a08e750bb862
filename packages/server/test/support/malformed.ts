/** One request, not necessarily HTTP once its bytes have been damaged. */
export interface Malformed {
  readonly method: string
  readonly path: string
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
}

/** What a well-behaved client would hold: spoilt credentials get further into the server than invented ones. */
export interface Credentials {
  readonly accessToken: string
  readonly refreshToken: string
  readonly csrfToken: string
}

/** Makes requests that are wrong in one way or in several; the same seed makes the same ones. */
export class MalformedRequests {
  readonly #random: Random
  readonly #credentials: Credentials

  constructor(seed: number, credentials: Credentials) {
    this.#random = new Random(seed)
    this.#credentials = credentials
  }

  next(): Malformed {
    const random = this.#random
    const [proper, path] = random.pick(ROUTES)
    const body = this.#body()
    const headers = this.#headers(body.length)
    return { method: random.chance(0.9) ? proper : random.pick(METHODS), path: this.#path(path), headers, body }
  }

  /** The request as bytes, mostly damaged: cut, flipped, repeated, with a line in it that does not belong. */
  nextBytes(): Buffer {
    const { method, path, headers, body } = this.next()
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const version = this.#random.pick(VERSIONS)
    const bytes = Buffer.concat([Buffer.from(`${method} ${path} ${version}\r\nHost: a\r\n${lines}\r\n`, 'utf8'), body])
    return this.#damage(bytes)
  }

  #path(path: string): string {
    const random = this.#random
    if (random.chance(0.85)) return path
    return random.pick<() => string>([
      () => random.pick(STRANGE_PATHS),
      () => `${path}?${random.text(20)}`,
      () => `${path}/${encodeURIComponent(random.text(10))}`,
      () => path.replace(/[a-z]/, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
      () => `${path}${'/x'.repeat(random.below(2000))}`,
      () => `/auth/sessions/${'s'.repeat(random.below(5000))}`,
      () => path.toUpperCase(),
    ])()
  }

  #headers(bodyLength: number): [string, string][] {
    const random = this.#random
    const headers: [string, string][] = []
    if (bodyLength > 0) {
      headers.push(['content-type', random.chance(0.7) ? 'application/json' : random.pick(CONTENT_TYPES)])
      headers.push(['content-length', random.chance(0.95) ? String(bodyLength) : random.pick(LENGTHS)])
    }
    for (let count = random.below(4); count > 0; count--) headers.push(this.#header())
    return headers
  }

  #header(): [string, string] {
    const random = this.#random
    const { accessToken, refreshToken, csrfToken } = this.#credentials
    const cookie = `__Host-signet_refresh=${this.#spoil(refreshToken)}`
    return random.pick<() => [string, string]>([
      () => [
        'authorization',
        `${random.pick(['Bearer', 'bearer', 'DPoP', 'Basic', '', ','])} ${this.#spoil(accessToken)}`,
      ],
      () => ['cookie', random.pick([cookie, `${cookie}; ${cookie}`, '=;=;;=', random.text(200), 'a='.repeat(1000)])],
      () => ['x-csrf-token', this.#spoil(csrfToken)],
      () => ['dpop', this.#spoil(accessToken)],
      () => ['origin', random.pick(['null', '', 'https://auth.example.com', 'https://evil.example', random.ascii(30)])],
      () => ['sec-fetch-site', random.pick(['same-origin', 'cross-site', 'none', '', random.ascii(10)])],
      () => ['content-encoding', random.pick(['gzip', 'br', 'identity', '', random.ascii(5)])],
      () => ['if-none-match', random.pick(['*', '"', 'W/"', random.ascii(50), '","'.repeat(300)])],
      () => ['x-forwarded-for', random.pick(['1.2.3.4', '::1', ','.repeat(50), random.ascii(20)])],
      () => ['accept', random.ascii(40)],
      () => ['accept-encoding', random.ascii(10)],
      () => ['range', `bytes=${random.ascii(10)}`],
      () => ['expect', random.pick(['100-continue', 'x'])],
      () => ['upgrade', random.pick(['websocket', 'h2c'])],
      () => ['access-control-request-method', random.ascii(8)],
      () => ['user-agent', random.text(300)],
      () => [random.pick(['x', '__proto__', 'constructor', 'toString', 'accept-version']), random.ascii(20)],
      () => ['x-large', 'x'.repeat(random.below(40_000))],
    ])()
  }

  #body(): Buffer {
    const random = this.#random
    if (random.chance(0.1)) return Buffer.alloc(0)
    if (random.chance(0.3)) {
      const plausible = Buffer.from(JSON.stringify(this.#plausible()))
      return random.chance(0.5) ? plausible : this.#damage(plausible)
    }
    return random.pick<() => Buffer>([
      () => Buffer.from(JSON.stringify(this.#object())),
      () => Buffer.from(JSON.stringify(this.#object())),
      () => this.#damage(Buffer.from(JSON.stringify(this.#object()))),
      () => Buffer.from(JSON.stringify(this.#value(0))),
      () => Buffer.from(JSON.stringify(this.#object()).replace('{', `{${random.pick(DUPLICATES)},`)),
      () => Buffer.from('['.repeat(random.below(16_000))),
      () => Buffer.from(`{"email":${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}}`),
      () => Buffer.from(random.pick(STRANGE_JSON)),
      () => random.bytes(random.below(300)),
      () => Buffer.from(`{"email":"${'x'.repeat(random.below(40_000))}"}`),
    ])()
  }

  /** What some route takes. */
  #plausible(): object {
    const random = this.#random
    const password = 'correct horse battery staple'
    return random.pick<() => object>([
      () => ({ email: 'ann@example.com', password }),
      () => ({ email: `${random.below(1_000_000)}@example.com`, password }),
      () => ({ email: 'ann@example.com', password, delivery: 'cookie', client_id: 'signet' }),
      () => ({ refresh_token: this.#spoil(this.#credentials.refreshToken) }),
      () => ({ current_password: random.text(20), new_password: password }),
      () => ({ name: random.text(20) }),
      () => ({}),
    ])()
  }

  #object(): object {
    const members: [string, unknown][] = []
    for (let count = 1 + this.#random.below(4); count > 0; count--) {
      members.push([this.#random.pick(MEMBERS), this.#value(0)])
    }
    return Object.fromEntries(members)
  }

  #value(depth: number): unknown {
    const random = this.#random
    const { accessToken, refreshToken } = this.#credentials
    return random.pick<() => unknown>([
      () => random.pick(['ann@example.com', 'body', 'cookie', 'signet', 'https://auth.example.com']),
      () => this.#spoil(refreshToken),
      () => this.#spoil(accessToken),
      () => random.text(40),
      () => random.pick([null, true, 0, -1, 1e308, 5e-324, '', '\u0000', '\uD800', '😀']),
      () => (depth > 3 ? [] : [this.#value(depth + 1), this.#value(depth + 1)]),
      () => (depth > 3 ? {} : { [random.pick(MEMBERS)]: this.#value(depth + 1) }),
    ])()
  }

  /** The credential itself, or one that nearly is. */
  #spoil(text: string): string {
    const random = this.#random
    const at = random.below(text.length)
    return random.pick<() => string>([
      () => text.slice(0, at),
      () => `${text.slice(0, at)}A${text.slice(at + 1)}`,
      () => text + random.ascii(3),
      () => text.repeat(1 + random.below(20)),
      () => text.split('.').toReversed().join('.'),
      () => random.ascii(60),
      () => '.'.repeat(random.below(3000)),
      () => '',
    ])()
  }

  #damage(bytes: Buffer): Buffer {
    const random = this.#random
    const at = random.below(bytes.length + 1)
    return random.pick<() => Buffer>([
      () => bytes,
      () => bytes.subarray(0, at),
      () => Buffer.concat([bytes.subarray(0, at), random.bytes(1 + random.below(4)), bytes.subarray(at)]),
      () => Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1))]),
      () => Buffer.concat([bytes.subarray(0, at), Buffer.from(random.pick(LINES)), bytes.subarray(at)]),
      () => Buffer.concat([bytes, bytes.subarray(0, at)]),
    ])()
  }
}

/** A small generator of known quality (mulberry32): the runs are the same everywhere. */
class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * limit)
  }

  chance(share: number): boolean {
    return this.below(1000) < share * 1000
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.below(256)))
  }

  /** What a header may hold. */
  ascii(length: number): string {
    return String.fromCharCode(...Array.from({ length: this.below(length) + 1 }, () => 0x20 + this.below(0x5f)))
  }

  text(length: number): string {
    return Array.from({ length: this.below(length) + 1 }, () => String.fromCodePoint(1 + this.below(0xff))).join('')
  }
}

const METHODS = [
  'GET',
  'HEAD',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'LINK',
  'QUERY',
  'PURGE',
  'SEARCH',
]
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'HTP/1.1', '']
const ROUTES: readonly (readonly [string, string])[] = [
  ['POST', '/auth/register'],
  ['POST', '/auth/login'],
  ['POST', '/auth/login'],
  ['POST', '/auth/refresh'],
  ['POST', '/auth/refresh'],
  ['POST', '/auth/logout'],
  ['POST', '/auth/logout/all'],
  ['POST', '/auth/password'],
  ['PATCH', '/auth/me'],
  ['DELETE', '/auth/me'],
  ['GET', '/auth/me'],
  ['GET', '/auth/sessions'],
  ['DELETE', '/auth/sessions/ses_x'],
  ['GET', '/.well-known/jwks.json'],
  ['GET', '/.well-known/oauth-authorization-server'],
  ['GET', '/livez'],
  ['GET', '/readyz'],
  ['GET', '/openapi.json'],
  ['GET', '/docs'],
  ['GET', '/docs/static/index.css'],
  ['GET', '/'],
]
const STRANGE_PATHS = [
  '*',
  '//',
  '/%',
  '/%zz',
  '/%00',
  '/%c0%af',
  '/%ff',
  '/../../etc/passwd',
  '/docs/static/..%2f..%2fpackage.json',
  '/docs/static/%00',
  '/docs/static/',
  '/auth//login',
  '/auth/login/',
  '/auth/login;x',
  '/auth/sessions/%F0%28%8C%BC',
  '/__proto__',
  '/constructor',
  'http://evil.example/auth/login',
  'auth/login',
]
const CONTENT_TYPES = [
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'application/json; charset=utf-7',
  '',
  ';',
  'a/b/c',
  '\u00ff',
]
const LENGTHS = ['0', '-1', '99999999999999999999', '1e3', '', 'x', '3, 4']
const MEMBERS = [
  'email',
  'password',
  'delivery',
  'resource',
  'scope',
  'client_id',
  'refresh_token',
  'name',
  'current_password',
  'new_password',
  'constructor',
  'x',
]
const DUPLICATES = [
  '"email":1',
  '"__proto__":{"x":1}',
  '"constructor":{"prototype":{}}',
  '"email":"a","email":"b"',
  '"\\u0065mail":"c"',
  '""',
]
const STRANGE_JSON = [
  '{',
  '}',
  '[]',
  'null',
  '""',
  '{"a":01}',
  "{'a':1}",
  '{"a":NaN}',
  '{"a":1}{"a":2}',
  '\uFEFF{}',
  '{"a":"\\ud800"}',
  '{"a":"\\x"}',
  '{,}',
  '\u0000',
  '1e999',
  '-',
]
const LINES = [
  '\r\n',
  '\n',
  '\r',
  '\r\n\r\n',
  '\u0000',
  'Transfer-Encoding: chunked\r\n',
  'Content-Length: 5\r\n',
  'Host: b\r\n',
  ' folded\r\n',
  ': x\r\n',
]
