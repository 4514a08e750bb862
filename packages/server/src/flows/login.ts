import { SignetError } from '@signet/protocol'
import type { Delivery } from '@signet/protocol'
import type { Account } from '../domain/account.ts'
import { addressPrefix } from '../domain/address.ts'
import { canonicalEmail } from '../domain/email.ts'
import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import { normalizePassword } from '../domain/password-policy.ts'
import type { Session } from '../domain/session.ts'
import { attemptKey, takeAddressAttempt, takeAttempt } from './attempt.ts'
import type { Context, Settings } from './context.ts'
import { issueTokens } from './issue-tokens.ts'
import type { IssuedTokens } from './issue-tokens.ts'
import { proveKey } from './prove-key.ts'
import type { DpopRequest } from './prove-key.ts'

export interface LoginInput {
  readonly email: string
  readonly password: string
  readonly delivery: Delivery
  /** The resource server the tokens are for; `null` for the issuer itself. */
  readonly resource: string | null
  readonly scope: string | null
  readonly clientId: string | null
  /** Binds the session to the key that signed the proof. */
  readonly dpop: DpopRequest | null
}

/** A source that signed in this recently is known to the account: strangers' failures do not slow it down. */
export const KNOWN_SOURCE_SECONDS = 90 * 86_400

/**
 * Signs somebody in: checks the password, opens a session, issues its first tokens.
 *
 * Always opens a new session; nothing a client sends is adopted as one. A wrong password, an unknown address and a
 * disabled account do the same work and get the same refusal, `credentials_invalid`. Throws `throttled`,
 * `overloaded`, `audience_unknown`, `scope_unknown`, `client_unknown`, `dpop_proof_invalid`.
 */
export async function login(context: Context, input: LoginInput, source: Source): Promise<IssuedTokens> {
  const grant = decideGrant(input, context.settings)
  const prefix = addressPrefix(source.address)
  await takeAddressAttempt(context, prefix)
  const keyThumbprint = await proveKey(context, input.dpop)
  const account = await checkPassword(context, input, prefix, source)
  await context.addressLimit.giveBack(prefix)

  const now = context.now()
  const session: Session = {
    id: context.newSessionId(),
    accountId: account.id,
    ...grant,
    delivery: input.delivery,
    amr: ['pwd'],
    authenticatedAt: now,
    createdAt: now,
    generation: 1,
    rotatedAt: now,
    secret: context.randomBytes(32),
    keyThumbprint,
    epoch: await context.store.epoch(),
    revokedAt: null,
    revokedBecause: null,
    address: source.address,
    userAgent: source.userAgent,
  }
  const event = draftEvent('login.succeeded', now, source, { accountId: account.id, sessionId: session.id })
  const opened = await context.store.sessions.open(session, account.passwordHash, [event])
  if (!opened) throw new SignetError('credentials_invalid', { reason: 'the account changed during the login' })
  return issueTokens(context, session, account, now)
}

interface Grant {
  readonly clientId: string
  readonly audience: string
  readonly scope: string | null
}

/** What the tokens may be for; refused before any password is looked at. */
function decideGrant(input: LoginInput, settings: Settings): Grant {
  const clientId = input.clientId ?? settings.clients[0]
  if (clientId === undefined || !settings.clients.includes(clientId)) throw new SignetError('client_unknown')
  const audience = input.resource ?? settings.issuer
  if (audience !== settings.issuer && !settings.audiences.includes(audience)) throw new SignetError('audience_unknown')
  const asked = input.scope === null ? settings.scopes : [...new Set(input.scope.split(' '))].filter((s) => s !== '')
  if (!asked.every((scope) => settings.scopes.includes(scope))) throw new SignetError('scope_unknown')
  return { clientId, audience, scope: asked.length === 0 ? null : asked.join(' ') }
}

/**
 * Resolves to the account whose password this is; throws `credentials_invalid`, `throttled` or `overloaded`.
 *
 * The attempt is counted before the hash, so that guesses sent at once cannot outrun the limit. It is counted under
 * the address typed, registered or not. The owner's usual sources have counters of their own.
 */
async function checkPassword(context: Context, input: LoginInput, prefix: string, source: Source): Promise<Account> {
  const { store, settings, passwords } = context
  const email = canonicalEmail(input.email)
  const account = email === null ? null : await store.accounts.findByEmail(email)
  const since = context.now() - KNOWN_SOURCE_SECONDS
  const known = await store.sessions.knowsSource(account?.id ?? 'acc_unknown', prefix, since)
  const key = known ? attemptKey('login', email ?? '', prefix) : attemptKey('login', email ?? input.email)
  await takeAttempt(context, key, known ? settings.knownSourceAttempts : settings.strangerAttempts)

  const password = normalizePassword(input.password)
  const verdict = await passwords.verify(account?.passwordHash ?? null, password)
  if (account === null || !verdict.matches || account.disabledAt !== null) {
    await store.events.append([draftEvent('login.failed', context.now(), source, { accountId: account?.id ?? null })])
    throw new SignetError('credentials_invalid', { reason: refusalReason(account, verdict.matches) })
  }
  await store.attempts.clear([key])
  return verdict.outdated ? rehash(context, account, password, source) : account
}

/** For the operator's log only. */
function refusalReason(account: Account | null, matches: boolean): string {
  if (account === null) return 'no such account'
  return matches ? 'the account is disabled' : 'wrong password'
}

/** Strengthens a hash made with older parameters while the password is at hand. Losing the race is no harm. */
async function rehash(context: Context, account: Account, password: string, source: Source): Promise<Account> {
  const passwordHash = await context.passwords.hash(password)
  const event = draftEvent('password.rehashed', context.now(), source, { accountId: account.id })
  const replaced = await context.store.accounts.rehash(account.id, account.passwordHash, passwordHash, [event])
  return replaced ? { ...account, passwordHash } : account
}
