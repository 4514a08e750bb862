export interface DecodedPart {
  readonly bytes: Uint8Array
  /** Code and message of everything that is not canonical base64url. */
  readonly problems: readonly (readonly [code: string, message: string])[]
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const STANDARD_ALPHABET: Readonly<Record<string, string>> = { '+': '-', '/': '_' }
const VALUES = new Map([...ALPHABET].map((character, value) => [character, value]))
const BITS_PER_CHARACTER = 6
const BITS_PER_BYTE = 8

/** Decodes as much of a part as there is, whatever its spelling, and lists what a strict decoder would refuse. */
export function decodePart(part: string): DecodedPart {
  const problems: (readonly [string, string])[] = []
  if (/[+/]/.test(part)) problems.push(['base64_alphabet', 'The part uses + or /; base64url uses - and _.'])
  if (part.includes('=')) problems.push(['padding', 'The part is padded; base64url in a token is not.'])
  const characters = [...part].map((character) => STANDARD_ALPHABET[character] ?? character).filter((c) => c !== '=')
  const values = characters.flatMap((character) => VALUES.get(character) ?? [])
  if (values.length !== characters.length) {
    problems.push(['character_invalid', 'The part holds characters that are not base64url.'])
  }
  if (values.length % 4 === 1) problems.push(['length_invalid', 'No bytes have base64url of this length.'])
  const { bytes, rest } = join(values)
  if (rest !== 0) problems.push(['not_canonical', 'The last character has bits that belong to no byte.'])
  return { bytes, problems }
}

/** Decodes text and says whether it was UTF-8; what was not is U+FFFD. A byte order mark stays visible. */
export function decodeText(bytes: Uint8Array): { readonly text: string; readonly isUtf8: boolean } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), isUtf8: true }
  } catch {
    return { text: new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes), isUtf8: false }
  }
}

/** Joins 6-bit values into bytes; `rest` holds the bits left over. */
function join(values: readonly number[]): { readonly bytes: Uint8Array; readonly rest: number } {
  const bytes = new Uint8Array(Math.floor((values.length * BITS_PER_CHARACTER) / BITS_PER_BYTE))
  let buffer = 0
  let bits = 0
  let length = 0
  for (const value of values) {
    buffer = (buffer << BITS_PER_CHARACTER) | value
    bits += BITS_PER_CHARACTER
    if (bits < BITS_PER_BYTE) continue
    bits -= BITS_PER_BYTE
    bytes[length++] = buffer >> bits
    buffer &= (1 << bits) - 1
  }
  return { bytes, rest: buffer }
}
