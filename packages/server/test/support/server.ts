import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { createAuthServer } from '../../src/app.ts'
import type { AuthServer, Overrides } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/schema.ts'
import { answerOf } from './answer.ts'
import type { Answer } from './answer.ts'
import { checkDescribed } from './contract.ts'

export const ISSUER = 'https://auth.example.com'
export const APP_ORIGIN = 'https://app.example.com'
export const START = 1_800_000_000

/** One request, as a client would write it. */
export interface Call {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE' | 'OPTIONS'
  /** An object is sent as JSON; text and bytes as they are, with `type` as their content type. */
  readonly body?: object | string | Uint8Array
  readonly type?: string
  readonly token?: string
  readonly cookies?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** The address the connection comes from. */
  readonly from?: string
}

export interface TestServer extends AuthServer {
  /** Moves on only when a test moves it. */
  readonly clock: { now: number }
  /** Every line logged, at the finest level. */
  readonly logged: string[]
  readonly directory: string
  call(path: string, call?: Call): Promise<Answer>
}

export interface ServerOptions extends Overrides {
  /** Settings, as an operator would give them. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Settings no operator could give, such as hashes too cheap to be safe. */
  readonly unsafe?: Partial<Config>
  /** The data of a server that ran before. */
  readonly directory?: string
}

/** Hashes that cost nothing: for tests that are not about their cost. */
const CHEAP: Partial<Config> = { passwordMemoryKib: 64, passwordPasses: 1 }

/** Starts the real server on a database of its own, without listening, and takes it down after the test. */
export async function startServer(t: TestContext, options: ServerOptions = {}): Promise<TestServer> {
  const { settings, unsafe, directory: given, ...overrides } = options
  const directory = given ?? mkdtempSync(join(tmpdir(), 'signet-test-'))
  const object = { issuer: ISSUER, algorithm: 'ES256', dataDir: directory, allowedOrigins: [APP_ORIGIN], ...settings }
  const config: Config = { ...loadConfig({ env: {}, object }), ...CHEAP, ...unsafe }
  const clock = { now: START }
  const logged: string[] = []
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) })
  const server = await createAuthServer(config, { now: () => clock.now, log, ...overrides })
  t.after(async () => {
    await server.close()
    if (given === undefined) rmSync(directory, { recursive: true, force: true })
  })
  return { ...server, clock, logged, directory, call: (path, call = {}) => inject(server, path, call) }
}

async function inject(server: AuthServer, path: string, call: Call): Promise<Answer> {
  const { body, token, cookies, from } = call
  const isText = typeof body === 'string' || body instanceof Uint8Array
  const payload = body === undefined ? undefined : isText ? body : JSON.stringify(body)
  const type = call.type ?? (body === undefined ? undefined : 'application/json')
  const method = call.method ?? (body === undefined ? 'GET' : 'POST')
  const response = await server.fastify.inject({
    method,
    url: path,
    remoteAddress: from ?? '192.0.2.1',
    headers: {
      host: 'auth.example.com',
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(cookies === undefined ? {} : { cookie: cookieHeader(cookies) }),
      ...call.headers,
    },
    ...(payload === undefined ? {} : { payload: typeof payload === 'string' ? payload : Buffer.from(payload) }),
  })
  const answer = answerOf(response.statusCode, response.headers, response.rawPayload)
  checkDescribed(server.fastify, method, path, answer)
  return answer
}

function cookieHeader(cookies: Readonly<Record<string, string>>): string {
  return Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ')
}
