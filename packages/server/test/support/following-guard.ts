import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { createGuard } from '@signet/guard'
import { formatCursor } from '@signet/protocol'
import { ISSUER } from './server.ts'
import type { TestServer } from './server.ts'

/** A guard as a service elsewhere has it: it finds keys and feed by itself, over real connections. */
export interface FollowingGuard {
  accepts(token: string): Promise<boolean>
  /** Resolves when it holds what the server, or the one that has come after it, has committed by now. */
  caughtUp(successor?: TestServer): Promise<void>
}

/** @param url where the server listens; the issuer's name leads there */
export async function startFollowingGuard(
  t: TestContext,
  server: TestServer,
  url: string,
  credential?: string,
): Promise<FollowingGuard> {
  const guard = createGuard({
    issuer: ISSUER,
    audience: ISSUER,
    algorithms: ['ES256'],
    now: () => server.clock.now,
    fetch: (input, init) => fetch(String(input).replace(ISSUER, url), init),
    feed: { name: 'orders', ...(credential === undefined ? {} : { credential }) },
  })
  t.after(() => guard.close())
  await guard.ready()
  return {
    async accepts(token) {
      const header = (name: string): string | undefined => (name === 'authorization' ? `Bearer ${token}` : undefined)
      try {
        await guard.authenticate({ method: 'GET', url: '/', header })
        return true
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, 'token_revoked')
        return false
      }
    },
    async caughtUp(successor = server) {
      const newest = formatCursor(await successor.context.store.revocations.newest())
      while (cursorOf(guard.health().revocation) !== newest) await new Promise(setImmediate)
    },
  }
}

function cursorOf(health: object): unknown {
  return 'cursor' in health ? health.cursor : undefined
}
