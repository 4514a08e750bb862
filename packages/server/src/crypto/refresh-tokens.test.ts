import assert from 'node:assert/strict'
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { newSessionId } from './ids.ts'
import { createRefreshTokens } from './refresh-tokens.ts'

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

const SERVER_SECRET = bytes(32, 1)
const SESSION = { id: 'ses_AAECAwQFBgcICQoLDA0ODw', secret: bytes(32, 2) }
const codec = createRefreshTokens(SERVER_SECRET)
const TOKEN = codec.encode(SESSION, 7)

const GENERATIONS = fc.integer({ min: 1, max: 0xffff_ffff })

describe('a refresh token', () => {
  test('is deterministic: a replay gives the same bytes', () => {
    assert.equal(codec.encode(SESSION, 7), TOKEN)
    assert.equal(createRefreshTokens(SERVER_SECRET).encode(SESSION, 7), TOKEN)
    assert.match(TOKEN, /^srt_[A-Za-z0-9_-]{71}$/)
  })

  test('tells its session and generation, and belongs to its session', () => {
    fc.assert(
      fc.property(GENERATIONS, (generation) => {
        const session = { id: newSessionId(randomBytes), secret: randomBytes(32) }
        const token = codec.authenticate(codec.encode(session, generation))
        assert.ok(token !== null)
        assert.deepEqual([token.sessionId, token.generation], [session.id, generation])
        assert.equal(codec.matches(token, session.secret), true)
        assert.equal(codec.matches(token, randomBytes(32)), false)
      }),
    )
  })

  test('differs for every generation', () => {
    const tokens = new Set(Array.from({ length: 5000 }, (_, index) => codec.encode(SESSION, index + 1)))
    assert.equal(tokens.size, 5000)
  })

  test('any single bit flipped is refused', () => {
    const raw = Buffer.from(TOKEN.slice(4), 'base64url')
    for (let bit = 0; bit < raw.length * 8; bit++) {
      const flipped = Buffer.from(raw)
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      assert.equal(codec.authenticate(`srt_${flipped.toString('base64url')}`), null)
    }
  })

  test('any single character changed is refused, those whose bits do not count included', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. '
    for (let at = 0; at < TOKEN.length; at++) {
      for (const character of alphabet) {
        const changed = TOKEN.slice(0, at) + character + TOKEN.slice(at + 1)
        if (changed !== TOKEN) assert.equal(codec.authenticate(changed), null)
      }
    }
  })

  for (const { name, token } of [
    { name: 'nothing', token: '' },
    { name: 'the prefix alone', token: 'srt_' },
    { name: 'without its prefix', token: TOKEN.slice(4) },
    { name: 'with the prefix in capitals', token: TOKEN.replace('srt_', 'SRT_') },
    { name: 'cut by a character', token: TOKEN.slice(0, -1) },
    { name: 'longer by a character', token: `${TOKEN}A` },
    { name: 'with padding', token: `${TOKEN}=` },
    { name: 'with space around', token: ` ${TOKEN} ` },
    { name: 'with a line break at the end', token: `${TOKEN}\n` },
    { name: 'twice', token: TOKEN + TOKEN },
    { name: 'a megabyte', token: `srt_${'A'.repeat(1_000_000)}` },
    { name: 'RT-11: an access token', token: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln' },
    { name: 'all zeros', token: `srt_${'A'.repeat(71)}` },
  ]) {
    test(`${name} is refused`, () => assert.equal(codec.authenticate(token), null))
  }

  test('any text is refused', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(codec.authenticate(text), null)))
    const shaped = fc.uint8Array({ minLength: 53, maxLength: 53 })
    fc.assert(
      fc.property(shaped, (raw) =>
        assert.equal(codec.authenticate(`srt_${Buffer.from(raw).toString('base64url')}`), null),
      ),
    )
  })

  test('of another server is refused', () => {
    const other = createRefreshTokens(bytes(32, 9))
    assert.equal(other.authenticate(TOKEN), null)
    assert.equal(codec.authenticate(other.encode(SESSION, 7)), null)
  })

  test('forged by a thief of the database, who knows the session’s secret, is refused', () => {
    const stolen = Buffer.from(TOKEN.slice(4), 'base64url')
    stolen.writeUInt32BE(8, 17)
    const idAndGeneration = stolen.subarray(1, 21)
    const proof = createHmac('sha256', SESSION.secret).update('signet refresh proof\0').update(idAndGeneration).digest()
    proof.copy(stolen, 21, 0, 16)
    for (const key of [SESSION.secret, bytes(32, 0), createHash('sha256').update('').digest()]) {
      createHmac('sha256', key).update(stolen.subarray(0, 37)).digest().copy(stolen, 37, 0, 16)
      assert.equal(codec.authenticate(`srt_${stolen.toString('base64url')}`), null)
    }
  })

  test('forged by a thief of the server’s key, who does not know the session’s secret, does not match', () => {
    const forged = codec.authenticate(codec.encode({ id: SESSION.id, secret: bytes(32, 3) }, 7))
    assert.ok(forged !== null)
    assert.equal(codec.matches(forged, SESSION.secret), false)
  })

  test('moved to another session or generation, its proof does not match', () => {
    const token = codec.authenticate(TOKEN)
    assert.ok(token !== null)
    assert.equal(codec.matches(token, SESSION.secret), true)
    assert.equal(codec.matches({ ...token, generation: 8 }, SESSION.secret), false)
    assert.equal(codec.matches({ ...token, sessionId: newSessionId(randomBytes) }, SESSION.secret), false)
    assert.equal(codec.matches({ ...token, proof: token.proof.subarray(1) }, SESSION.secret), false)
    assert.equal(codec.matches({ ...token, sessionId: 'ses_' }, SESSION.secret), false)
  })

  test('is not made for what cannot be a session or a generation', () => {
    for (const generation of [0, -1, 1.5, Number.NaN, 2 ** 32]) {
      assert.throws(() => codec.encode(SESSION, generation), TypeError)
    }
    assert.throws(() => codec.encode({ ...SESSION, id: 'ses_short' }, 1), TypeError)
    assert.throws(() => createRefreshTokens(bytes(31, 1)), TypeError)
  })
})

describe('the id of an access token', () => {
  test('is derived: the same for a replay, another for every generation and session', () => {
    assert.equal(codec.accessTokenId(SESSION.secret, 7), codec.accessTokenId(SESSION.secret, 7))
    const ids = new Set(Array.from({ length: 5000 }, (_, index) => codec.accessTokenId(SESSION.secret, index + 1)))
    assert.equal(ids.size, 5000)
    assert.notEqual(codec.accessTokenId(bytes(32, 3), 7), codec.accessTokenId(SESSION.secret, 7))
  })

  test('SE-08: has 128 bits', () => assert.match(codec.accessTokenId(SESSION.secret, 7), /^[A-Za-z0-9_-]{22}$/))

  test('is not the proof of the refresh token', () => {
    assert.equal(TOKEN.includes(codec.accessTokenId(SESSION.secret, 7)), false)
  })
})

describe('a CSRF token', () => {
  const token = codec.csrfToken(SESSION.id)

  test('is good for its session and no other', () => {
    assert.equal(codec.checkCsrfToken(token, SESSION.id), true)
    assert.equal(codec.checkCsrfToken(token, newSessionId(randomBytes)), false)
  })

  test('of another server is refused', () => {
    assert.equal(createRefreshTokens(bytes(32, 9)).checkCsrfToken(token, SESSION.id), false)
  })

  test('changed anywhere is refused', () => {
    for (let at = 0; at < token.length - 1; at++) {
      const changed = token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
      assert.equal(codec.checkCsrfToken(changed, SESSION.id), false)
    }
    for (const text of ['', token.slice(1), `${token}A`, `${token}=`, `${token}\n`]) {
      assert.equal(codec.checkCsrfToken(text, SESSION.id), false)
    }
  })
})
