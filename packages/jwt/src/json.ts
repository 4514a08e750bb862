import { isUtf8 } from 'node:buffer'
import { sliceUtf8 } from './bytes.ts'
import { JwtError } from './errors.ts'
import { repeatsMember } from './json-members.ts'
import type { Scratch } from './scratch.ts'

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject
export interface JsonObject {
  readonly [name: string]: JsonValue
}

/** Deeper structures are refused: nothing in a token needs them, and callers walk claims recursively. */
export const MAX_JSON_DEPTH = 256

const REPLACEMENT = '\uFFFD'
const BACKSLASH = '\\'

/**
 * Parses one JSON object from the first `length` bytes, strictly: valid UTF-8 without a byte order mark, no member named
 * twice at any depth, no member named `__proto__`, at most {@link MAX_JSON_DEPTH} levels. Linear in `length`.
 *
 * @throws JwtError `utf8_invalid`, `json_invalid`, `member_duplicate`
 */
export function parseJsonObject(source: Scratch, length: number): JsonObject {
  const text = sliceUtf8(source.bytes, length)
  // The decoder writes U+FFFD for every invalid sequence; only then is the exact test worth its call.
  if (text.includes(REPLACEMENT) && !isUtf8(source.view(length))) {
    throw new JwtError('utf8_invalid', 'not valid UTF-8')
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new JwtError('json_invalid', 'not valid JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new JwtError('json_invalid', 'not a JSON object')
  }
  const object = value as JsonObject
  const strings = countStrings(object, 1)
  // every byte became one character, so all of them are ASCII
  const isPlain = text.length === length && !text.includes(BACKSLASH) && !text.includes(REPLACEMENT)
  if ((!isPlain || countQuotes(source, length) !== strings * 2) && repeatsMember(text)) {
    throw new JwtError('member_duplicate', 'a member is named twice')
  }
  return object
}

/**
 * Counts the strings of a parsed value, member names included.
 *
 * Where no string is escaped, each string of the text has exactly two quotation marks and nothing else has any. A repeated
 * member is dropped by `JSON.parse` and takes at least its name with it, so the counts agree only if every name was unique.
 */
function countStrings(value: JsonObject | readonly JsonValue[], depth: number): number {
  if (depth > MAX_JSON_DEPTH) throw new JwtError('json_invalid', 'nested too deeply')
  let count = 0
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: JsonValue = value[i]
      if (typeof item === 'string') count++
      else if (typeof item === 'object' && item !== null) count += countStrings(item, depth + 1)
    }
    return count
  }
  const object = value as JsonObject
  for (const name in object) {
    if (name === '__proto__') throw new JwtError('json_invalid', 'a member is named __proto__')
    const item = object[name]
    count++
    if (typeof item === 'string') count++
    else if (typeof item === 'object' && item !== null) count += countStrings(item, depth + 1)
  }
  return count
}

/** Four times the byte that is looked for. */
const QUOTES = 0x22222222
const LOW_BITS = 0x7f7f7f7f
const ONES = 0x01010101
/** Each lane of the sum is a byte; it is emptied before it can overflow. */
const WORDS_PER_BLOCK = 255

/**
 * The number of quotation marks in ASCII text.
 *
 * Four bytes at a time (H. S. Warren, Hacker's Delight, §6-1): byte by byte this would take a third as long as `JSON.parse`.
 */
function countQuotes({ bytes, words }: Scratch, length: number): number {
  // the last word may reach beyond the text
  bytes[length] = 0
  bytes[length + 1] = 0
  bytes[length + 2] = 0
  const end = (length + 3) >> 2
  let others = 0
  for (let start = 0; start < end; start += WORDS_PER_BLOCK) {
    const blockEnd = Math.min(end, start + WORDS_PER_BLOCK)
    let lanes = 0
    for (let i = start; i < blockEnd; i++) {
      // no byte of ASCII has its high bit set, so this sets it exactly where the byte is not the one looked for
      lanes += ((((words[i] ?? 0) ^ QUOTES) + LOW_BITS) >>> 7) & ONES
    }
    others += (lanes & 0xff) + ((lanes >>> 8) & 0xff) + ((lanes >>> 16) & 0xff) + (lanes >>> 24)
  }
  return end * 4 - others
}
