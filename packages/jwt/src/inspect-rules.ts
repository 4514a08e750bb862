import type { JsonRecord, Note } from './inspect-finding.ts'

const UNSIGNED = 'none'
/** Bytes of a signature where the algorithm alone decides it. RSA depends on the key. */
const SIGNATURE_BYTES: Readonly<Record<string, number>> = {
  HS256: 32,
  HS384: 48,
  HS512: 64,
  ES256: 64,
  ES384: 96,
  ES512: 132,
  Ed25519: 64,
  EdDSA: 64,
}
const RSA_ALGORITHM = /^[RP]S(?:256|384|512)$/
const KEYS_IN_HEADER = ['jwk', 'jku', 'x5u', 'x5c']

/** Notes what is wrong or noteworthy in a decoded header. */
export function describeHeader(header: JsonRecord, signature: Uint8Array | undefined, note: Note): void {
  const { alg, kid, typ, crit, b64, ...others } = header
  describeAlgorithm(alg, signature, note)
  if (kid !== undefined && typeof kid !== 'string') note('header', 'kid_type', 'kid is not a string.')
  if (typ === undefined) note('header', 'typ_missing', 'Without typ, one kind of token can pass as another.')
  else if (typeof typ !== 'string') note('header', 'typ_type', 'typ is not a string.')
  if (crit !== undefined) note('header', 'crit', 'crit demands extensions that the verifier must understand.')
  if (b64 !== undefined && b64 !== true) note('header', 'payload_unencoded', 'b64 is not true, which no JWT may say.')
  for (const name of KEYS_IN_HEADER) {
    if (Object.hasOwn(others, name))
      note('header', 'key_in_header', `${name} offers a key; a verifier must not take it from the token.`)
  }
}

/** Notes what is wrong or noteworthy in decoded claims. Reads no clock, so it does not say whether a token has expired. */
export function describeClaims(claims: JsonRecord, note: Note): void {
  const { iss, sub, aud, exp, nbf, iat, jti } = claims
  for (const [name, value] of Object.entries({ iss, sub, jti })) {
    if (value !== undefined && typeof value !== 'string') note('claims', `${name}_type`, `${name} is not a string.`)
  }
  for (const [name, value] of Object.entries({ exp, nbf, iat })) describeTime(name, value, note)
  if (exp === undefined) note('claims', 'exp_missing', 'The token never expires.')
  if (aud === undefined) note('claims', 'aud_missing', 'The token does not say for whom it is.')
  else if (!isAudience(aud)) note('claims', 'aud_type', 'aud is not a string or a list of strings.')
  if (iss === undefined) note('claims', 'iss_missing', 'The token does not say who issued it.')
  if (typeof exp === 'number' && typeof iat === 'number' && exp <= iat) {
    note('claims', 'lifetime_empty', 'The token expires before it is issued.')
  }
}

function describeAlgorithm(alg: unknown, signature: Uint8Array | undefined, note: Note): void {
  if (alg === undefined) note('header', 'alg_missing', 'alg is missing.')
  else if (typeof alg !== 'string') note('header', 'alg_type', 'alg is not a string.')
  else if (alg.toLowerCase() === UNSIGNED) note('header', 'alg_unsigned', 'The token claims to need no signature.')
  else if (Object.hasOwn(SIGNATURE_BYTES, alg)) describeLength(alg, signature, note)
  else if (!RSA_ALGORITHM.test(alg)) note('header', 'alg_unknown', 'alg is not an algorithm of this engine.')
}

function describeLength(alg: string, signature: Uint8Array | undefined, note: Note): void {
  if (alg === 'EdDSA') note('header', 'alg_legacy', 'EdDSA has been replaced by Ed25519 (RFC 9864).')
  if (signature !== undefined && signature.length !== SIGNATURE_BYTES[alg]) {
    note('signature', 'length_unexpected', `A signature by ${alg} has ${SIGNATURE_BYTES[alg]} bytes.`)
  }
}

/** Seconds of the year 5138; whatever is larger was meant as milliseconds. */
const LATEST_PLAUSIBLE = 100_000_000_000

function describeTime(name: string, value: unknown, note: Note): void {
  if (value === undefined) return
  if (typeof value !== 'number' || !Number.isFinite(value)) note('claims', `${name}_type`, `${name} is not a number.`)
  else if (value > LATEST_PLAUSIBLE) note('claims', `${name}_milliseconds`, `${name} looks like milliseconds.`)
}

function isAudience(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((item) => typeof item === 'string'))
}
