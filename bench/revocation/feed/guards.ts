import { createGuard } from '@signet/guard'
import type { Guard } from '@signet/guard'
import { LATE_MILLISECONDS, monotonicMilliseconds } from './messages.ts'
import type { FromGuards, ToGuards } from './messages.ts'

/** A guard with a connection of its own. */
interface FollowingGuard {
  readonly guard: Guard
  /** When each session's revocation took effect here. */
  readonly heard: Map<string, number>
}

/** A token, and when each guard was first seen refusing it. */
interface Watch {
  readonly accessToken: string
  readonly at: (number | undefined)[]
  left: number
}

const guards: FollowingGuard[] = []
let watch: Watch | undefined

process.on('disconnect', () => process.exit())
process.on('message', (message: ToGuards) => {
  void carryOut(message)
})

async function carryOut(message: ToGuards): Promise<void> {
  switch (message.kind) {
    case 'follow':
      await Promise.all(Array.from({ length: message.guards }, () => follow(message)))
      return report({ kind: 'following' })
    case 'watch': {
      const { accessToken } = message
      const accepting = guards.filter(({ guard }) => accepts(guard, accessToken))
      if (accepting.length !== guards.length) throw new Error('a guard refuses a token that was not revoked')
      watch = { accessToken, at: [], left: guards.length }
      return report({ kind: 'watching' })
    }
    case 'account':
      return report(account(message.answered))
  }
}

/** Starts a guard that finds keys and feed by itself, and follows it. */
async function follow({ issuer }: Extract<ToGuards, { kind: 'follow' }>): Promise<void> {
  const index = guards.length
  const heard = new Map<string, number>()
  const guard = createGuard({
    issuer,
    audience: issuer,
    algorithms: ['ES256'],
    feed: { name: `guard-${process.pid}-${index}` },
    fetch: async (input, init) => tapped(await fetch(input, init), (text) => notice(index, text)),
  })
  guards.push({ guard, heard })
  await guard.ready()
}

/** The same answer; what passes through a stream is looked at once the guard has had it. */
function tapped(response: Response, look: (text: string) => void): Response {
  if (response.body === null || response.headers.get('content-type') !== 'text/event-stream') return response
  const decoder = new TextDecoder()
  let rest = ''
  const tap = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      controller.enqueue(chunk)
      const text = rest + decoder.decode(chunk, { stream: true })
      rest = text.slice(-LONGEST_MATCH)
      look(text)
    },
  })
  return new Response(response.body.pipeThrough(tap), response)
}

const SESSION = /"sid":"([^"]+)"/g
/** A chunk may end in the middle of one; seeing one twice does no harm. */
const LONGEST_MATCH = 64

/** Waits until the guard itself knows of every session that has just passed by. */
function notice(index: number, text: string): void {
  const { guard, heard } = guards[index] ?? {}
  if (guard === undefined || heard === undefined) return
  let waiting = [...text.matchAll(SESSION)].map(([, sid = '']) => sid)
  const check = (): void => {
    look(index, guard)
    const at = monotonicMilliseconds()
    waiting = waiting.filter((sid) => {
      if (!guard.revocation.isRevoked({ jti: '', sid, sub: '', iat: 0, kid: undefined })) return true
      if (!heard.has(sid)) heard.set(sid, at)
      return false
    })
    if (waiting.length > 0) setImmediate(check)
  }
  if (waiting.length > 0) setImmediate(check)
}

/** A request with the token that is watched, as soon as there may be a reason to refuse it. */
function look(index: number, guard: Guard): void {
  if (watch === undefined || watch.at[index] !== undefined || accepts(guard, watch.accessToken)) return
  watch.at[index] = monotonicMilliseconds()
  watch.left--
  if (watch.left > 0) return
  report({ kind: 'refused', at: watch.at.map((at) => at ?? Number.POSITIVE_INFINITY) })
  watch = undefined
}

function accepts(guard: Guard, accessToken: string): boolean {
  const header = (name: string): string | undefined => (name === 'authorization' ? `Bearer ${accessToken}` : undefined)
  try {
    void guard.authenticate({ method: 'GET', url: '/', header })
    return true
  } catch {
    return false
  }
}

function account(answered: readonly (readonly [string, number])[]): FromGuards {
  const latenesses: number[] = []
  let missed = 0
  for (const { heard } of guards) {
    for (const [sid, at] of answered) {
      const heardAt = heard.get(sid)
      if (heardAt === undefined) missed++
      else latenesses.push(Math.max(0, heardAt - at))
    }
  }
  latenesses.sort((a, b) => a - b)
  const over = latenesses.filter((lateness) => lateness > LATE_MILLISECONDS).length
  const every = Math.max(1, Math.floor(latenesses.length / SAMPLES))
  return {
    kind: 'accounted',
    latenesses: latenesses.filter((_, index) => index % every === 0 || index === latenesses.length - 1),
    missed,
    over,
  }
}

/** Enough of the distribution to say its percentiles; its largest value is always among them. */
const SAMPLES = 10_000

function report(message: FromGuards): void {
  process.send?.(message)
}
