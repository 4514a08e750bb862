import assert from 'node:assert/strict'
import { generateKeyPairSync, KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { ALGORITHMS } from './algorithms.ts'
import type { JwtErrorCode } from './errors.ts'
import { generateSigningKey } from './generate.ts'
import { importSigningKey, importVerificationKey } from './import.ts'
import type { ImportableKey, ImportOptions } from './import.ts'
import type { Jwk } from './jwk.ts'
import { refusedWith } from './testing/tokens.ts'
import { thumbprint } from './thumbprint.ts'

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ed = generateKeyPairSync('ed25519')
const rsaJwk = jwkOf(rsa.publicKey)
const ecJwk = jwkOf(ec.publicKey)
const edJwk = jwkOf(ed.publicKey)
const SECRET = new Uint8Array(64).fill(9)

describe('VF-02 VF-04: a key is refused', () => {
  const cases: readonly { name: string; key: unknown; options?: ImportOptions; code: JwtErrorCode }[] = [
    { name: 'null', key: null, code: 'key_invalid' },
    { name: 'an empty string', key: '', options: { alg: 'HS256' }, code: 'key_invalid' },
    { name: 'text that is not PEM', key: 'secret'.repeat(20), options: { alg: 'HS256' }, code: 'key_invalid' },
    { name: 'an empty secret', key: new Uint8Array(), options: { alg: 'HS256' }, code: 'key_weak' },
    { name: 'a secret of 31 bytes', key: SECRET.slice(0, 31), options: { alg: 'HS256' }, code: 'key_weak' },
    { name: 'a secret of 47 bytes for HS384', key: SECRET.slice(0, 47), options: { alg: 'HS384' }, code: 'key_weak' },
    { name: 'a secret of 63 bytes for HS512', key: SECRET.slice(0, 63), options: { alg: 'HS512' }, code: 'key_weak' },
    { name: 'a secret without an algorithm', key: SECRET, code: 'key_invalid' },
    { name: 'RSA without an algorithm', key: rsaJwk, code: 'key_invalid' },
    { name: 'RSA for ES256', key: rsaJwk, options: { alg: 'ES256' }, code: 'key_invalid' },
    { name: 'P-256 for ES384', key: ecJwk, options: { alg: 'ES384' }, code: 'key_invalid' },
    { name: 'RSA for HS256', key: rsaJwk, options: { alg: 'HS256' }, code: 'key_invalid' },
    { name: 'a secret for RS256', key: SECRET, options: { alg: 'RS256' }, code: 'key_invalid' },
    { name: 'RSA of 1024 bits', key: jwkOf(weakRsa()), options: { alg: 'RS256' }, code: 'key_weak' },
    { name: 'RSA exponent 1', key: { ...rsaJwk, e: 'AQ' }, options: { alg: 'RS256' }, code: 'key_weak' },
    { name: 'RSA exponent even', key: { ...rsaJwk, e: 'AQAA' }, options: { alg: 'RS256' }, code: 'key_weak' },
    { name: 'RSA modulus even', key: { ...rsaJwk, n: evenModulus() }, options: { alg: 'RS256' }, code: 'key_weak' },
    { name: 'a point that is not on the curve', key: { ...ecJwk, y: ecJwk.x }, code: 'key_invalid' },
    { name: 'a short coordinate', key: { ...ecJwk, x: ecJwk.x?.slice(0, 40) }, code: 'key_invalid' },
    {
      name: 'secp256k1',
      key: jwkOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
      code: 'key_invalid',
    },
    { name: 'X25519', key: jwkOf(generateKeyPairSync('x25519').publicKey), code: 'key_invalid' },
    { name: 'an Ed25519 point of order 1', key: { ...edJwk, x: edPoint(1) }, code: 'key_weak' },
    {
      name: 'an Ed25519 point of order 2',
      key: { ...edJwk, x: '7P_______________________________________38' },
      code: 'key_weak',
    },
    {
      name: 'an Ed25519 point of order 8',
      key: { ...edJwk, x: 'xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o' },
      code: 'key_weak',
    },
    { name: 'kty missing', key: { ...ecJwk, kty: undefined }, code: 'key_invalid' },
    { name: 'kty inherited', key: Object.create(ecJwk), code: 'key_invalid' },
    { name: 'padding in a member', key: { ...ecJwk, x: `${ecJwk.x}=` }, code: 'key_invalid' },
    { name: 'use enc', key: { ...ecJwk, use: 'enc' }, code: 'key_invalid' },
    { name: 'key_ops without verify', key: { ...ecJwk, key_ops: ['sign'] }, code: 'key_invalid' },
    { name: 'key_ops with a repeated name', key: { ...ecJwk, key_ops: ['verify', 'verify'] }, code: 'key_invalid' },
    {
      name: 'alg of another algorithm',
      key: { ...rsaJwk, alg: 'RS512' },
      options: { alg: 'RS256' },
      code: 'key_invalid',
    },
    { name: 'alg of another key type', key: { ...rsaJwk, alg: 'HS256' }, code: 'key_invalid' },
    { name: 'alg that is no signature', key: { ...rsaJwk, alg: 'RSA-OAEP' }, code: 'key_invalid' },
    { name: 'kid a number', key: { ...ecJwk, kid: 1 }, code: 'key_invalid' },
  ]
  for (const { name, key, options = {}, code } of cases) {
    test(`${name}: ${code}`, () => refusedWith(code, () => importVerificationKey(key as ImportableKey, options)))
  }
})

describe('VF-02: public key material is never an HMAC secret', () => {
  const pem = String(rsa.publicKey.export({ type: 'spki', format: 'pem' }))
  const pkcs1 = String(rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }))
  const body = pem.split('\n').slice(1, -2).join('')
  const forms: Readonly<Record<string, string | Buffer>> = {
    'SPKI PEM': pem,
    'PKCS #1 PEM': pkcs1,
    'PEM with CRLF': pem.replaceAll('\n', '\r\n'),
    'PEM behind white space': `\n\t  ${pem}`,
    'PEM behind a no-break space': `\u00a0${pem}`,
    'PEM behind a byte order mark': `\uFEFF${pem}`,
    'PEM in UTF-16': Buffer.from(`\uFEFF${pem}`, 'utf16le'),
    'PEM behind a comment': `Bag Attributes\n${pem}`,
    'PEM body alone': body,
    'PEM body, wrapped': body.replace(/(.{64})/g, '$1\n'),
    'SPKI DER': der(rsa.publicKey, 'spki'),
    'PKCS #1 DER': der(rsa.publicKey, 'pkcs1'),
    JWK: JSON.stringify(rsaJwk),
    'JWK, indented': ` ${JSON.stringify(rsaJwk, null, 2)}`,
    'JWK Set': JSON.stringify({ keys: [ecJwk] }),
    OpenSSH: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${'A'.repeat(43)} user@host`,
    'OpenSSH, ECDSA': `ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY${'A'.repeat(60)}`,
  }
  for (const [name, form] of Object.entries(forms)) {
    const bytes = typeof form === 'string' ? Buffer.from(form) : form
    test(name, () => {
      refusedWith('key_invalid', () => importVerificationKey(bytes, { alg: 'HS256' }))
      refusedWith('key_invalid', () =>
        importVerificationKey({ kty: 'oct', k: bytes.toString('base64url') }, { alg: 'HS256' }),
      )
    })
  }

  test('an honest secret that looks a little like a key is accepted', () => {
    for (const secret of [`{${'x'.repeat(40)}`, `0${'\u0001'.repeat(40)}`, `MII${'a'.repeat(60)}`, '-'.repeat(64)]) {
      importVerificationKey(Buffer.from(secret), { alg: 'HS256' })
    }
  })
})

test('CVE-2017-15361: a modulus with the ROCA fingerprint is weak', () => {
  // a product over the fingerprint's primes, plus one: congruent to 1 modulo each of them, as 65537^0 is
  const primes = [3, 5, 7, 11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]
  const product = primes.reduce((all, prime) => all * BigInt(prime), 2n)
  const modulus = ((1n << 2047n) / product + 1n) * product + 1n
  const n = Buffer.from(modulus.toString(16), 'hex').toString('base64url')
  refusedWith('key_weak', () => importVerificationKey({ ...rsaJwk, n }, { alg: 'RS256' }))
})

describe('forms of one key', () => {
  test('JWK, PEM, KeyObject and the private half give the same verification key', () => {
    const expected = importVerificationKey(rsaJwk, { alg: 'PS256' }).toPublicJwk()
    const forms: ImportableKey[] = [
      String(rsa.publicKey.export({ type: 'spki', format: 'pem' })),
      String(rsa.publicKey.export({ type: 'pkcs1', format: 'pem' })),
      String(rsa.privateKey.export({ type: 'pkcs8', format: 'pem' })),
      rsa.publicKey,
      rsa.privateKey,
      jwkOf(rsa.privateKey),
    ]
    for (const form of forms) assert.deepEqual(importVerificationKey(form, { alg: 'PS256' }).toPublicJwk(), expected)
  })

  test('an RSASSA-PSS key serves only the hash it was made for', () => {
    const { publicKey } = generateKeyPairSync('rsa-pss', {
      modulusLength: 2048,
      hashAlgorithm: 'sha384',
      mgf1HashAlgorithm: 'sha384',
    })
    assert.equal(importVerificationKey(publicKey).alg, 'PS384')
    refusedWith('key_invalid', () => importVerificationKey(publicKey, { alg: 'PS256' }))
    refusedWith('key_invalid', () => importVerificationKey(publicKey, { alg: 'RS384' }))
  })

  test('a curve decides the algorithm, under its present name', () => {
    assert.equal(importVerificationKey(ecJwk).alg, 'ES256')
    assert.equal(importVerificationKey({ ...edJwk, alg: 'EdDSA' }).alg, 'Ed25519')
  })
})

describe('names', () => {
  test('a signing key is named by its thumbprint, a JWK by itself, a secret not at all', () => {
    const pem = String(ec.privateKey.export({ type: 'pkcs8', format: 'pem' }))
    assert.equal(importSigningKey(pem).kid, thumbprint(ecJwk))
    assert.equal(importSigningKey({ ...jwkOf(ec.privateKey), kid: 'own' }, { kid: 'given' }).kid, 'own')
    assert.equal(importSigningKey(pem, { kid: 'given' }).kid, 'given')
    assert.equal(importSigningKey(SECRET, { alg: 'HS256' }).kid, undefined)
  })
})

describe('signing keys', () => {
  test('need a private half', () => {
    refusedWith('key_invalid', () => importSigningKey(ecJwk))
    refusedWith('key_invalid', () => importSigningKey(ec.publicKey))
    refusedWith('key_invalid', () => importSigningKey({ ...jwkOf(ec.privateKey), key_ops: ['verify'] }))
  })

  test('whose halves belong to two keys are refused', () => {
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    refusedWith('key_invalid', () => importSigningKey({ ...jwkOf(stranger.privateKey), ...ecJwk }))
    const edStranger = generateKeyPairSync('ed25519')
    refusedWith('key_invalid', () => importSigningKey({ ...jwkOf(edStranger.privateKey), ...edJwk }))
  })

  test('survive the way through their private JWK', async () => {
    for (const alg of ALGORITHMS.filter((name) => !/^[RP]S/.test(name))) {
      const key = await generateSigningKey(alg, { kid: 'k' })
      assert.deepEqual(importSigningKey(key.toPrivateJwk()).toPrivateJwk(), key.toPrivateJwk())
    }
  })

  test('KY-01: show nothing private when printed, serialised or published', async () => {
    const key = await generateSigningKey('Ed25519')
    const { d = '' } = key.toPrivateJwk()
    assert.ok(d.length > 0)
    for (const shown of [
      inspect(key, { depth: 9, showHidden: true }),
      JSON.stringify(key),
      JSON.stringify(key.toPublicJwk()),
    ]) {
      assert.ok(!shown.includes(d))
    }
    assert.deepEqual(Object.keys(key.toPublicJwk()).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'])
  })

  test('KY-01: a secret has no public form', () => {
    refusedWith('key_invalid', () => importSigningKey(SECRET, { alg: 'HS256' }).toPublicJwk())
  })

  test('generated weaker than allowed are refused', async () => {
    await assert.rejects(generateSigningKey('RS256', { modulusLength: 1024 }), { code: 'key_weak' })
  })
})

describe('thumbprints', () => {
  test('RFC 7638 §3.1 and RFC 8037 A.3', () => {
    const n =
      '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw'
    assert.equal(
      thumbprint({ kty: 'RSA', n, e: 'AQAB', alg: 'RS256', use: 'enc' }),
      'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
    )
    const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
    assert.equal(thumbprint({ kty: 'OKP', crv: 'Ed25519', x }), 'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })

  test('need the members they hash', () => {
    refusedWith('key_invalid', () => thumbprint({ kty: 'RSA', e: 'AQAB' }))
    refusedWith('key_invalid', () => thumbprint({ kty: 'XYZ' }))
  })
})

function jwkOf(key: KeyObject): Jwk {
  return key.export({ format: 'jwk' }) as unknown as Jwk
}

function der(key: KeyObject, type: 'spki' | 'pkcs1'): Buffer {
  return Buffer.from(key.export({ type, format: 'der' }) as Uint8Array)
}

function weakRsa(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
}

function evenModulus(): string {
  const bytes = Buffer.from(rsaJwk.n ?? '', 'base64url')
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) & 0xfe
  return bytes.toString('base64url')
}

function edPoint(y: number): string {
  const bytes = new Uint8Array(32)
  bytes[0] = y
  return Buffer.from(bytes).toString('base64url')
}
