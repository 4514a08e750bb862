import { once } from 'node:events'
import { get } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { createGuard, createRevocationList } from '@signet/guard'
import type { Guard } from '@signet/guard'
import { importJwkSet } from '@signet/jwt'
import type { Revocation } from '@signet/protocol'
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

async function follow({ url, issuer, keys }: Extract<ToGuards, { kind: 'follow' }>): Promise<void> {
  const list = createRevocationList()
  const guard = createGuard({
    issuer,
    audience: issuer,
    algorithms: ['ES256'],
    keys: importJwkSet({ keys }),
    revocation: list,
  })
  const index = guards.length
  const heard = new Map<string, number>()
  guards.push({ guard, heard })
  const headers = { accept: 'text/event-stream', 'last-event-id': '1.0', 'signet-guard-name': `guard ${index}` }
  const request = get(`${url}/auth/revocations`, { headers, agent: false })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  if (response.statusCode !== 200) throw new Error(`the feed answers ${response.statusCode}`)
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    const end = text.lastIndexOf('\n\n')
    if (end === -1) return
    for (const block of text.slice(0, end).split('\n\n')) {
      const data = block.slice(block.indexOf('data: ') + 6)
      const { entries = [] } = JSON.parse(data) as { readonly entries?: readonly Revocation[] }
      for (const entry of entries) {
        list.add(entry)
        if (entry.kind === 'session' && !heard.has(entry.sid)) heard.set(entry.sid, monotonicMilliseconds())
      }
    }
    text = text.slice(end + 2)
    look(index, guard)
  })
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
