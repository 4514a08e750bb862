import type { GuardRequest } from '../request.ts'
import type { Answer } from './answer.ts'

/** The part of Node's `IncomingMessage` that is read, so that look-alikes (HTTP/2, test doubles) serve too. */
export interface NodeMessage {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly rawHeaders: readonly string[]
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly socket: object
}

/** The part of Node's `ServerResponse` that a refusal is written to. */
export interface NodeResponse {
  readonly headersSent: boolean
  writeHead(status: number, headers: Record<string, string>): unknown
  end(body: string): unknown
}

/** A request of `node:http` and of everything built on it. */
export class NodeRequest<Message extends NodeMessage = NodeMessage> implements GuardRequest {
  protected readonly message: Message

  constructor(message: Message) {
    this.message = message
  }

  get method(): string {
    return this.message.method ?? ''
  }

  get url(): string {
    return this.message.url ?? ''
  }

  get scheme(): string {
    return 'encrypted' in this.message.socket && this.message.socket.encrypted === true ? 'https' : 'http'
  }

  get host(): string | undefined {
    return this.header(':authority') ?? this.header('host')
  }

  header(name: string): string | undefined {
    if (name === 'authorization') return authorizationOf(this.message)
    const value = this.message.headers[name]
    return typeof value === 'object' ? value.join(', ') : value
  }
}

/**
 * Every line of `Authorization`, joined. Node's `headers` keeps only the first and says nothing of the second; what was
 * received is in `rawHeaders`, and looking through it costs less than having `headers` made.
 */
function authorizationOf(message: NodeMessage): string | undefined {
  const raw = message.rawHeaders
  let found: string | undefined
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string
    if (name.length !== 13 || (name !== 'authorization' && name.toLowerCase() !== 'authorization')) continue
    const value = raw[i + 1] as string
    found = found === undefined ? value : `${found}, ${value}`
  }
  if (found !== undefined || raw.length > 0) return found
  // Requests that were made in memory rather than received have no raw headers.
  const value = message.headers['authorization']
  return typeof value === 'object' ? value.join(', ') : value
}

/** Writes a refusal; keeps the headers that were set before (CORS, security headers). */
export function sendAnswer(response: NodeResponse, answer: Answer): void {
  if (response.headersSent) return
  response.writeHead(answer.status, answer.headers)
  response.end(answer.body)
}
