import assert from 'node:assert/strict'
import { PASSWORD } from './people.ts'
import type { Answer } from './answer.ts'
import type { TestServer } from './server.ts'

export const REFRESH_COOKIE = '__Host-signet_refresh'
export const CSRF_COOKIE = '__Host-signet_csrf'
export const ACCESS_COOKIE = '__Host-signet_access'

/** What a browser says of a page of the same origin. */
export const SAME_ORIGIN = { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }
export const CROSS_SITE = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }

export interface Jar {
  readonly cookies: Readonly<Record<string, string>>
  readonly csrfToken: string
  readonly accessToken: string
}

/** Signs in as a page of the site would. */
export async function browserLogin(server: TestServer, email: string): Promise<Jar> {
  const answer = await server.call('/auth/login', { body: { email, password: PASSWORD }, headers: SAME_ORIGIN })
  assert.equal(answer.status, 200, answer.text)
  return jarOf(answer)
}

export function jarOf(answer: Answer): Jar {
  const cookies = Object.fromEntries([...answer.cookies].map(([name, { value }]) => [name, value]))
  return { cookies, csrfToken: String(answer.json['csrf_token']), accessToken: String(answer.json['access_token']) }
}
