import type { JsonValue } from './json.ts'

/** Freezes a parsed JSON value at every level and returns it. Recursive; the parser has bounded the depth. */
export function freezeDeeply<T extends JsonValue>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const item of Object.values(value as object)) freezeDeeply(item as JsonValue)
  return Object.freeze(value)
}
