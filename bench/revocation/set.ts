import { Buffer } from 'node:buffer'
import { randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { gzipSync } from 'node:zlib'
import { createKeySet, generateSigningKey, sign } from '@signet/jwt'
import type { Algorithm } from '@signet/jwt'
import { createGuard, createRevocationList } from '@signet/guard'
import type { Guard, GuardRequest, RevocationList, RevocationSource } from '@signet/guard'
import type { RevocableToken } from '@signet/protocol'
import { readSnapshot, SNAPSHOT_MAX_BYTES } from '../../packages/guard/src/feed/snapshot.ts'
import { RevocationSet } from '../../packages/guard/src/revocation/revocation-set.ts'
import { printTable, printTargets, ratio, versionsOf, writeReport } from '../lib/report.ts'
import type { Table, Target } from '../lib/report.ts'
import { measure } from '../lib/rounds.ts'
import type { Contender, Measured, RoundOptions } from '../lib/rounds.ts'

const ENTRIES = 1_000_000
const LONG: RoundOptions = { rounds: 61, sampleMilliseconds: 25 }
const SHORT: RoundOptions = { rounds: 9, sampleMilliseconds: 15 }
const LOADS = 7
/** Distinct tokens of the verification; each is a look-up somewhere else in the table. */
const TOKENS = 2048
const ISSUER = 'https://auth.example.test'
const AUDIENCE = 'https://api.example.test'
const NOW = Math.floor(Date.now() / 1000)
const UNTIL = NOW + 86_400

/** A million live revocations in one guard: their memory, a look-up, what a verification pays for it, and loading them. */
export async function runSet(args: readonly string[]): Promise<boolean> {
  const isShort = args.includes('--short')
  const options = isShort ? SHORT : LONG
  const tables: Table[] = []
  const targets: Target[] = []
  const measured = async (title: string, contenders: readonly Contender[]): Promise<Measured[]> => {
    const rows = await measure(contenders, options)
    tables.push({ title, rows })
    printTable({ title, rows })
    return rows
  }

  const jtis = Array.from({ length: ENTRIES }, newId)
  const list = createRevocationList()
  for (const jti of jtis) list.add({ kind: 'token', jti, until: UNTIL })
  targets.push({ name: 'bytes an entry, tokens', value: bytesAnEntry(list), atMost: 32, unit: '' })
  const subjects = createRevocationList()
  for (let i = 0; i < ENTRIES; i++) subjects.add({ kind: 'subject', sub: newId(), before: NOW, until: UNTIL })
  targets.push({ name: 'bytes an entry, subjects', value: bytesAnEntry(subjects), atMost: 32, unit: '' })

  const pick = (): string => jtis[Math.floor(Math.random() * ENTRIES)] ?? ''
  const [clean] = await measured(`look-up of a jti among ${ENTRIES.toLocaleString('en')}`, [
    lookUpInTurn('not revoked, in turn', list, newId),
    lookUpInTurn('revoked, in turn', list, pick),
    lookUp('not revoked, each anew', list, newId),
    lookUp('revoked, each anew', list, pick),
  ])
  targets.push({ name: 'look-up of a jti, ns', value: clean?.median ?? Number.NaN, atMost: 100, unit: '' })

  for (const subject of jtis.slice(0, ENTRIES / 10)) {
    list.add({ kind: 'session', sid: `s${subject}`, until: UNTIL })
    list.add({ kind: 'subject', sub: `u${subject}`, before: NOW, until: UNTIL })
  }
  for (const algorithm of ['RS256', 'ES256', 'HS256'] as const) {
    const rows = await measured(
      `verify ${algorithm}, no token seen before`,
      await verifications(algorithm, list, false),
    )
    const share = ratio(rows, WITHOUT, WITH)
    // HS256 is for one process that issues and checks: no feed, and no target.
    if (algorithm !== 'HS256') {
      targets.push({
        name: `verify ${algorithm} with the check, time of without`,
        value: share,
        atMost: 1.03,
        unit: '×',
      })
    }
  }
  const cached = await measured('verify RS256, from the verified-token cache', await verifications('RS256', list, true))
  targets.push({
    name: 'verify from the cache with the check, time of without',
    value: ratio(cached, WITHOUT, WITH),
    atMost: 1.03,
    unit: '×',
  })

  const load = await measureLoading(jtis, isShort ? 2 : LOADS)
  targets.push({ name: 'snapshot loaded', value: load['load, ms, median'] ?? NaN, atMost: 2000, unit: 'ms' })
  console.log(load)

  const reached = printTargets(targets)
  if (!isShort) {
    const settings = { ...options, entries: ENTRIES, tokens: TOKENS, loads: LOADS }
    await writeReport({
      name: 'revocation-set',
      versions: await versionsOf([]),
      settings,
      tables,
      figures: load,
      targets,
    })
  }
  return reached
}

/** As the server makes them: 16 random bytes. */
function newId(): string {
  return randomBytes(16).toString('base64url')
}

function bytesAnEntry(list: RevocationList): number {
  const { entries, bytes = Number.NaN } = list.health()
  return bytes / entries
}

/** The tokens of so many clients, one after the other, again and again. */
function lookUpInTurn(name: string, list: RevocationList, pick: () => string): Contender {
  const tokens = Array.from({ length: TOKENS }, (): RevocableToken => tokenOf(pick()))
  return {
    name,
    run(count) {
      let revoked = 0
      for (let i = 0; i < count; i++) if (list.isRevoked(tokens[i % TOKENS] ?? NO_TOKEN)) revoked += 1
      if (revoked !== 0 && revoked !== count) throw new Error('a wrong answer')
    },
  }
}

/** Each id looked up once in its life, in memory that no look-up has touched for long: the other end of what can be. */
function lookUp(name: string, list: RevocationList, pick: () => string): Contender {
  let tokens: RevocableToken[] = []
  return {
    name,
    prepare(count) {
      tokens = Array.from({ length: count }, () => tokenOf(pick()))
    },
    run(count) {
      let revoked = 0
      for (let i = 0; i < count; i++) if (list.isRevoked(tokens[i] ?? NO_TOKEN)) revoked += 1
      if (revoked !== 0 && revoked !== count) throw new Error('a wrong answer')
    },
  }
}

/** The id is a string of its own, as a request brings it. */
function tokenOf(id: string): RevocableToken {
  const jti = Buffer.from(id, 'latin1').toString('latin1')
  return { jti, sid: undefined, sub: 'u', iat: NOW, kid: undefined }
}

const NO_TOKEN: RevocableToken = { jti: '', sid: undefined, sub: '', iat: 0, kid: undefined }

const WITHOUT = 'without a check'
const WITH = 'with the check'

async function verifications(
  algorithm: Algorithm,
  list: RevocationList,
  isCached: boolean,
): Promise<readonly Contender[]> {
  const key = await generateSigningKey(algorithm)
  const requests = Array.from({ length: TOKENS }, () => requestWith(sign(claims(), key, { typ: 'at+jwt' })))
  const guardWith = (revocation: RevocationSource): Guard =>
    createGuard({
      issuer: ISSUER,
      audience: AUDIENCE,
      algorithms: [algorithm],
      keys: createKeySet([key.toVerificationKey()]),
      revocation,
      ...(isCached ? {} : { cache: false }),
    })
  const contenders = [verify(WITHOUT, guardWith(NOTHING), requests), verify(WITH, guardWith(list), requests)]
  if (!isCached) return contenders
  const withoutVersion: RevocationSource = { isRevoked: (token) => list.isRevoked(token), health: () => list.health() }
  return [...contenders, verify('looked up every time', guardWith(withoutVersion), requests)]
}

const NOTHING: RevocationSource = { version: 0, isRevoked: () => false, health: () => ({ entries: 0 }) }

function verify(name: string, guard: Guard, requests: readonly GuardRequest[]): Contender {
  // every token once, so that the cache, where there is one, holds them all
  for (const request of requests) void guard.authenticate(request)
  let next = 0
  return {
    name,
    run(count) {
      for (let i = 0; i < count; i++) guard.authenticate(requests[next++ % TOKENS] as GuardRequest)
    },
  }
}

function requestWith(token: string): GuardRequest {
  const authorization = `Bearer ${token}`
  return { method: 'GET', url: '/', header: (name) => (name === 'authorization' ? authorization : undefined) }
}

function claims(): Record<string, string | number> {
  return {
    iss: ISSUER,
    sub: randomUUID(),
    aud: AUDIENCE,
    exp: NOW + 3600,
    iat: NOW,
    jti: newId(),
    sid: newId(),
    client_id: 'web',
    scope: 'orders:read orders:write',
  }
}

/** From the request to the set in use, over loopback and compressed, as a guard that starts does it. */
async function measureLoading(jtis: readonly string[], loads: number): Promise<Record<string, number>> {
  const body = gzipSync(snapshotOf(jtis))
  const server = createServer((_, res) => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const times: number[] = []
  const pauses: number[] = []
  for (let i = 0; i < loads; i++) {
    const set = new RevocationSet({ now: () => NOW, retainSeconds: 60 })
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    const start = performance.now()
    const response = await fetch(`http://127.0.0.1:${port}/`)
    await readSnapshot(response.body as unknown as AsyncIterable<Uint8Array>, set, SNAPSHOT_MAX_BYTES)
    times.push(performance.now() - start)
    delay.disable()
    pauses.push(delay.max / 1e6)
    if (set.health().entries !== ENTRIES) throw new Error('entries are missing')
  }
  server.closeAllConnections()
  server.close()
  times.sort((a, b) => a - b)
  pauses.sort((a, b) => a - b)
  return {
    'load, ms, median': times[loads >> 1] ?? Number.NaN,
    'load, ms, fastest': times[0] ?? Number.NaN,
    'load, ms, slowest': times.at(-1) ?? Number.NaN,
    'longest pause of other work while loading, ms, median': pauses[loads >> 1] ?? Number.NaN,
    'snapshot compressed, bytes': body.length,
  }
}

/** As a server under load has it: entries of the last quarter of an hour, grouped by second. */
function snapshotOf(jtis: readonly string[]): string {
  const tokens: Record<string, string[]> = {}
  for (const [index, jti] of jtis.entries()) (tokens[UNTIL + (index % 900)] ??= []).push(jti)
  return JSON.stringify({ cursor: `1.${ENTRIES}`, taken_at: NOW, tokens, sessions: {}, subjects: {}, keys: {} })
}
