import { narrator } from './narrator.ts'
import type { Reply } from './narrator.ts'

/** Sends one real request, tells of it and of the answer. */
export async function send(
  from: string,
  to: string,
  method: string,
  url: string,
  options: Sending = {},
): Promise<Reply> {
  const shown = options.shows ?? ''
  narrator.arrow(from, to, `${method} ${new URL(url).pathname}  ${shown}`)
  const headers: Record<string, string> = {}
  if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`
  if (options.body !== undefined) headers['content-type'] = 'application/json'
  const startedAt = performance.now()
  const response = await fetch(url, {
    method,
    headers,
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  })
  const text = await response.text()
  const reply = {
    status: response.status,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    challenge: response.headers.get('www-authenticate'),
    milliseconds: performance.now() - startedAt,
  }
  narrator.reply(reply)
  return reply
}

export interface Sending {
  readonly body?: unknown
  readonly token?: string
  /** What the play says is special about this request. */
  readonly shows?: string
}
