import { inspect } from '@signet/jwt/inspect'
import { send } from './client.ts'
import { narrator } from './narrator.ts'
import type { Reply } from './narrator.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'

/**
 * Plays the life of a session (docs/architecture.md) with real servers and real requests.
 * Resolves to whether every step did what it says.
 */
export async function runDemo(): Promise<boolean> {
  const stage = await openStage()
  const play = new Play(stage)
  try {
    await play.signIn()
    await play.callTheApi()
    await play.forge()
    await play.expireAndRefresh()
    await play.steal()
    await play.signOut()
  } finally {
    await stage.close()
  }
  const { kept, broken } = play.tally
  console.log(`\n${kept} steps did what they say, ${broken} did not.`)
  return broken === 0
}

const PERSON = { email: 'ada@example.com', password: 'a sextant and a quiet sea' }

class Play {
  readonly tally = { kept: 0, broken: 0 }
  readonly #stage: Stage
  #accessToken = ''
  #refreshToken = ''

  constructor(stage: Stage) {
    this.#stage = stage
  }

  async signIn(): Promise<void> {
    narrator.scene('1–4  Sign in')
    const registered = await this.#auth('/auth/register', PERSON)
    this.#expect(registered.status === 202, 'the account is there; a taken address would have been answered alike')
    const reply = await this.#auth('/auth/login', { ...PERSON, delivery: 'body' })
    this.#keep(reply)
    this.#expect(reply.status === 200, 'the password was checked against its argon2id hash and a session opened')
    const { header, claims } = inspect(this.#accessToken)
    narrator.aside(`access token header   ${JSON.stringify(header)}`)
    narrator.aside(`access token payload  ${JSON.stringify(claims)}`)
    narrator.aside(
      `refresh token         ${this.#refreshToken.slice(0, 12)}…  opaque: only the auth server can read it`,
    )
  }

  async callTheApi(): Promise<void> {
    narrator.scene('5–9  Call the protected API')
    const anonymous = await this.#orders(undefined, 'without a token')
    this.#expect(anonymous.status === 401, 'nobody gets in without a token')
    const served = await this.#orders(this.#accessToken, 'with the access token')
    this.#expect(served.status === 200, 'signature and claims verified without asking anybody')
    const again = await this.#orders(this.#accessToken, 'once more')
    this.#expect(again.status === 200, 'and again, from the verified-token cache')
  }

  async forge(): Promise<void> {
    narrator.scene('      Try to forge')
    const [header = '', payload = '', signature = ''] = this.#accessToken.split('.')
    const admin = encode({ ...decode(payload), roles: ['admin'] })
    const tampered = await this.#orders(`${header}.${admin}.${signature}`, 'payload changed to roles: ["admin"]')
    this.#expect(tampered.status === 401, 'a tampered token is refused')
    const unsigned = await this.#orders(`${encode({ ...decode(header), alg: 'none' })}.${payload}.`, 'alg: none')
    this.#expect(unsigned.status === 401, 'alg "none" is refused: it does not exist here')
    const confused = await this.#orders(this.#refreshToken, 'the refresh token as an access token')
    this.#expect(confused.status === 401, 'a refresh token opens no API')
  }

  async expireAndRefresh(): Promise<void> {
    narrator.scene('10   Sixteen minutes later')
    this.#stage.advance(16 * 60)
    const expired = await this.#orders(this.#accessToken, 'with the old access token')
    this.#expect(expired.status === 401, 'the access token has expired')
    const refreshed = await this.#auth('/auth/refresh', { refresh_token: this.#refreshToken })
    this.#expect(refreshed.status === 200, 'the refresh token was exchanged, and is spent now')
    this.#spent = this.#refreshToken
    this.#keep(refreshed)
    const served = await this.#orders(this.#accessToken, 'with the new access token')
    this.#expect(served.status === 200, 'the API serves again')
  }

  #spent = ''

  async steal(): Promise<void> {
    narrator.scene('      A thief presents the spent refresh token')
    const stolen = await this.#auth('/auth/refresh', { refresh_token: this.#spent }, 'thief')
    this.#expect(stolen.body.code === 'refresh_token_reused', 'reuse noticed: the session ends at once')
    const owner = await this.#auth('/auth/refresh', { refresh_token: this.#refreshToken })
    this.#expect(owner.body.code === 'session_ended', 'even its newest token is dead: neither of the two can go on')
  }

  async signOut(): Promise<void> {
    narrator.scene('11   Sign in again, and out')
    this.#keep(await this.#auth('/auth/login', { ...PERSON, delivery: 'body' }))
    const out = await this.#auth('/auth/logout', { refresh_token: this.#refreshToken })
    this.#expect(out.status === 204, 'signed out')
    const refused = await this.#auth('/auth/refresh', { refresh_token: this.#refreshToken })
    this.#expect(refused.body.code === 'session_ended', 'the refresh token of an ended session is refused')
    const me = await send('client', 'auth server', 'GET', `${this.#stage.issuer}/auth/me`, { token: this.#accessToken })
    this.#expect(me.status === 401, 'and so is its access token, at the auth server, before it has expired')
  }

  #auth(path: string, body: unknown, from = 'client'): Promise<Reply> {
    return send(from, 'auth server', 'POST', this.#stage.issuer + path, { body })
  }

  #orders(token: string | undefined, shows: string): Promise<Reply> {
    return send('client', 'orders API', 'GET', this.#stage.ordersUrl, {
      shows,
      ...(token === undefined ? {} : { token }),
    })
  }

  #keep(reply: Reply): void {
    this.#accessToken = String(reply.body.access_token)
    this.#refreshToken = String(reply.body.refresh_token)
  }

  #expect(ok: boolean, claim: string): void {
    narrator.verdict(ok, claim)
    if (ok) this.tally.kept++
    else this.tally.broken++
  }
}

function decode(segment: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(segment, 'base64url').toString()) as Record<string, unknown>
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
