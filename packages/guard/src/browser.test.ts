import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdmittedClaims } from './claims.ts'
import { checkCrossSite } from './browser.ts'
import { GuardError } from './errors.ts'

const claims = { sub: 's', sid: 'ses_1' } as unknown as AdmittedClaims
const origins = new Set(['https://app.example.com'])
const verifyCsrfToken = (token: string, { sid }: AdmittedClaims): boolean => token === `csrf-of-${sid}`

const cases: readonly Case[] = [
  { name: 'a read from anywhere', method: 'GET', headers: { 'sec-fetch-site': 'cross-site' } },
  { name: 'a write from the same origin', method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } },
  { name: 'a write from a configured origin', method: 'POST', headers: { origin: 'https://app.example.com' } },
  {
    name: 'a cross-site form',
    method: 'POST',
    headers: { 'sec-fetch-site': 'cross-site' },
    code: 'cross_site_refused',
  },
  {
    name: 'a sibling subdomain',
    method: 'POST',
    headers: { 'sec-fetch-site': 'same-site', origin: 'https://evil.example.com' },
    code: 'cross_site_refused',
  },
  { name: 'a foreign origin', method: 'DELETE', headers: { origin: 'https://evil.test' }, code: 'cross_site_refused' },
  { name: 'the origin null', method: 'POST', headers: { origin: 'null' }, code: 'cross_site_refused' },
  { name: 'an unknown method without signs of origin', method: 'PURGE', headers: {}, code: 'csrf_token_invalid' },
  { name: 'no sign of an origin', method: 'POST', headers: {}, code: 'csrf_token_invalid' },
  {
    name: "no sign of an origin and the session's CSRF token",
    method: 'POST',
    headers: { 'x-csrf-token': 'csrf-of-ses_1' },
  },
  {
    name: "another session's CSRF token",
    method: 'POST',
    headers: { 'x-csrf-token': 'csrf-of-ses_2' },
    code: 'csrf_token_invalid',
  },
  {
    name: 'a good CSRF token from a foreign origin',
    method: 'POST',
    headers: { 'x-csrf-token': 'csrf-of-ses_1', origin: 'https://evil.test' },
    code: 'cross_site_refused',
  },
]

interface Case {
  readonly name: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly code?: string
}

for (const { name, method, headers, code } of cases) {
  test(`BR-03: with the access cookie, ${name}: ${code ?? 'passes'}`, () => {
    const request = { method, url: '/', header: (header: string) => headers[header] }
    const check = (): void => checkCrossSite(request, claims, { origins, verifyCsrfToken })
    if (code === undefined) check()
    else assert.throws(check, (error) => error instanceof GuardError && error.code === code && error.status === 403)
  })
}

test('BR-03: without a way to verify CSRF tokens, a request that shows no origin is refused', () => {
  const request = {
    method: 'POST',
    url: '/',
    header: (name: string) => (name === 'x-csrf-token' ? 'csrf-of-ses_1' : undefined),
  }
  assert.throws(() => checkCrossSite(request, claims, { origins, verifyCsrfToken: undefined }), {
    code: 'csrf_token_invalid',
  })
})
