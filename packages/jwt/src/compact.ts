import { Buffer } from 'node:buffer'
import type { Algorithm } from './algorithms.ts'
import { ALGORITHMS } from './algorithms.ts'
import { sliceBase64url, writeBase64url, writeLatin1 } from './bytes.ts'
import { JwtError } from './errors.ts'
import { checkHeader } from './header.ts'
import type { CheckedHeader, HeaderRules, JoseHeader } from './header.ts'
import type { KeySource } from './key-set.ts'
import { verificationMaterialOf } from './keys.ts'
import type { VerificationKey } from './keys.ts'
import { verifySignature } from './signatures.ts'

export interface CompactRules extends HeaderRules {
  readonly keys: KeySource
  readonly maxTokenBytes: number
}

/** An authentic compact JWS. */
export interface OpenedJws {
  readonly header: JoseHeader
  readonly key: VerificationKey
  /** The decoded payload is its first `payloadLength` bytes; valid only until the next token is opened. */
  readonly payload: Buffer
  readonly payloadLength: number
}

/**
 * Makes the function that opens compact JWS (RFC 7515 §5.2) under fixed rules: size, three canonical base64url parts, header,
 * key by `kid` and `alg`, signature, in this order. The payload may be any bytes and is not looked at.
 *
 * The function throws JwtError and is not to be called from within a `KeySource`.
 */
export function createCompactOpener(rules: CompactRules): (token: string) => OpenedJws {
  const known = new KnownHeaders()

  return function open(token) {
    if (typeof token !== 'string') throw new JwtError('token_malformed', 'a token is a string')
    if (token.length > rules.maxTokenBytes) throw new JwtError('token_too_large', 'the token is too large')
    let trusted = known.find(token)
    const headerEnd = trusted === undefined ? token.indexOf('.') : trusted.prefix.length - 1
    const payloadEnd = token.indexOf('.', headerEnd + 1)
    if (headerEnd < 1 || payloadEnd === -1 || token.includes('.', payloadEnd + 1)) {
      throw new JwtError('token_malformed', 'a token has three parts')
    }
    const scratch = scratchFor(token.length)
    const signatureLength = decodeInto(scratch.signature, token.slice(payloadEnd + 1))
    if (signatureLength === 0) throw new JwtError('token_malformed', 'the token is not signed')
    const payloadLength = decodeInto(scratch.payload, token.slice(headerEnd + 1, payloadEnd))

    if (trusted === undefined || trusted.version !== rules.keys.version) {
      trusted = trustHeader(token.slice(0, headerEnd), rules)
    }
    const inputLength = writeLatin1(scratch.input, token.slice(0, payloadEnd))
    const input = scratch.input.subarray(0, inputLength)
    const signature = scratch.signature.subarray(0, signatureLength)
    for (const key of trusted.candidates) {
      if (!verifySignature(verificationMaterialOf(key), input, signature)) continue
      known.remember(trusted)
      return { header: trusted.checked.header, key, payload: scratch.payload, payloadLength }
    }
    throw new JwtError('signature_invalid', 'the signature does not verify')
  }
}

/** A header that has passed every check, with the keys it selects. */
interface TrustedHeader {
  /** The header part and the dot behind it. */
  readonly prefix: string
  readonly checked: CheckedHeader
  readonly version: number
  readonly candidates: readonly VerificationKey[]
}

function trustHeader(part: string, rules: CompactRules): TrustedHeader {
  const checked = checkHeader(part, rules)
  const { version } = rules.keys
  const candidates = rules.keys.select(checked.alg, checked.kid).filter((key) => key.alg === checked.alg)
  if (candidates.length === 0) throw noKey(rules.keys, checked.kid)
  return { prefix: `${part}.`, checked, version, candidates }
}

function noKey(keys: KeySource, kid: string | undefined): JwtError {
  const isForAnother = (alg: Algorithm): boolean => keys.select(alg, kid).length > 0
  return ALGORITHMS.some(isForAnother)
    ? new JwtError('algorithm_mismatch', 'the key is for another algorithm')
    : new JwtError('key_unknown', 'no trusted key has this kid and alg')
}

const MAX_KNOWN_HEADERS = 8

/**
 * The headers of the last authentic tokens. An issuer's tokens share one header, so it is compared instead of parsed.
 * Only authentic headers enter, hence nobody but a trusted issuer can push one out.
 */
class KnownHeaders {
  readonly #headers: TrustedHeader[] = []
  #next = 0

  find(token: string): TrustedHeader | undefined {
    for (const known of this.#headers) if (token.startsWith(known.prefix)) return known
    return undefined
  }

  remember(header: TrustedHeader): void {
    const index = this.#headers.findIndex((known) => known.prefix === header.prefix)
    if (index !== -1) {
      this.#headers[index] = header
      return
    }
    this.#headers[this.#next] = header
    this.#next = (this.#next + 1) % MAX_KNOWN_HEADERS
  }
}

interface Scratch {
  readonly input: Buffer
  readonly payload: Buffer
  readonly signature: Buffer
}

const RETAINED_SCRATCH_BYTES = 65_536
const retained = newScratch(RETAINED_SCRATCH_BYTES)

/** Verification is synchronous, so all tokens can be unpacked in the same place; only huge ones get their own. */
function scratchFor(bytes: number): Scratch {
  return bytes <= RETAINED_SCRATCH_BYTES ? retained : newScratch(bytes)
}

function newScratch(bytes: number): Scratch {
  const allocate = (): Buffer => Buffer.allocUnsafeSlow(bytes)
  return { input: allocate(), payload: allocate(), signature: allocate() }
}

/** Decodes one part and returns its length in bytes; the second half is the check that it was spelled canonically. */
function decodeInto(target: Buffer, part: string): number {
  const length = writeBase64url(target, part)
  if (sliceBase64url(target, length) !== part)
    throw new JwtError('base64url_invalid', 'a part is not canonical base64url')
  return length
}
