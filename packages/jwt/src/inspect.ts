import { decodePart, decodeText } from './inspect-decode.ts'
import type { DecodedPart } from './inspect-decode.ts'
import { describeClaims, describeHeader } from './inspect-rules.ts'
import type { Finding, InspectedPart, JsonRecord, Note } from './inspect-finding.ts'
import { repeatsMember } from './json-members.ts'

export type { Finding, InspectedPart, JsonRecord } from './inspect-finding.ts'

export interface Inspection {
  /** The text between the dots, after white space, quotes and a `Bearer` prefix have been taken off. */
  readonly parts: readonly string[]
  /** The decoded text of the header and the claims, also where it is not JSON. */
  readonly headerText?: string
  readonly claimsText?: string
  /** The parsed header, if it is a JSON object. Nothing about its members is checked. */
  readonly header?: JsonRecord
  readonly claims?: JsonRecord
  /** Absent if it cannot be decoded. */
  readonly signature?: Uint8Array
  readonly findings: readonly Finding[]
}

/**
 * Decodes whatever can be decoded of a token and says what is wrong with it. Never throws.
 *
 * For people: a console, a command line, a log of one's own test. It trusts nothing and proves nothing: the signature is NOT
 * verified and no claim is checked against a policy. Runs in browsers.
 */
export function inspect(token: unknown): Inspection {
  const findings: Finding[] = []
  const note = (where: InspectedPart, code: string, message: string): void => {
    findings.push({ code, where, message })
  }
  if (typeof token !== 'string') {
    note('token', 'not_a_string', 'A token is a string.')
    return { parts: [], findings }
  }
  const text = unwrap(token, note)
  const parts = text === '' ? [] : text.split('.', MAX_PARTS)
  describeShape(text, parts, note)
  const header = readJson('header', parts[0], note)
  const isEncrypted = parts.length === JWE_PARTS
  const claims = isEncrypted ? undefined : readJson('claims', parts[1], note)
  const signature = isEncrypted ? undefined : readPart('signature', parts[2], note)?.bytes
  if (header?.value !== undefined) describeHeader(header.value, signature, note)
  if (claims?.value !== undefined) describeClaims(claims.value, note)
  return {
    parts,
    ...(header === undefined ? {} : { headerText: header.text }),
    ...(claims === undefined ? {} : { claimsText: claims.text }),
    ...(header?.value === undefined ? {} : { header: header.value }),
    ...(claims?.value === undefined ? {} : { claims: claims.value }),
    ...(signature === undefined ? {} : { signature }),
    findings,
  }
}

const JWS_PARTS = 3
const JWE_PARTS = 5
/** Enough to show what a malformed token looks like; ten million dots are not split ten million times. */
const MAX_PARTS = 8
const MAX_ACCEPTED_LENGTH = 16_384

function unwrap(token: string, note: Note): string {
  let text = token.trim()
  if (text !== token) note('token', 'white_space', 'There is white space around the token.')
  if (/^(?:authorization:\s*)?bearer\s/i.test(text)) {
    note('token', 'bearer_prefix', 'The text starts with the scheme of an Authorization header.')
    text = text.replace(/^(?:authorization:\s*)?bearer\s+/i, '')
  }
  if (/^(["']).*\1$/.test(text)) {
    note('token', 'quotes', 'The token is in quotation marks.')
    text = text.slice(1, -1)
  }
  return text
}

function describeShape(text: string, parts: readonly string[], note: Note): void {
  if (text === '') note('token', 'empty', 'There is no token.')
  else if (text.startsWith('{')) note('token', 'json_serialization', 'This is JSON; only the compact form is a JWT.')
  else if (parts.length === JWE_PARTS) note('token', 'encrypted', 'Five parts: the token is encrypted (JWE).')
  else if (parts.length !== JWS_PARTS) note('token', 'part_count', 'A signed token has three parts.')
  if (text.length > MAX_ACCEPTED_LENGTH)
    note('token', 'too_large', 'Verifiers refuse more than 16384 characters by default.')
  if (parts.length === JWS_PARTS && parts[2] === '') note('signature', 'unsigned', 'The signature is empty.')
}

interface ReadJson {
  readonly text: string
  readonly value: JsonRecord | undefined
}

function readJson(where: InspectedPart, part: string | undefined, note: Note): ReadJson | undefined {
  const decoded = readPart(where, part, note)
  if (decoded === undefined) return undefined
  const { text, isUtf8 } = decodeText(decoded.bytes)
  if (!isUtf8) note(where, 'utf8_invalid', 'The text is not valid UTF-8.')
  return { text, value: parseObject(where, text, note) }
}

function parseObject(where: InspectedPart, text: string, note: Note): JsonRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    note(where, 'json_invalid', 'The text is not JSON.')
    return undefined
  }
  if (repeatsMember(text))
    note(where, 'member_duplicate', 'A member is named twice; parsers disagree on which one counts.')
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonRecord
  note(where, 'not_an_object', 'The JSON is not an object.')
  return undefined
}

function readPart(where: InspectedPart, part: string | undefined, note: Note): DecodedPart | undefined {
  if (part === undefined || part === '') return undefined
  const decoded = decodePart(part)
  for (const [code, message] of decoded.problems) note(where, code, message)
  return decoded
}
