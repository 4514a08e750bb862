import { createPublicKey } from 'node:crypto'
import { AUDIENCE, startIssuer } from '../../packages/guard/src/testing/issuer.ts'
import type { TestIssuer } from '../../packages/guard/src/testing/issuer.ts'
import { printTable, printTargets, ratio, versionsOf, writeReport } from '../lib/report.ts'
import type { Table, Target } from '../lib/report.ts'
import { measure } from '../lib/rounds.ts'
import type { Contender, RoundOptions } from '../lib/rounds.ts'
import { BARE, bareCheck, GUARD, wholeGuard } from './bare.ts'
import { CpuTimes } from './cpu-times.ts'
import { CACHED, PROTECTIONS, UNGUARDED } from './contenders.ts'
import type { Framework, Protection, Setup } from './contenders.ts'
import { LoadGenerator, startServer } from './processes.ts'

/** Share of the unguarded requests/s that must be kept with the verified-token cache. */
const KEPT_WITH_CACHE: Readonly<Record<Framework, number>> = { 'node:http': 0.92, express: 0.85, fastify: 0.85 }
/** The bare signature check's time over the whole guard's, without cache: the guard may cost 1.15 × the check. */
const BARE_SHARE = 1 / 1.15

const ALGORITHMS = ['RS256', 'ES256'] as const
const PARTS = ['node:http', 'express', 'fastify', 'bare'] as const
const CEILING = 'load generator alone'
const CONNECTIONS = 32
const TOKENS = 512
/** With fewer undisturbed samples than half of them, a median says more about the neighbours than about the code. */
const MOST_DISTURBED = 0.5
const WARM_UP_REQUESTS = 80_000
const WARM_UP_MILLISECONDS = 5000
const WARM_UP_BATCH = 2000
const LONG: RoundOptions = { rounds: 31, sampleMilliseconds: 200 }
const SHORT: RoundOptions = { rounds: 9, sampleMilliseconds: 80 }
const LONG_BARE: RoundOptions = { rounds: 41, sampleMilliseconds: 40 }
const SHORT_BARE: RoundOptions = { rounds: 9, sampleMilliseconds: 15 }

/**
 * Measures what a guard costs a server: requests per second, and the server's CPU time for one request, which tells the same
 * when the machine is shared and a server does not always get its core. `--short` takes two minutes, most of them to warm up, and is for a look, not for a figure;
 * `--only RS256,node:http` picks algorithms and parts (`bare` is the guard without HTTP), `--ours` leaves the peers out.
 */
export async function run(args: readonly string[]): Promise<boolean> {
  const isShort = args.includes('--short')
  const only = args.includes('--only') ? (args[args.indexOf('--only') + 1] ?? '').split(',') : []
  const isOursOnly = args.includes('--ours')
  const picked = <T extends string>(names: readonly T[]): readonly T[] => {
    const wanted = names.filter((name) => only.includes(name))
    return wanted.length === 0 ? names : wanted
  }
  const options = isShort ? SHORT : LONG
  const tables: Table[] = []
  const targets: Target[] = []
  const load = new LoadGenerator()

  for (const alg of picked(ALGORITHMS)) {
    const issuer = await startIssuer([alg])
    for (const part of picked(PARTS)) {
      if (part === 'bare') {
        const table = await bareCost(issuer, alg, isShort ? SHORT_BARE : LONG_BARE)
        tables.push(table)
        printTable(table)
        const isTrusted = table.rows.every(({ disturbed }) => disturbed <= MOST_DISTURBED)
        if (!isTrusted) console.log('  the machine was too busy: this part is not measured')
        const value = isTrusted ? ratio(table.rows, GUARD, BARE) : Number.NaN
        targets.push({ name: `${table.title}, share of the check`, atLeast: BARE_SHARE, value, unit: '×' })
        continue
      }
      const framework = part
      const protections = PROTECTIONS[framework].filter((name) => !isOursOnly || isOurs(name))
      const setups = protections.map((protection) => setupFor(issuer, alg, framework, protection))
      const { wall, cpu } = await throughput(`${framework}, ${alg}`, setups, freshToken(issuer), load, options)
      for (const table of [wall, cpu]) {
        tables.push(table)
        printTable(table)
      }
      const atLeast = KEPT_WITH_CACHE[framework]
      targets.push(
        { name: `${wall.title}, kept with cache`, atLeast, value: ratio(wall.rows, CACHED, UNGUARDED), unit: '×' },
        { name: `${wall.title}, the same by CPU time`, atLeast, value: ratio(cpu.rows, CACHED, UNGUARDED), unit: '×' },
      )
    }
    await issuer.close()
  }
  load.stop()

  const isReached = printTargets(targets)
  if (!isShort && only.length === 0 && !isOursOnly) {
    const versions = await versionsOf([
      'express',
      'fastify',
      'jose',
      '@fastify/jwt',
      'express-jwt',
      'express-oauth2-jwt-bearer',
      'passport-jwt',
    ])
    await writeReport({ name: 'guard', versions, settings: { ...options, connections: CONNECTIONS }, tables, targets })
  }
  return isReached
}

/** One interleaved run: each protection in its own server process, which sleeps while the others are measured. */
async function throughput(
  title: string,
  setups: readonly Setup[],
  token: string,
  load: LoadGenerator,
  options: RoundOptions,
): Promise<{ wall: Table; cpu: Table }> {
  const servers = await Promise.all([
    ...setups.map(async (setup) => ({ name: setup.protection as string, ...(await startServer('server.ts', setup)) })),
    startServer('ceiling.ts').then((server) => ({ name: CEILING, ...server })),
  ])
  const cpu = new CpuTimes(options.rounds)
  const contenders = servers.map(({ name, port, cpuTime }): Contender => {
    const request = requestWith(token, port)
    const send = (count: number): Promise<void> => load.send({ port, request, count, connections: CONNECTIONS })
    return { name, run: (count) => cpu.around(name, count, cpuTime, () => send(count)) }
  })
  try {
    for (const contender of contenders) await warmUp(contender)
    const rows = await measure(contenders, options)
    return {
      wall: { title, rows },
      cpu: {
        title: `${title}: CPU time of the server for one request`,
        rows: rows.map(({ name }) => cpu.measured(name)),
      },
    }
  } finally {
    for (const server of servers) server.stop()
  }
}

/**
 * A server's code is fully compiled only after tens of thousands of requests; what is measured before that is the compiler,
 * and it takes longest for the one with most code.
 */
async function warmUp({ run }: Contender): Promise<void> {
  const end = performance.now() + WARM_UP_MILLISECONDS
  for (let sent = 0; sent < WARM_UP_REQUESTS && performance.now() < end; sent += WARM_UP_BATCH) await run(WARM_UP_BATCH)
}

/** In this process, without HTTP. */
async function bareCost(issuer: TestIssuer, alg: Setup['alg'], options: RoundOptions): Promise<Table> {
  const setup = setupFor(issuer, alg, 'node:http', UNGUARDED)
  const tokens = Array.from({ length: TOKENS }, () => freshToken(issuer))
  const kid = issuer.keys[0]?.kid ?? ''
  return {
    title: `one request, ${alg}`,
    rows: await measure([bareCheck(setup, tokens), wholeGuard(setup, tokens, kid)], options),
  }
}

function setupFor(issuer: TestIssuer, alg: Setup['alg'], framework: Framework, protection: Protection): Setup {
  const jwk = issuer.keys[0]?.toPublicJwk() ?? { kty: '' }
  const publicKey = createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  }) as string
  return { framework, protection, alg, issuer: issuer.url, audience: AUDIENCE, publicKey }
}

/** Good for a day: the servers run on the system clock. */
function freshToken(issuer: TestIssuer): string {
  const iat = Math.floor(Date.now() / 1000)
  return issuer.token({ iat, auth_time: iat, exp: iat + 86_400, scope: 'orders:read orders:write', roles: ['clerk'] })
}

function requestWith(token: string, port: number): string {
  const lines = [
    'GET /orders HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'User-Agent: bench',
    'Accept: application/json',
    'Accept-Encoding: gzip, deflate, br',
    `Authorization: Bearer ${token}`,
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}

function isOurs(protection: Protection): boolean {
  return protection === UNGUARDED || protection.startsWith('signet')
}
