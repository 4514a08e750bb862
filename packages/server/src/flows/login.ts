import { SignetError } from '@signet/protocol'
import type { Delivery } from '@signet/protocol'
import type { Account } from '../domain/account.ts'
import { addressPrefix } from '../domain/address.ts'
import { canonicalEmail } from '../domain/email.ts'
import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import { normalizePassword } from '../domain/password-policy.ts'
import { accessTokenExpiresAt } from '../domain/session.ts'
import type { Session } from '../domain/session.ts'
import { attemptKey, giveBackAddressAttempt, takeAddressAttempt, withAttempt } from './attempt.ts'
import type { AttemptLimit } from './attempt.ts'
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
  /** A refresh token of an earlier session, if the device still has one: it shows that the device is known. */
  readonly formerRefreshToken: string | null
}

/** A source that signed in this recently is known to the account. */
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
  await takeAddressAttempt(context, 'login', prefix)
  const keyThumbprint = await proveKey(context, input.dpop)
  const account = await checkPassword(context, input, prefix, source)
  await giveBackAddressAttempt(context, 'login', prefix)

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
    tokensUntil: accessTokenExpiresAt({ createdAt: now }, now, context.settings),
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
 * Counted under the address typed, registered or not: per source, so that nobody uses up another's attempts, and in
 * sum. Sources and devices that have signed in before have a sum of their own, which strangers cannot use up.
 */
async function checkPassword(context: Context, input: LoginInput, prefix: string, source: Source): Promise<Account> {
  const { store, passwords } = context
  const email = canonicalEmail(input.email)
  const account = email === null ? null : await store.accounts.findByEmail(email)
  const limits = await limitsFor(context, input, email, account, prefix)
  const password = normalizePassword(input.password)
  const checked = await withAttempt(context, limits, async () => {
    const verdict = await passwords.verify(account?.passwordHash ?? null, password)
    return account === null || !verdict.matches || account.disabledAt !== null ? null : { account, ...verdict }
  }).catch(async (error: unknown) => {
    if (isOverloaded(error)) await giveBackAddressAttempt(context, 'login', prefix)
    throw error
  })
  if (checked === null) {
    await store.events.append([draftEvent('login.failed', context.now(), source, { accountId: account?.id ?? null })])
    throw new SignetError('credentials_invalid', { reason: refusalReason(account) })
  }
  return checked.outdated ? rehash(context, checked.account, password, source) : checked.account
}

/** Addresses that cannot exist share one counter: what was typed must not choose it. */
async function limitsFor(
  context: Context,
  input: LoginInput,
  email: string | null,
  account: Account | null,
  prefix: string,
): Promise<readonly AttemptLimit[]> {
  const { sourceAttempts, accountAttempts } = context.settings
  const device = await knownDevice(context, input.formerRefreshToken, account)
  const since = context.now() - KNOWN_SOURCE_SECONDS
  const known =
    (await context.store.sessions.knowsSource(account?.id ?? 'acc_unknown', prefix, since)) || device !== null
  const whom = email === null ? [] : [email]
  const ownKey = attemptKey(device === null ? 'login-source' : 'login-device', device ?? prefix, ...whom)
  return [
    { key: ownKey, policy: sourceAttempts },
    { key: attemptKey(known ? 'login-known' : 'login-strangers', ...whom), policy: accountAttempts },
  ]
}

/**
 * The session id of a genuine refresh token of this account, spent and ended ones too: whoever holds one has signed
 * in here before, wherever they are now. It opens nothing; the password decides.
 */
async function knownDevice(
  context: Context,
  formerToken: string | null,
  account: Account | null,
): Promise<string | null> {
  const token = formerToken === null ? null : context.refreshTokens.authenticate(formerToken)
  if (token === null || account === null) return null
  const found = await context.store.sessions.get(token.sessionId)
  if (found?.session.accountId !== account.id) return null
  return context.refreshTokens.matches(token, found.session.secret) ? token.sessionId : null
}

function isOverloaded(error: unknown): boolean {
  return error instanceof SignetError && error.code === 'overloaded'
}

/** For the operator's log only. */
function refusalReason(account: Account | null): string {
  if (account === null) return 'no such account'
  return account.disabledAt === null ? 'wrong password' : 'the account is disabled'
}

/** Strengthens a hash made with older parameters while the password is at hand; another login may have done it already. */
async function rehash(context: Context, account: Account, password: string, source: Source): Promise<Account> {
  const passwordHash = await context.passwords.hash(password)
  const event = draftEvent('password.rehashed', context.now(), source, { accountId: account.id })
  const replaced = await context.store.accounts.rehash(account.id, account.passwordHash, passwordHash, [event])
  if (replaced) return { ...account, passwordHash }
  const current = await context.store.accounts.get(account.id)
  const matches = current !== null && (await context.passwords.verify(current.passwordHash, password)).matches
  return matches ? current : account
}
