/** Numbers below a bound, the same ones for the same seed (mulberry32). */
export type Random = (bound: number) => number

export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) % Math.max(1, bound)
  }
}

/** What parsers of our kind trip over, as text. */
const TOKENS = [
  '.',
  '..',
  '=',
  '"',
  '\\',
  '\\u0061',
  '{',
  '}',
  '[',
  ']',
  ':',
  ',',
  ' ',
  '\t',
  '\r\n',
  '\0',
  'null',
  'true',
  '1e400',
  '-0',
  '99999999999999999999',
  '__proto__',
  'constructor',
  '\uFEFF',
  '\u0141',
  '\u{1F600}',
  'Bearer ',
  'AAAA',
].map((text) => Buffer.from(text))

const MAX_LENGTH = 4096
const MAX_STEPS = 4

/** A changed copy of one input, sometimes spliced with another. */
export function mutate(input: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let bytes = Buffer.from(input)
  for (let step = random(MAX_STEPS); step >= 0; step--)
    bytes = STEPS[random(STEPS.length)]?.(bytes, other, random) ?? bytes
  return bytes.subarray(0, MAX_LENGTH)
}

type Step = (bytes: Buffer<ArrayBuffer>, other: Uint8Array, random: Random) => Buffer<ArrayBuffer>

const STEPS: readonly Step[] = [
  function flipBit(bytes, _, random) {
    const position = random(bytes.length)
    return changed(bytes, position, (bytes[position] ?? 0) ^ (1 << random(8)))
  },
  function setByte(bytes, _, random) {
    return changed(bytes, random(bytes.length), random(256))
  },
  function takeOut(bytes, _, random) {
    const start = random(bytes.length)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + 1 + random(8))])
  },
  function putIn(bytes, _, random) {
    const start = random(bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, start), TOKENS[random(TOKENS.length)] ?? bytes, bytes.subarray(start)])
  },
  function repeat(bytes, _, random) {
    const start = random(bytes.length)
    const piece = bytes.subarray(start, start + 1 + random(32))
    return Buffer.concat([
      bytes.subarray(0, start),
      ...Array.from({ length: 1 + random(16) }, () => piece),
      bytes.subarray(start),
    ])
  },
  function swapCase(bytes, _, random) {
    const position = random(bytes.length)
    return changed(bytes, position, (bytes[position] ?? 0) ^ 0x20)
  },
  function splice(bytes, other, random) {
    return Buffer.concat([bytes.subarray(0, random(bytes.length + 1)), other.subarray(random(other.length + 1))])
  },
]

function changed(bytes: Buffer<ArrayBuffer>, position: number, value: number): Buffer<ArrayBuffer> {
  if (bytes.length > 0) bytes[position] = value
  return bytes
}
