import { Secret } from './secret.ts'
import { whySecretWeak } from './weak-secret.ts'

/** What became of a value: taken, or refused with what is wrong, said without repeating it. */
export type Reading<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string }

/** One way of writing values down, in an environment variable or as a JSON value. */
export interface Kind<T> {
  /** For the reference: `whole number from 60 to 3600`. */
  readonly means: string
  fromText(text: string): Reading<T>
  fromValue(value: unknown): Reading<T>
}

/** Says what is wrong with a value, or `null`. The sentence follows the variable's name. */
export type Check<T> = (value: T) => string | null

/** A whole number; decimal digits only, so that `1e3`, `0x10` and ` 5` are not guessed at. */
export function integer(bounds: { readonly min: number; readonly max: number }): Kind<number> {
  const means = `a whole number from ${bounds.min} to ${bounds.max}`
  const read = (value: number): Reading<number> =>
    Number.isSafeInteger(value) && value >= bounds.min && value <= bounds.max
      ? taken(value)
      : refused(`must be ${means}`)
  return {
    means,
    fromText: (text) => (/^\d{1,15}$/.test(text) ? read(Number(text)) : refused(`must be ${means}`)),
    fromValue: (value) => (typeof value === 'number' ? read(value) : refused(`must be ${means}, as a number`)),
  }
}

export function flag(): Kind<boolean> {
  const means = 'true or false'
  const problem = refused(`must be ${means}`)
  return {
    means,
    fromText: (text) => (text === 'true' || text === 'false' ? taken(text === 'true') : problem),
    fromValue: (value) => (typeof value === 'boolean' ? taken(value) : problem),
  }
}

export function choice<const T extends string>(values: readonly T[]): Kind<T> {
  const means = `one of ${values.join(', ')}`
  const read = (value: unknown): Reading<T> => {
    const found = values.find((candidate) => candidate === value)
    return found === undefined ? refused(`must be ${means}`) : taken(found)
  }
  return { means, fromText: read, fromValue: read }
}

export function text(means: string, check: Check<string>): Kind<string> {
  const read = (value: string): Reading<string> => {
    const problem = value === '' ? 'is empty: give it a value or leave it out' : check(value)
    return problem === null ? taken(value) : refused(problem)
  }
  return {
    means,
    fromText: read,
    fromValue: (value) => (typeof value === 'string' ? read(value) : refused('must be a string')),
  }
}

/** Separated by commas in the environment, an array in JSON. Each entry is checked, and none may come twice. */
export function list(means: string, check: Check<string>, minEntries = 0): Kind<readonly string[]> {
  const read = (entries: readonly string[]): Reading<readonly string[]> => {
    if (entries.length < minEntries) return refused('must name at least one')
    const problems = entries.map((entry) => (entry === '' ? 'has an empty entry' : check(entry)))
    const problem = problems.find((found) => found !== null)
    if (problem !== undefined) return refused(problem)
    if (new Set(entries).size !== entries.length) return refused('names an entry twice')
    return taken(Object.freeze([...entries]))
  }
  return {
    means,
    fromText: (text) => read(text.split(',').map((entry) => entry.trim())),
    fromValue: (value) => (isStrings(value) ? read(value) : refused('must be an array of strings')),
  }
}

/** Random bytes written in hex or base64url. What a person could have typed or copied from a manual is refused. */
export function secretBytes(size: { readonly min: number; readonly max: number }): Kind<Secret<Uint8Array>> {
  const count = size.min === size.max ? `${size.min}` : `at least ${size.min}`
  const means = `${count} random bytes, in hex or base64url`
  const read = (bytes: Uint8Array | null): Reading<Secret<Uint8Array>> => {
    if (bytes === null) return refused(`must be ${means}`)
    if (bytes.length < size.min || bytes.length > size.max) return refused(`must be ${means}; it has ${bytes.length}`)
    const weakness = whySecretWeak(bytes)
    return weakness === null ? taken(new Secret(bytes)) : refused(weakness)
  }
  const fromText = (text: string): Reading<Secret<Uint8Array>> => read(decodeBytes(text))
  return {
    means,
    fromText,
    fromValue: (value) => {
      if (value instanceof Secret) return fromRevealed(value.reveal(), read)
      if (value instanceof Uint8Array) return read(value)
      return typeof value === 'string' ? fromText(value) : refused('must be a string')
    },
  }
}

/** Adds `null`, the value of a setting that is not used. No text means it: leave the variable out. */
export function optional<T>(kind: Kind<T>): Kind<T | null> {
  return { ...kind, fromValue: (value) => (value === null ? taken(null) : kind.fromValue(value)) }
}

function taken<T>(value: T): Reading<T> {
  return { ok: true, value }
}

function refused(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem }
}

function fromRevealed<T>(value: unknown, read: (bytes: Uint8Array) => Reading<T>): Reading<T> {
  return value instanceof Uint8Array ? read(value) : refused('must hold bytes')
}

function decodeBytes(text: string): Uint8Array | null {
  if (text.length % 2 === 0 && /^[0-9a-f]+$/i.test(text)) return Buffer.from(text, 'hex')
  if (!/^[A-Za-z0-9_-]+={0,2}$/.test(text)) return null
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text.replace(/=+$/, '') ? bytes : null
}

function isStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}
