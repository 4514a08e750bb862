import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { generateSigningKey, thumbprint } from '@signet/jwt'
import type { SigningKey } from '@signet/jwt'
import { createDpopProof } from '@signet/jwt/dpop'
import { GuardError } from './errors.ts'
import { checkProof } from './proof.ts'
import { ReplayList } from './replay-list.ts'

const NOW = 1_800_000_000
const POLICY = { maxAgeSeconds: 60, publicUrl: 'https://api.example.com' }
const TOKEN = 'a.b.c'

let key: SigningKey
let other: SigningKey
before(async () => {
  key = await generateSigningKey('ES256')
  other = await generateSigningKey('Ed25519')
})

const sound = { method: 'GET', url: 'https://api.example.com/orders', jti: 'j1', now: NOW, accessToken: TOKEN }
const unsound = [
  { name: 'for another method', proof: { ...sound, method: 'POST' } },
  { name: 'for another path', proof: { ...sound, url: 'https://api.example.com/admin' } },
  { name: 'for another host', proof: { ...sound, url: 'https://evil.test/orders' } },
  { name: 'for plain http', proof: { ...sound, url: 'http://api.example.com/orders' } },
  { name: 'for another token', proof: { ...sound, accessToken: 'd.e.f' } },
  { name: 'for no token', proof: { method: 'GET', url: sound.url, jti: 'j1', now: NOW } },
  { name: 'of 61 s ago', proof: { ...sound, now: NOW - 61 } },
  { name: 'from the future', proof: { ...sound, now: NOW + 61 } },
] as const

test('a proof for this method, URL and token passes, once', () => {
  const replays = new ReplayList(10)
  const proof = createDpopProof(key, sound)
  present(proof, replays)
  refused(() => present(proof, replays), /used before/)
})

test('a proof of 60 s ago passes, and is still known as used', () => {
  const replays = new ReplayList(10)
  const proof = createDpopProof(key, { ...sound, now: NOW - 60 })
  present(proof, replays)
  refused(() => present(proof, replays), /used before/)
})

for (const { name, proof } of unsound) {
  test(`a proof ${name} is refused, and not remembered`, () => {
    const replays = new ReplayList(10)
    refused(() => present(createDpopProof(key, proof), replays))
    assert.equal(replays.size, 0)
  })
}

test('a proof with another key than the token is bound to is refused, and not remembered', () => {
  const replays = new ReplayList(10)
  refused(() => present(createDpopProof(other, sound), replays), /another key/)
  assert.equal(replays.size, 0)
})

for (const header of [undefined, '', 'x', 'a.b.c']) {
  test(`the header ${String(header)} is no proof`, () => {
    refused(() => present(header, new ReplayList(10)))
  })
}

test('two proofs in one request are refused', () => {
  const one = createDpopProof(key, sound)
  const two = createDpopProof(key, { ...sound, jti: 'j2' })
  refused(() => present(`${one}, ${two}`, new ReplayList(10)))
})

test('when no more proofs can be remembered, requests are refused as overload', () => {
  const replays = new ReplayList(0)
  assert.throws(() => present(createDpopProof(key, sound), replays), {
    code: 'overloaded',
    status: 503,
    retryAfterSeconds: 60,
  })
})

function present(dpop: string | undefined, replays: ReplayList): void {
  const request = {
    method: 'GET',
    url: '/orders?page=2',
    host: 'inner:8080',
    header: (name: string) => (name === 'dpop' ? dpop : undefined),
  }
  checkProof(request, TOKEN, thumbprint(key.toPublicJwk()), POLICY, replays, NOW)
}

function refused(act: () => void, reason = /./): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof GuardError && error.code === 'dpop_proof_invalid' && error.status === 401)
    assert.match(error.challenge ?? '', /^DPoP error="invalid_dpop_proof"/)
    assert.match(error.reason ?? '', reason)
    return true
  })
}
