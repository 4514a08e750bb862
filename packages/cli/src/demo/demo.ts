import { setImmediate, setTimeout } from 'node:timers/promises'
import { inspect } from '@signet/jwt/inspect'
import { send } from './client.ts'
import { narrator } from './narrator.ts'
import type { Reply } from './narrator.ts'
import { openStage } from './stage.ts'
import type { Api, Stage } from './stage.ts'

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
    await play.revokeEverywhere()
    await play.rotateUnderTraffic()
    await play.loseTheFeed()
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

  async revokeEverywhere(): Promise<void> {
    narrator.scene('12   Sign out here, refused everywhere')
    this.#keep(await this.#auth('/auth/login', { ...PERSON, delivery: 'body' }))
    const before = await Promise.all(this.#stage.apis.map((api) => this.#quietly(api.url)))
    this.#expect(
      before.every((status) => status === 200),
      'three resource servers serve the token',
    )
    await this.#auth('/auth/logout', { refresh_token: this.#refreshToken })
    const answeredAt = performance.now()
    const waits = await Promise.all(this.#stage.apis.map((api) => this.#untilRefused(api, answeredAt)))
    for (const [index, { name }] of this.#stage.apis.entries()) {
      narrator.aside(`${name.padEnd(8)} refuses it ${waits[index]?.toFixed(1)} ms after the answer to the logout`)
    }
    this.#expect(
      waits.every((wait) => wait < 1000),
      'all three refuse it within a second, though nobody asked anybody',
    )
  }

  async rotateUnderTraffic(): Promise<void> {
    narrator.scene('      Rotate the signing key under traffic')
    this.#keep(await this.#auth('/auth/login', { ...PERSON, delivery: 'body' }))
    const kids = new Set([this.#kid()])
    await this.#stage.rotateKeys()
    const statuses: number[] = []
    // the servers' clock is ahead of the wall's here; guards tell over the network which keys they hold, in real time
    const giveUpAt = performance.now() + 20_000
    while (kids.size < 2 && performance.now() < giveUpAt) {
      this.#stage.advance(1)
      await this.#stage.keepKeys()
      this.#keep(await this.#quietRefresh())
      kids.add(this.#kid())
      statuses.push(...(await Promise.all(this.#stage.apis.map((api) => this.#quietly(api.url)))))
      await setTimeout(50)
    }
    const failed = statuses.filter((status) => status !== 200).length
    narrator.aside(`signed with ${[...kids].map((kid) => kid.slice(0, 8)).join('…, then ')}…`)
    this.#expect(kids.size === 2, 'the new key was published first, and signs now')
    this.#expect(failed === 0, `${statuses.length} requests to three resource servers meanwhile, ${failed} refused`)
  }

  async loseTheFeed(): Promise<void> {
    narrator.scene('      Cut the feed')
    const [orders] = this.#stage.apis
    await this.#stage.stopAuthServer()
    const noticedBy = performance.now() + 5000
    while (isConnected(orders) && performance.now() < noticedBy) await setImmediate()
    this.#stage.advance(30)
    const { revocation } = orders.guard.health()
    narrator.aside(`the guard of ${orders.name} says: ${JSON.stringify(revocation)}`)
    const stale = 'stalenessSeconds' in revocation ? Number(revocation.stalenessSeconds) : 0
    this.#expect(stale >= 30, `it knows that it has heard nothing for ${stale} seconds`)
    const lenient = await send('client', 'orders API', 'GET', orders.url, { token: this.#accessToken })
    this.#expect(lenient.status === 200, 'an ordinary route goes on: the token ends with its exp at the latest')
    const strict = await send('client', 'orders API', 'GET', orders.strictUrl, { token: this.#accessToken })
    this.#expect(strict.status === 503, 'a route with onStale(reject) refuses until the feed is back')
  }

  /** Milliseconds from `since` until the API refuses the token; gives up after five seconds. */
  async #untilRefused(api: Api, since: number): Promise<number> {
    for (;;) {
      const status = await this.#quietly(api.url)
      const waited = performance.now() - since
      if (status === 401 || waited > 5000) return waited
    }
  }

  #kid(): string {
    return String(inspect(this.#accessToken).header?.['kid'])
  }

  async #quietly(url: string): Promise<number> {
    const response = await fetch(url, { headers: { authorization: `Bearer ${this.#accessToken}` } })
    await response.arrayBuffer()
    return response.status
  }

  async #quietRefresh(): Promise<Pick<Reply, 'body'>> {
    const response = await fetch(`${this.#stage.issuer}/auth/refresh`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ refresh_token: this.#refreshToken }),
    })
    return { body: (await response.json()) as Record<string, unknown> }
  }

  #auth(path: string, body: unknown, from = 'client'): Promise<Reply> {
    return send(from, 'auth server', 'POST', this.#stage.issuer + path, { body })
  }

  #orders(token: string | undefined, shows: string): Promise<Reply> {
    return send('client', 'orders API', 'GET', this.#stage.apis[0].url, {
      shows,
      ...(token === undefined ? {} : { token }),
    })
  }

  #keep(reply: Pick<Reply, 'body'>): void {
    this.#accessToken = String(reply.body.access_token)
    this.#refreshToken = String(reply.body.refresh_token)
  }

  #expect(ok: boolean, claim: string): void {
    narrator.verdict(ok, claim)
    if (ok) this.tally.kept++
    else this.tally.broken++
  }
}

function isConnected({ guard }: Api): boolean {
  const { revocation } = guard.health()
  return 'connected' in revocation && revocation.connected === true
}

function decode(segment: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(segment, 'base64url').toString()) as Record<string, unknown>
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
