import type { Buffer } from 'node:buffer'
import type { Algorithm } from './algorithms.ts'
import { ALGORITHMS, traitsOf } from './algorithms.ts'
import { sliceBase64url, writeBase64url, writeLatin1At } from './bytes.ts'
import { JwtError } from './errors.ts'
import { checkHeader } from './header.ts'
import type { CheckedHeader, HeaderRules, JoseHeader } from './header.ts'
import type { KeySource } from './key-set.ts'
import { verificationMaterialOf } from './keys.ts'
import type { VerificationKey } from './keys.ts'
import { Scratch } from './scratch.ts'
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
  readonly payload: Scratch
  readonly payloadLength: number
}

/**
 * Makes the function that opens compact JWS (RFC 7515 §5.2) under fixed rules: size, three canonical base64url parts, header,
 * key by `kid` and `alg`, signature, in this order. The payload may be any bytes and is not looked at.
 *
 * The function throws JwtError.
 */
export function createCompactOpener(rules: CompactRules): (token: string) => OpenedJws {
  const known = new KnownHeaders()

  return function open(token) {
    if (typeof token !== 'string') throw new JwtError('token_malformed', 'a token is a string')
    if (token.length > rules.maxTokenBytes) throw new JwtError('token_too_large', 'the token is too large')
    let trusted = known.find(token, rules.keys.version)
    const headerEnd = trusted === undefined ? token.indexOf('.') : trusted.prefix.length - 1
    const payloadEnd = token.indexOf('.', headerEnd + 1)
    if (headerEnd < 1 || payloadEnd === -1 || token.includes('.', payloadEnd + 1)) {
      throw new JwtError('token_malformed', 'a token has three parts')
    }
    const input = token.slice(0, payloadEnd)
    const payloadPart = token.slice(headerEnd + 1, payloadEnd)
    const signaturePart = token.slice(payloadEnd + 1)
    const workspace = workspaceFor(token.length)
    if (trusted === undefined) {
      decodeInto(workspace.payload, payloadPart)
      decodeSignature(workspace, signaturePart)
      // Keys come from code that is not ours, so nothing decoded may be relied on from before this line.
      trusted = trustHeader(token.slice(0, headerEnd), rules)
    }
    const payloadLength = decodeInto(workspace.payload, payloadPart)
    const key = trusted.isMac
      ? findMacKey(trusted, workspace, input, signaturePart)
      : findSignatureKey(trusted, workspace, input, signaturePart)
    if (key === undefined) throw new JwtError('signature_invalid', 'the signature does not verify')
    if (!trusted.isRemembered) known.remember(trusted)
    return { header: trusted.checked.header, key, payload: workspace.payload, payloadLength }
  }
}

/** A MAC is compared as text; only where none agrees does it matter whether the part was base64url at all. */
function findMacKey(
  { candidates }: TrustedHeader,
  workspace: Workspace,
  input: string,
  part: string,
): VerificationKey | undefined {
  for (const key of candidates) if (verificationMaterialOf(key).hmac?.matches(input, part) === true) return key
  decodeSignature(workspace, part)
  return undefined
}

function findSignatureKey(
  { candidates }: TrustedHeader,
  workspace: Workspace,
  input: string,
  part: string,
): VerificationKey | undefined {
  const signature = decodeSignature(workspace, part)
  const data = workspace.input.view(writeLatin1At(workspace.input.bytes, input, 0))
  for (const key of candidates) if (verifySignature(verificationMaterialOf(key), data, signature)) return key
  return undefined
}

/** A header that has passed every check, with the keys it selects. */
interface TrustedHeader {
  /** The header part and the dot behind it. */
  readonly prefix: string
  readonly checked: CheckedHeader
  readonly version: number
  readonly candidates: readonly VerificationKey[]
  readonly isMac: boolean
  isRemembered: boolean
}

function trustHeader(part: string, rules: CompactRules): TrustedHeader {
  const checked = checkHeader(part, rules)
  const { version } = rules.keys
  const candidates = rules.keys.select(checked.alg, checked.kid).filter((key) => key.alg === checked.alg)
  if (candidates.length === 0) throw noKey(rules.keys, checked.kid)
  const isMac = traitsOf(checked.alg).family === 'hmac'
  return { prefix: `${part}.`, checked, version, candidates, isMac, isRemembered: false }
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
  readonly #headers: (TrustedHeader | undefined)[] = Array.from({ length: MAX_KNOWN_HEADERS })
  #next = 0

  /** What is known of the token's header, provided that the trusted keys are still the same. */
  find(token: string, version: number): TrustedHeader | undefined {
    for (const known of this.#headers) {
      // a slice is compared as memory; `startsWith` goes letter by letter and takes several times as long
      if (known === undefined || token.slice(0, known.prefix.length) !== known.prefix) continue
      if (known.version === version) return known
      this.#headers[this.#headers.indexOf(known)] = undefined
    }
    return undefined
  }

  remember(header: TrustedHeader): void {
    header.isRemembered = true
    const free = this.#headers.indexOf(undefined)
    const slot = free === -1 ? this.#next : free
    const replaced = this.#headers[slot]
    if (replaced !== undefined) replaced.isRemembered = false
    this.#headers[slot] = header
    this.#next = (slot + 1) % MAX_KNOWN_HEADERS
  }
}

interface Workspace {
  readonly input: Scratch
  readonly payload: Scratch
  readonly signature: Scratch
}

const RETAINED_BYTES = 32_768
const retained = newWorkspace(RETAINED_BYTES)

/** Verification is synchronous, so all tokens can be unpacked in the same place; only huge ones get their own. */
function workspaceFor(bytes: number): Workspace {
  return bytes <= RETAINED_BYTES ? retained : newWorkspace(bytes)
}

function newWorkspace(bytes: number): Workspace {
  return { input: new Scratch(bytes), payload: new Scratch(bytes), signature: new Scratch(bytes) }
}

function decodeSignature({ signature }: Workspace, part: string): Buffer {
  if (part === '') throw new JwtError('token_malformed', 'the token is not signed')
  return signature.view(decodeInto(signature, part))
}

/** Decodes one part and returns its length in bytes; the second half is the check that it was spelled canonically. */
function decodeInto({ bytes }: Scratch, part: string): number {
  const length = writeBase64url(bytes, part)
  if (sliceBase64url(bytes, length) !== part)
    throw new JwtError('base64url_invalid', 'a part is not canonical base64url')
  return length
}
