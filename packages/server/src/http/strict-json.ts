import { SignetError } from '@signet/protocol'

/** Nesting beyond this is refused; the deepest body Signet knows has one level. */
const MAX_DEPTH = 16

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads a JSON text (RFC 8259) that has exactly one meaning.
 *
 * Refuses with `request_invalid` what parsers disagree about or quietly mend: invalid UTF-8, a byte order mark, a member
 * named twice, `__proto__` as a member, unpaired surrogates (two different passwords would hash alike), nesting
 * deeper than 16. Does not look at the shape of the value; that is the schema's work.
 *
 * @param bytes already limited in size by the caller
 */
export function parseStrictJson(bytes: Uint8Array): unknown {
  const text = decode(bytes)
  const value = parse(text)
  checkMembers(text)
  return value
}

function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw refusal('The body is not valid UTF-8.')
  }
}

/** The engine's own message quotes the text, so it is dropped. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refusal('The body is not valid JSON.')
  }
}

/** Walks over a text that is known to be JSON: only quotes and brackets need to be told apart. */
function checkMembers(text: string): void {
  const open: (Set<string> | null)[] = []
  for (let index = 0; index < text.length; index++) {
    const character = text[index]
    if (character === '{' || character === '[') {
      if (open.length === MAX_DEPTH) throw refusal('The body is nested too deeply.')
      open.push(character === '{' ? new Set() : null)
    } else if (character === '}' || character === ']') {
      open.pop()
    } else if (character === '"') {
      const end = endOfString(text, index)
      const content = contentOf(text.slice(index, end))
      const names = open.at(-1)
      if (names instanceof Set && isFollowedByColon(text, end)) checkName(content, names)
      index = end - 1
    }
  }
}

function checkName(name: string, names: Set<string>): void {
  if (name === '__proto__') throw refusal('The body has a member named __proto__.')
  if (names.has(name)) throw refusal('The body names a member twice.')
  names.add(name)
}

/** The index after the closing quote. */
function endOfString(text: string, start: number): number {
  let index = start + 1
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1
  return index + 1
}

function contentOf(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1)
  const content = String(JSON.parse(literal))
  if (!content.isWellFormed()) throw refusal('The body has an unpaired surrogate.')
  return content
}

const BLANKS: ReadonlySet<string | undefined> = new Set([' ', '\t', '\n', '\r'])

/** Within an object, only a member's name is followed by a colon. */
function isFollowedByColon(text: string, index: number): boolean {
  let next = index
  while (BLANKS.has(text[next])) next++
  return text[next] === ':'
}

function refusal(detail: string): SignetError {
  return new SignetError('request_invalid', { detail })
}
