import { T0, anAttempt, oneEach } from '../../testing/contract/fixtures.ts'
import type { RefreshDecision } from '../../../domain/refresh.ts'
import { openSqliteStore } from '../open.ts'

/** What the tests tell a process of theirs to do. */
export type Orders =
  /** Only opens the database: reports `opened`, and stays. */
  | { readonly kind: 'open'; readonly path: string }
  /** Opens, reports `opened`, waits for `go`, refreshes so many times at once, reports what was decided. */
  | { readonly kind: 'race'; readonly path: string; readonly sessionId: string; readonly callers: number }
  | { readonly kind: 'go' }
  /** Refreshes the session again and again, reporting each generation when it is acknowledged. */
  | { readonly kind: 'rotate'; readonly path: string; readonly sessionId: string }
  /** Revokes the sessions one by one, reporting each when it is acknowledged. */
  | { readonly kind: 'revoke'; readonly path: string; readonly sessionIds: readonly string[] }

export type Report =
  | { readonly kind: 'opened' }
  | { readonly kind: 'raced'; readonly outcomes: readonly RacedOutcome[] }
  | { readonly kind: 'rotated'; readonly generation: number }
  | { readonly kind: 'revoked'; readonly sessionId: string }
  | { readonly kind: 'failed'; readonly reason: string }

export interface RacedOutcome {
  readonly decision: RefreshDecision['kind'] | 'none'
  readonly generation: number
}

if (process.send !== undefined) {
  const go = Promise.withResolvers<void>()
  process.on('message', (orders: Orders) => {
    if (orders.kind === 'go') go.resolve()
    else carryOut(orders, go.promise).catch((error: unknown) => report({ kind: 'failed', reason: String(error) }))
  })
}

async function carryOut(orders: Exclude<Orders, { kind: 'go' }>, go: Promise<void>): Promise<void> {
  const { sessions } = await openSqliteStore({ path: orders.path })
  switch (orders.kind) {
    case 'open':
      return report({ kind: 'opened' })
    case 'race': {
      report({ kind: 'opened' })
      await go
      const refreshes = Array.from({ length: orders.callers }, () => sessions.refresh(orders.sessionId, anAttempt(1)))
      const outcomes = (await Promise.all(refreshes)).map((outcome) => ({
        decision: outcome?.decision.kind ?? ('none' as const),
        generation: outcome?.session.generation ?? 0,
      }))
      return report({ kind: 'raced', outcomes })
    }
    case 'rotate':
      for (let generation = 1; ; generation++) {
        const outcome = await sessions.refresh(orders.sessionId, anAttempt(generation))
        report({ kind: 'rotated', generation: outcome?.session.generation ?? 0 })
      }
    case 'revoke':
      for (const sessionId of orders.sessionIds) {
        await sessions.revoke(sessionId, { at: T0, because: 'logout', revocations: oneEach }, [])
        report({ kind: 'revoked', sessionId })
      }
  }
}

function report(message: Report): void {
  process.send?.(message)
}
