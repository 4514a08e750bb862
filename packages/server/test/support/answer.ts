import type { OutgoingHttpHeaders } from 'node:http'

/** What came back. */
export interface Answer {
  readonly status: number
  readonly headers: OutgoingHttpHeaders
  readonly text: string
  /** The body as JSON; an empty object when it is none. */
  readonly json: Readonly<Record<string, unknown>>
  /** The problem's code, where the answer is one. */
  readonly code: unknown
  /** `Set-Cookie` lines by name. */
  readonly cookies: ReadonlyMap<string, SetCookie>
}

export interface SetCookie {
  readonly value: string
  /** Lower case, with value where there is one: `httponly`, `path=/`. */
  readonly attributes: readonly string[]
}

export function answerOf(status: number, headers: OutgoingHttpHeaders, payload: Buffer): Answer {
  const text = payload.toString('utf8')
  const json = objectOf(text)
  const lines = [headers['set-cookie'] ?? []].flat().map(String)
  return { status, headers, text, json, code: json['code'], cookies: new Map(lines.map(setCookieOf)) }
}

function objectOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
  } catch {
    return {}
  }
}

function setCookieOf(line: string): readonly [string, SetCookie] {
  const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
  const end = pair.indexOf('=')
  const value = pair.slice(end + 1)
  return [pair.slice(0, end), { value, attributes: attributes.map((attribute) => attribute.toLowerCase()) }]
}
