import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildJwkSet, generateSigningKey, sign } from '@signet/jwt'
import type { Algorithm, JsonObject, SigningKey } from '@signet/jwt'
import { ACCESS_TOKEN_TYPE } from '@signet/protocol'

/** An issuer on loopback: publishes metadata and keys, signs whatever it is told to, and can be made to misbehave. */
export interface TestIssuer {
  readonly url: string
  /** Paths that were asked for, in order. */
  readonly requests: string[]
  /** What is published; change it to rotate. */
  keys: SigningKey[]
  /** Answers instead of the issuer when it returns true. */
  interfere: (req: IncomingMessage, res: ServerResponse) => boolean
  claims(overrides?: JsonObject): JsonObject
  token(overrides?: JsonObject, options?: { readonly key?: SigningKey; readonly typ?: string }): string
  close(): Promise<void>
}

export const AUDIENCE = 'https://api.example.com'
/** The instant at which test tokens are issued; they live 900 s. */
export const ISSUED_AT = 1_800_000_000

let counter = 0

export async function startIssuer(algorithms: readonly Algorithm[] = ['ES256']): Promise<TestIssuer> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`

  const issuer: TestIssuer = {
    url,
    requests: [],
    keys: await Promise.all(algorithms.map((alg) => generateSigningKey(alg))),
    interfere: () => false,
    claims(overrides = {}) {
      return claimsOf(url, overrides)
    },
    token(overrides = {}, { key = issuer.keys[0], typ = ACCESS_TOKEN_TYPE } = {}) {
      if (key === undefined) throw new Error('the issuer has no key')
      return sign(claimsOf(url, overrides), key, { typ })
    },
    close: () => close(server),
  }
  server.on('request', (req, res) => {
    issuer.requests.push(req.url ?? '')
    if (!issuer.interfere(req, res)) answer(issuer, req, res)
  })
  return issuer
}

/** The claims of a sound access token; an override of `null` leaves the claim out. */
function claimsOf(iss: string, overrides: JsonObject): JsonObject {
  counter += 1
  const claims = {
    iss,
    sub: 'acc_1',
    aud: AUDIENCE,
    exp: ISSUED_AT + 900,
    iat: ISSUED_AT,
    jti: `jti_${counter}`,
    sid: 'ses_1',
    client_id: 'app',
    auth_time: ISSUED_AT - 10,
    amr: ['pwd'],
    ...overrides,
  }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null))
}

function answer(issuer: TestIssuer, req: IncomingMessage, res: ServerResponse): void {
  const documents: Record<string, () => unknown> = {
    '/.well-known/oauth-authorization-server': () => ({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks.json` }),
    '/jwks.json': () => buildJwkSet(issuer.keys.map((key) => key.toVerificationKey())),
  }
  const document = documents[req.url ?? '']
  res.writeHead(document === undefined ? 404 : 200, { 'content-type': 'application/json' })
  res.end(JSON.stringify(document?.() ?? {}))
}

function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
