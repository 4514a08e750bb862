import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { printTargets, versionsOf, writeReport } from '../../lib/report.ts'
import type { Target } from '../../lib/report.ts'
import { monotonicMilliseconds } from './messages.ts'
import type { FromGuards, FromServer, OpenedSession, ToGuards, ToServer } from './messages.ts'

const PROCESSES = 4

interface Size {
  readonly guards: number
  readonly logouts: number
  readonly perSecond: number
  readonly seconds: number
}

const WHOLE: Size = { guards: 100, logouts: 200, perSecond: 1000, seconds: 10 }
const SHORT: Size = { guards: 20, logouts: 20, perSecond: 200, seconds: 2 }

/**
 * One auth server in a process of its own, guards in four more, logouts sent from here over HTTP.
 *
 * First one at a time: from the answer to `POST /auth/logout` until a guard refuses the token. Then many a second:
 * how late each guard hears of each, and whether it hears of all. Targets are those of the design.
 */
export async function runFeed(args: readonly string[]): Promise<boolean> {
  const size = args.includes('--short') ? SHORT : WHOLE
  const children: ChildProcess[] = []
  const start = (file: string): ChildProcess => {
    const child = fork(new URL(file, import.meta.url), { execArgv: ['--conditions=@signet/source'] })
    children.push(child)
    return child
  }
  try {
    const server = start('server.ts')
    const { url, issuer } = (await next(server, 'listening')) as Extract<FromServer, { kind: 'listening' }>
    const guards = Array.from({ length: PROCESSES }, () => start('guards.ts'))
    await Promise.all(
      guards.map((child) => ask(child, { kind: 'follow', issuer, guards: size.guards / PROCESSES }, 'following')),
    )
    const agent = new Agent({ keepAlive: true, maxSockets: 64 })
    const single = await logOutOneByOne(server, guards, url, agent, size)
    const flood = await logOutMany(server, guards, url, agent, size)
    agent.destroy()
    return await conclude(args, size, single, flood)
  } finally {
    for (const child of children) child.kill('SIGKILL')
  }
}

async function logOutOneByOne(
  server: ChildProcess,
  guards: readonly ChildProcess[],
  url: string,
  agent: Agent,
  { logouts }: Size,
): Promise<readonly number[]> {
  const sessions = await open(server, logouts + WARM_UP)
  const latencies: number[] = []
  for (const [index, session] of sessions.entries()) {
    await Promise.all(
      guards.map((child) => ask(child, { kind: 'watch', accessToken: session.accessToken }, 'watching')),
    )
    const refusals = guards.map((child) => next(child, 'refused'))
    const answeredAt = await logOut(url, agent, session)
    for (const refusal of await Promise.all(refusals)) {
      const { at } = refusal as Extract<FromGuards, { kind: 'refused' }>
      if (index >= WARM_UP) latencies.push(...at.map((each) => Math.max(0, each - answeredAt)))
    }
  }
  return latencies.toSorted((a, b) => a - b)
}

const WARM_UP = 20

interface Flood {
  readonly latenesses: readonly number[]
  readonly missed: number
  readonly over: number
  readonly perSecond: number
}

/** Sends them at their times, whether or not earlier ones have been answered. */
async function logOutMany(
  server: ChildProcess,
  guards: readonly ChildProcess[],
  url: string,
  agent: Agent,
  { perSecond, seconds }: Size,
): Promise<Flood> {
  const sessions = await open(server, perSecond * seconds)
  const answers: Promise<readonly [string, number]>[] = []
  const begun = monotonicMilliseconds()
  while (answers.length < sessions.length) {
    const due = Math.min(sessions.length, Math.ceil(((monotonicMilliseconds() - begun) / 1000) * perSecond))
    for (const session of sessions.slice(answers.length, due)) {
      answers.push(logOut(url, agent, session).then((at) => [session.sid, at] as const))
    }
    await sleep(1)
  }
  const answered = await Promise.all(answers)
  const took = (monotonicMilliseconds() - begun) / 1000
  await sleep(LAST_CHANCE_MILLISECONDS)
  const accounts = await Promise.all(guards.map((child) => ask(child, { kind: 'account', answered }, 'accounted')))
  const each = accounts as Extract<FromGuards, { kind: 'accounted' }>[]
  return {
    latenesses: each.flatMap(({ latenesses }) => latenesses).toSorted((a, b) => a - b),
    missed: each.reduce((sum, { missed }) => sum + missed, 0),
    over: each.reduce((sum, { over }) => sum + over, 0),
    perSecond: answered.length / took,
  }
}

/** What has not arrived by then is missed. */
const LAST_CHANCE_MILLISECONDS = 2000

async function conclude(
  args: readonly string[],
  size: Size,
  single: readonly number[],
  flood: Flood,
): Promise<boolean> {
  const figures = {
    'logout to refusal, p50 ms': percentile(single, 0.5),
    'logout to refusal, p99 ms': percentile(single, 0.99),
    'logout to refusal, max ms': percentile(single, 1),
    'flood, logouts answered /s': flood.perSecond,
    'flood, p50 ms': percentile(flood.latenesses, 0.5),
    'flood, p99 ms': percentile(flood.latenesses, 0.99),
    'flood, max ms': percentile(flood.latenesses, 1),
    'flood, missed': flood.missed,
    'flood, late by more than 1 s': flood.over,
  }
  console.log(`\n${size.guards} guards, ${size.logouts} logouts one by one, ${size.perSecond} /s for ${size.seconds} s`)
  for (const [name, value] of Object.entries(figures))
    console.log(`  ${name.padEnd(32)}${value.toFixed(2).padStart(12)}`)
  const targets: readonly Target[] = [
    { name: 'logout to refusal at every guard, p50', atMost: 50, value: percentile(single, 0.5), unit: 'ms' },
    { name: 'logout to refusal at every guard, p99', atMost: 250, value: percentile(single, 0.99), unit: 'ms' },
    { name: 'revocations answered a second', atLeast: size.perSecond * 0.95, value: flood.perSecond, unit: '/s' },
    { name: 'revocations missed by a guard', atMost: 0, value: flood.missed, unit: '' },
    { name: 'revocations late by more than a second', atMost: 0, value: flood.over, unit: '' },
  ]
  const reached = printTargets(targets)
  if (!args.includes('--short')) {
    const versions = await versionsOf(['fastify', 'kysely'])
    await writeReport({ name: 'revocation-feed', versions, settings: { ...size }, tables: [], figures, targets })
  }
  return reached
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

async function open(server: ChildProcess, sessions: number): Promise<readonly OpenedSession[]> {
  const answer = await ask(server, { kind: 'open', sessions }, 'opened')
  return (answer as Extract<FromServer, { kind: 'opened' }>).sessions
}

/** Resolves to when the answer had arrived. */
function logOut(url: string, agent: Agent, { refreshToken }: OpenedSession): Promise<number> {
  const body = JSON.stringify({ refresh_token: refreshToken })
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/auth/logout`, { method: 'POST', agent, headers }, (response) => {
      const at = monotonicMilliseconds()
      response.resume().on('end', () => resolve(at))
      if (response.statusCode !== 204) reject(new Error(`logout was answered ${response.statusCode}`))
    })
    sent.on('error', reject).end(body)
  })
}

async function ask(child: ChildProcess, message: ToServer | ToGuards, kind: string): Promise<FromServer | FromGuards> {
  const answer = next(child, kind)
  child.send(message)
  return answer
}

async function next(child: ChildProcess, kind: string): Promise<FromServer | FromGuards> {
  const ended = new AbortController()
  const exit = once(child, 'exit', { signal: ended.signal }).then(() => {
    throw new Error('a process of the benchmark has ended')
  })
  try {
    for (;;) {
      const [message] = (await Promise.race([once(child, 'message', { signal: ended.signal }), exit])) as [
        FromServer | FromGuards,
      ]
      if (message.kind === kind) return message
    }
  } finally {
    exit.catch(() => {})
    ended.abort()
  }
}
