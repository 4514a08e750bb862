import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { createGuard, createRevocationList } from '@signet/guard'
import { parseCursor } from '@signet/protocol'
import type { Revocation } from '@signet/protocol'
import { ISSUER } from './server.ts'
import type { TestServer } from './server.ts'

/** A service elsewhere: it verifies tokens by itself and follows the feed over a real connection. */
export interface ResourceServer {
  /** Every entry it was told, in order. */
  readonly entries: readonly Revocation[]
  /** Names of the events it was sent. */
  readonly events: readonly string[]
  accepts(token: string): boolean
  /** Resolves when it has been told what the server has committed by now. */
  caughtUp(): Promise<void>
  /** Resolves when the server has ended the stream. */
  ended(): Promise<void>
}

export async function startResourceServer(
  t: TestContext,
  server: TestServer,
  url: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<ResourceServer> {
  const { keyring, context } = server.core
  const list = createRevocationList({ now: context.now })
  const guard = createGuard({
    issuer: ISSUER,
    audience: ISSUER,
    algorithms: ['ES256'],
    keys: keyring.keySource,
    now: context.now,
    revocation: list,
  })
  const leaving = new AbortController()
  t.after(() => leaving.abort())
  const entries: Revocation[] = []
  const events: string[] = []
  let sequence = 0
  let wake = Promise.withResolvers<void>()
  const response = await fetch(`${url}/auth/revocations`, {
    headers: { accept: 'text/event-stream', 'last-event-id': '1.0', ...headers },
    signal: leaving.signal,
  })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/event-stream')

  const following = follow(response, (name, id, data) => {
    events.push(name)
    for (const entry of data.entries ?? []) {
      entries.push(entry)
      list.add(entry)
    }
    sequence = (id === null ? null : parseCursor(id))?.sequence ?? sequence
    wake.resolve()
    wake = Promise.withResolvers()
  })
  return {
    entries,
    events,
    accepts(token) {
      const authorization = `Bearer ${token}`
      try {
        void guard.authenticate({
          method: 'GET',
          url: '/',
          header: (name) => (name === 'authorization' ? authorization : undefined),
        })
        return true
      } catch {
        return false
      }
    },
    async caughtUp() {
      const newest = await context.store.revocations.newest()
      while (sequence < newest.sequence) await wake.promise
    },
    ended: () => following,
  }
}

type Data = { readonly entries?: readonly Revocation[] }

async function follow(response: Response, on: (name: string, id: string | null, data: Data) => void): Promise<void> {
  let text = ''
  try {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const block = text.slice(0, end)
        text = text.slice(end + 2)
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? null
        on(field('event') ?? '', field('id'), JSON.parse(field('data') ?? '{}') as Data)
      }
    }
  } catch (error) {
    if (!(error instanceof Error && error.name === 'AbortError')) throw error
  }
}
