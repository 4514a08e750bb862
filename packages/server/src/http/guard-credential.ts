import type { FastifyRequest } from 'fastify'
import { SignetError } from '@signet/protocol'
import { authenticateGuard } from '../flows/authenticate-guard.ts'
import type { PresentedGuardCredential } from '../flows/authenticate-guard.ts'
import type { Context } from '../flows/context.ts'
import type { GuardCredential } from '../domain/guard-credential.ts'

/**
 * Finds out which guard sends a request: `Authorization: Bearer <credential>`, or Basic with its name and the
 * credential (RFC 6749 §2.3.1). Throws `guard_credential_invalid`.
 */
export function authenticateGuardOf(request: FastifyRequest, context: Context): Promise<GuardCredential> {
  return authenticateGuard(context, presentedBy(request.headers.authorization))
}

/** For the description of a route. */
export const GUARD_SECURITY = [{ guardCredential: [] }, { guardBasic: [] }] as const

export function presentedBy(header: string | undefined): PresentedGuardCredential {
  const [, scheme = '', value = ''] = /^(bearer|basic) +([\w.~+/=-]+)$/i.exec(header ?? '') ?? []
  if (scheme.toLowerCase() === 'bearer') return { name: null, credential: value }
  if (scheme.toLowerCase() === 'basic') return presentedInBasic(value)
  throw new SignetError('guard_credential_invalid', { reason: header === undefined ? 'none was sent' : 'malformed' })
}

/** Names and credentials hold nothing that form encoding would change. */
function presentedInBasic(value: string): PresentedGuardCredential {
  const text = Buffer.from(value, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) throw new SignetError('guard_credential_invalid', { reason: 'malformed' })
  return { name: text.slice(0, colon), credential: text.slice(colon + 1) }
}
