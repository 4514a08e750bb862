import assert from 'node:assert/strict'
import { revokeSubject } from '../../src/domain/revocation.ts'
import type { EndedSession } from '../../src/domain/revocation.ts'
import type { Answer } from './answer.ts'
import type { Call, TestServer } from './server.ts'

export const PASSWORD = 'correct horse battery staple'

/** Somebody signed in with tokens in bodies. */
export interface SignedIn {
  readonly email: string
  readonly accessToken: string
  readonly refreshToken: string
}

export async function register(server: TestServer, email: string, password = PASSWORD, call: Call = {}): Promise<void> {
  const answer = await server.call('/auth/register', { ...call, body: { email, password } })
  assert.equal(answer.status, 202, answer.text)
}

export async function login(
  server: TestServer,
  email: string,
  members: object = {},
  call: Call = {},
): Promise<SignedIn> {
  const answer = await server.call('/auth/login', { ...call, body: { email, password: PASSWORD, ...members } })
  assert.equal(answer.status, 200, answer.text)
  return { email, ...tokensOf(answer) }
}

export async function signUp(server: TestServer, email: string): Promise<SignedIn> {
  await register(server, email)
  return login(server, email)
}

export function refresh(server: TestServer, refreshToken: string, call: Call = {}): Promise<Answer> {
  return server.call('/auth/refresh', { ...call, body: { refresh_token: refreshToken } })
}

export function tokensOf(answer: Answer): { readonly accessToken: string; readonly refreshToken: string } {
  return { accessToken: String(answer.json['access_token']), refreshToken: String(answer.json['refresh_token']) }
}

/** Disables an account, as an administrator does. */
export async function disable(server: TestServer, accountId: string): Promise<void> {
  const at = server.clock.now
  const ending = { at, revocations: (ended: readonly EndedSession[]) => revokeSubject(ended, at) }
  assert.ok(await server.context.store.accounts.disable(accountId, ending, []))
}

/** The claims of a token, unverified. */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return part(token, 1)
}

export function headerOf(token: string): Readonly<Record<string, unknown>> {
  return part(token, 0)
}

function part(token: string, index: number): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(Buffer.from(token.split('.')[index] ?? '', 'base64url').toString('utf8'))
  assert.ok(typeof value === 'object' && value !== null)
  return Object.fromEntries(Object.entries(value))
}
