import type { Algorithm } from './algorithms.ts'
import { isAlgorithm } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'
import { JwtError } from './errors.ts'
import { freezeDeeply } from './freeze.ts'
import { parseJsonObject } from './json.ts'
import type { JsonObject } from './json.ts'
import { Scratch } from './scratch.ts'

/** A checked JOSE header. Deeply frozen. `alg` is as the token spelled it, so it may be the legacy `EdDSA`. */
export type JoseHeader = JsonObject & { readonly alg: string; readonly kid?: string; readonly typ?: string }

export interface HeaderRules {
  readonly algorithms: ReadonlySet<Algorithm>
  readonly acceptEdDSA: boolean
  /** As `normalizeType` writes it; undefined leaves `typ` unchecked. */
  readonly typ: string | undefined
  readonly understoodCrit: ReadonlySet<string>
}

export interface CheckedHeader {
  readonly header: JoseHeader
  readonly alg: Algorithm
  readonly kid: string | undefined
}

/**
 * Decodes and checks the header part of a token against the rules (RFC 7515 §4, RFC 7797).
 *
 * `jku`, `jwk`, `x5u`, `x5c` and `x5t` are never looked at: a token does not bring its own key.
 *
 * @throws JwtError with one of the codes listed under "the token as text" and "the header"
 */
export function checkHeader(part: string, rules: HeaderRules): CheckedHeader {
  const bytes = decodeBase64url(part)
  const header = parseJsonObject(Scratch.of(bytes), bytes.length)
  const alg = checkAlgorithm(own(header, 'alg'), rules)
  const kid = checkString(header, 'kid')
  checkString(header, 'cty')
  checkType(checkString(header, 'typ'), rules.typ)
  checkCritical(header, rules.understoodCrit)
  checkPayloadIsEncoded(header)
  return { header: freezeDeeply(header) as JoseHeader, alg, kid }
}

/** Media type names compare without case, and `application/` may be left out (RFC 7515 §4.1.9). */
export function normalizeType(typ: string): string {
  const lower = typ.toLowerCase()
  const short = lower.startsWith('application/') ? lower.slice('application/'.length) : lower
  return short.includes('/') ? lower : short
}

function checkAlgorithm(name: unknown, rules: HeaderRules): Algorithm {
  if (typeof name !== 'string') throw new JwtError('header_invalid', 'alg is missing or not a string')
  // RFC 9864: `EdDSA` left the curve open; where it is accepted it means the one curve this engine has.
  const alg = name === 'EdDSA' && rules.acceptEdDSA ? 'Ed25519' : name
  if (!isAlgorithm(alg) || !rules.algorithms.has(alg)) {
    throw new JwtError('algorithm_not_allowed', 'alg is not an allowed algorithm')
  }
  return alg
}

function checkString(header: JsonObject, name: string): string | undefined {
  const value = own(header, name)
  if (value !== undefined && typeof value !== 'string') throw new JwtError('header_invalid', `${name} is not a string`)
  return value
}

function checkType(typ: string | undefined, expected: string | undefined): void {
  if (expected === undefined) return
  if (typ === undefined || typ === '' || normalizeType(typ) !== expected) {
    throw new JwtError('type_mismatch', 'typ is not the expected type')
  }
}

/** Parameters defined by RFC 7515, 7516 and 7518; RFC 7515 §4.1.11 forbids to list them in `crit`. */
const REGISTERED = new Set(
  'alg jku jwk kid x5u x5c x5t x5t#S256 typ cty crit enc zip epk apu apv iv tag p2s p2c'.split(' '),
)

function checkCritical(header: JsonObject, understood: ReadonlySet<string>): void {
  const crit = own(header, 'crit')
  if (crit === undefined) return
  if (!Array.isArray(crit) || crit.length === 0 || new Set(crit).size !== crit.length) {
    throw new JwtError('crit_unsupported', 'crit is not a list of distinct names')
  }
  for (const name of crit as readonly unknown[]) {
    if (typeof name !== 'string' || REGISTERED.has(name) || !Object.hasOwn(header, name)) {
      throw new JwtError('crit_unsupported', 'crit names something that cannot be critical')
    }
    if (!understood.has(name)) throw new JwtError('crit_unsupported', 'crit names an extension that is not understood')
  }
}

function checkPayloadIsEncoded(header: JsonObject): void {
  const b64 = own(header, 'b64')
  if (b64 !== undefined && b64 !== true) throw new JwtError('payload_unencoded', 'b64 is not true')
}

function own(header: JsonObject, name: string): unknown {
  return Object.hasOwn(header, name) ? header[name] : undefined
}
