import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'

export const ISSUER = 'https://auth.example.test'
export const AUDIENCE = 'https://api.example.test'

const ISSUED_AT = Math.floor(Date.now() / 1000)

/** The claims of an access token as RFC 9068 and our server make them. */
export function accessClaims(): Record<string, string | number> {
  return {
    iss: ISSUER,
    sub: stored(randomUUID()),
    aud: AUDIENCE,
    exp: ISSUED_AT + 86_400,
    iat: ISSUED_AT,
    jti: randomUUID(),
    sid: stored(randomUUID()),
    client_id: 'web',
    scope: 'orders:read orders:write',
  }
}

/** A string in one piece, as a database returns it; `randomUUID` returns one of many pieces, which the first use joins. */
function stored(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

/**
 * Hands out token strings that nothing has seen before, as a request brings them: equal text, but a new string each time, so
 * that no engine gains from a hash or an identity it has met earlier.
 */
export class FreshTokens {
  readonly #texts: readonly Buffer[]
  #fresh: string[] = []

  constructor(tokens: readonly string[]) {
    this.#texts = tokens.map((token) => Buffer.from(token, 'latin1'))
  }

  prepare(count: number): void {
    this.#fresh = Array.from({ length: count }, (_, index) => this.#text(index).toString('latin1'))
  }

  at(index: number): string {
    return this.#fresh[index] ?? ''
  }

  #text(index: number): Buffer {
    return this.#texts[index % this.#texts.length] ?? Buffer.alloc(0)
  }
}
