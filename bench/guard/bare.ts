import { Buffer } from 'node:buffer'
import { createPublicKey, verify } from 'node:crypto'
import { createGuard } from '@signet/guard'
import { createKeySet, importVerificationKey } from '@signet/jwt'
import type { Contender } from '../lib/rounds.ts'
import type { Setup } from './contenders.ts'

export const BARE = 'bare signature check'
export const GUARD = 'guard without cache'

/** The least that checks a token's signature: its bytes, and the cryptography. No header, no JSON, no claims. */
export function bareCheck({ alg, publicKey }: Setup, tokens: readonly string[]): Contender {
  const key = createPublicKey(publicKey)
  const options = alg === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' as const } : key
  return {
    name: BARE,
    run(count) {
      for (let i = 0; i < count; i += 1) {
        const token = tokens[i % tokens.length] ?? ''
        const end = token.lastIndexOf('.')
        const data = Buffer.from(token.slice(0, end), 'latin1')
        if (!verify('sha256', data, options, Buffer.from(token.slice(end + 1), 'base64url'))) throw new Error('refused')
      }
    },
  }
}

/** All of a guard but the framework: from the header's value to the principal. */
export function wholeGuard(
  { alg, issuer, audience, publicKey }: Setup,
  tokens: readonly string[],
  kid: string,
): Contender {
  const keys = createKeySet([importVerificationKey(publicKey, { alg, kid })])
  const guard = createGuard({ issuer, audience, keys, cache: false })
  const requests = tokens.map((token) => {
    const value = `Bearer ${token}`
    return { method: 'GET', url: '/orders', header: (name: string) => (name === 'authorization' ? value : undefined) }
  })
  return {
    name: GUARD,
    run(count) {
      for (let i = 0; i < count; i += 1) {
        const request = requests[i % requests.length]
        if (request !== undefined) guard.authenticate(request)
      }
    },
  }
}
