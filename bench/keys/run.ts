import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { createGuard } from '@signet/guard'
import type { Guard, GuardRequest } from '@signet/guard'
import { createAuthServer, loadConfig } from '@signet/server'
import type { AuthServer } from '@signet/server'
import { printTargets, versionsOf, writeReport } from '../lib/report.ts'
import type { Target } from '../lib/report.ts'

const GUARDS = 10
const PER_SECOND = 500
const ROTATION_SECONDS = 2
/** How often a token is issued; the rest of the verifications are of older ones. */
const ISSUED_PER_SECOND = 25
const ALGORITHM = 'ES256'

/**
 * Keys that rotate under traffic: a real server on SQLite, ten guards over loopback, a new key every two seconds.
 *
 * Counts the valid tokens that a guard refuses: there may be none. `--short` runs for 10 s instead of 60.
 */
export async function run(args: readonly string[]): Promise<boolean> {
  const seconds = args.includes('--short') ? 10 : 60
  const directory = await mkdtemp(join(tmpdir(), 'signet-bench-'))
  try {
    const server = await startServer(directory)
    try {
      return await measure(server, seconds)
    } finally {
      await server.close()
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** No operator could set these: caches would ask every second. */
const FAST = { jwksMaxAgeSeconds: 1, keyRotationIntervalSeconds: ROTATION_SECONDS }

async function startServer(dataDir: string): Promise<AuthServer> {
  const settings = { port: 0, dataDir, algorithm: ALGORITHM, logLevel: 'silent' }
  const config = { ...loadConfig({ env: {}, object: settings }), ...FAST }
  const server = await createAuthServer(config, { publicationMarginSeconds: ROTATION_SECONDS - FAST.jwksMaxAgeSeconds })
  await server.listen()
  return server
}

interface Outcome {
  admitted: number
  readonly refusals: Map<string, number>
  /** Of each verification that had to wait for anything, in milliseconds. */
  readonly waits: number[]
}

async function measure(server: AuthServer, seconds: number): Promise<boolean> {
  const { issuer } = server.config
  const guards = Array.from({ length: GUARDS }, () => createGuard({ issuer, audience: issuer }))
  await Promise.all(guards.map((guard) => guard.ready()))
  const outcome: Outcome = { admitted: 0, refusals: new Map(), waits: [] }
  const kids = new Set<string>()
  const tokens: string[] = []
  const underWay: Promise<void>[] = []
  const begin = performance.now()
  const end = begin + seconds * 1000
  let issued = 0
  let sent = 0
  for (let now = begin; now < end; now = performance.now()) {
    // the schedule looks once a second by itself; that alone would stretch two seconds to three
    await server.keySchedule.tick()
    for (; issued < due(begin, now, ISSUED_PER_SECOND); issued++) {
      const token = await server.context.accessTokens.issue(claimsOf(issuer, server.context.now(), issued))
      tokens.push(token)
      kids.add(token.split('.')[0] ?? '')
    }
    for (; sent < due(begin, now, PER_SECOND); sent++) {
      const guard = guards[sent % GUARDS]
      const token = sent % 3 === 0 ? tokens.at(-1) : tokens[(sent * 7919) % tokens.length]
      if (guard !== undefined && token !== undefined) underWay.push(present(guard, token, outcome))
    }
    await setTimeout(2)
  }
  await Promise.all(underWay)
  const connected = server.feed.connectedGuards().length
  for (const guard of guards) guard.close()
  return report(outcome, sent, kids.size, connected, seconds)
}

function due(begin: number, now: number, perSecond: number): number {
  return 1 + Math.floor(((now - begin) / 1000) * perSecond)
}

async function present(guard: Guard, token: string, outcome: Outcome): Promise<void> {
  const begin = performance.now()
  try {
    const admitted = guard.authenticate(carrying(token))
    if (admitted instanceof Promise) {
      await admitted
      outcome.waits.push(performance.now() - begin)
    }
    outcome.admitted += 1
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected'
    outcome.refusals.set(code, (outcome.refusals.get(code) ?? 0) + 1)
  }
}

function carrying(token: string): GuardRequest {
  return { method: 'GET', url: '/', header: (name) => (name === 'authorization' ? `Bearer ${token}` : undefined) }
}

function claimsOf(issuer: string, now: number, n: number) {
  return {
    iss: issuer,
    sub: 'acc_1',
    aud: issuer,
    exp: now + 900,
    iat: now,
    jti: `jti-${n}`,
    sid: `ses-${n}`,
    client_id: 'signet',
    auth_time: now,
    amr: ['pwd'],
  }
}

async function report(
  { admitted, refusals, waits }: Outcome,
  sent: number,
  keys: number,
  connected: number,
  seconds: number,
): Promise<boolean> {
  const refused = [...refusals].map(([code, count]) => `${code} ${count}`).join(', ')
  const longest = waits.length === 0 ? 0 : Math.max(...waits)
  console.log(`\n${sent} verifications at ${GUARDS} guards in ${seconds} s, ${keys} keys signed`)
  console.log(`  admitted ${admitted}, refused ${sent - admitted}${refused === '' ? '' : ` (${refused})`}`)
  console.log(`  waited for a request: ${waits.length}, the longest ${longest.toFixed(1)} ms`)
  const targets = [
    { name: 'valid tokens refused', atMost: 0, value: sent - admitted, unit: '' },
    { name: 'verifications', atLeast: PER_SECOND * 0.98, value: sent / seconds, unit: '/s' },
    {
      name: `rotations, of one every ${ROTATION_SECONDS} s`,
      atLeast: 0.9,
      value: ((keys - 1) * ROTATION_SECONDS) / (seconds - ROTATION_SECONDS),
      unit: '×',
    },
  ] as const satisfies readonly Target[]
  const passed = printTargets(targets)
  await writeReport({
    name: 'keys',
    versions: await versionsOf(['fastify', 'kysely']),
    settings: {
      algorithm: ALGORITHM,
      guards: GUARDS,
      connectedGuards: connected,
      seconds,
      verifications: sent,
      refused: sent - admitted,
      keysThatSigned: keys,
      waitedForARequest: waits.length,
      longestWaitMilliseconds: Math.round(longest * 10) / 10,
    },
    tables: [],
    targets,
  })
  return passed
}
