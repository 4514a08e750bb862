/**
 * Why a token, a key or a claims set was refused. Codes are added, never renamed.
 *
 * The token as text:
 * - `token_malformed`       not a string, not three non-empty parts, or an unsigned or encrypted form
 * - `token_too_large`       longer than the policy's limit
 * - `base64url_invalid`     a part has a character outside the alphabet, padding, or a spelling that is not the canonical one
 * - `utf8_invalid`          header or claims are not UTF-8
 * - `json_invalid`          header or claims are not one JSON object, or nest deeper than 256
 * - `member_duplicate`      a JSON object, at any depth, names a member twice
 *
 * The header:
 * - `header_invalid`        a header parameter has a wrong type
 * - `algorithm_not_allowed` `alg` is not one of the policy's algorithms
 * - `algorithm_mismatch`    the key that `kid` names is for another algorithm
 * - `crit_unsupported`      `crit` is malformed or names an extension that the caller does not handle
 * - `payload_unencoded`     `b64` is anything but `true` (RFC 7797 §7 forbids it in a JWT)
 * - `type_mismatch`         `typ` is missing or not the expected type
 *
 * The key and the signature:
 * - `key_unknown`           no trusted key has this `kid` and `alg`
 * - `signature_invalid`     the signature does not verify
 * - `keys_unavailable`      a remote key set could not be loaded
 * - `key_invalid`           a key is malformed, contradicts its own metadata, or is not meant for this use
 * - `key_weak`              a key is well-formed but too weak to protect anything
 *
 * The claims:
 * - `claims_invalid`        a registered claim has a wrong type, or a value cannot be carried in JSON
 * - `claim_missing`         a required claim is absent
 * - `token_expired` `token_not_yet_valid` `token_too_old`  time
 * - `issuer_mismatch` `audience_mismatch` `subject_mismatch`  present, and not the expected one
 * - `token_revoked`         the caller's revocation check said so
 * - `clock_invalid`         the caller's clock did not return a finite number
 *
 * Proof of possession:
 * - `dpop_proof_invalid`    RFC 9449 §4.3; the message names the check
 */
export type JwtErrorCode =
  | 'token_malformed'
  | 'token_too_large'
  | 'base64url_invalid'
  | 'utf8_invalid'
  | 'json_invalid'
  | 'member_duplicate'
  | 'header_invalid'
  | 'algorithm_not_allowed'
  | 'algorithm_mismatch'
  | 'crit_unsupported'
  | 'payload_unencoded'
  | 'type_mismatch'
  | 'key_unknown'
  | 'signature_invalid'
  | 'keys_unavailable'
  | 'key_invalid'
  | 'key_weak'
  | 'claims_invalid'
  | 'claim_missing'
  | 'token_expired'
  | 'token_not_yet_valid'
  | 'token_too_old'
  | 'issuer_mismatch'
  | 'audience_mismatch'
  | 'subject_mismatch'
  | 'token_revoked'
  | 'clock_invalid'
  | 'dpop_proof_invalid'

/**
 * The one error that refusals are made of.
 *
 * `message` says which rule refused, for a person; it never contains the token, a claim's value, a key or a signature.
 */
export class JwtError extends Error {
  readonly code: JwtErrorCode

  constructor(code: JwtErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'JwtError'
    this.code = code
  }
}

/** Misuse by a programmer: a policy or options object that cannot mean what it says. Thrown when the object is made. */
export class PolicyError extends TypeError {
  constructor(message: string) {
    super(message)
    this.name = 'PolicyError'
  }
}
