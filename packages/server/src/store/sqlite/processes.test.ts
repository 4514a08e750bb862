import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { aSession, anAttempt, signedIn, tally } from '../testing/contract/fixtures.ts'
import { openSqliteStore } from './open.ts'
import { startTestProcess } from './testing/process.ts'
import type { TestProcess } from './testing/process.ts'
import type { RacedOutcome, Report } from './testing/worker.ts'

describe('several processes on one file', { concurrency: 2 }, () => {
  test('RT-02, RT-03: of 64 callers in 4 processes one rotates, one meets the reuse, 62 the ended session', () =>
    withDatabase(async (path, start) => {
      const store = await openSqliteStore({ path })
      const { session } = await signedIn(store)
      const racers = Array.from({ length: 4 }, start)
      for (const racer of racers) racer.send({ kind: 'race', path, sessionId: session.id, callers: 16 })
      for (const racer of racers) assert.deepEqual(await racer.next(), { kind: 'opened' })
      for (const racer of racers) racer.send({ kind: 'go' })

      const outcomes: RacedOutcome[] = []
      for (const racer of racers) outcomes.push(...outcomesIn(await racer.next()))
      assert.deepEqual(tally(outcomes.map(({ decision }) => decision)), { rotate: 1, reuse: 1, revoked: 62 })
      assert.ok(outcomes.every(({ generation }) => generation === 2))
      assert.equal((await store.sessions.refresh(session.id, anAttempt(2)))?.decision.kind, 'revoked')
      assert.equal((await store.events.list({ sessionId: session.id, limit: 100 })).length, 65)
      await store.close()
    }))

  test('four processes that open a new file at once all find it ready', () =>
    withDatabase(async (path, start) => {
      const openers = Array.from({ length: 4 }, start)
      for (const opener of openers) opener.send({ kind: 'open', path })
      for (const opener of openers) assert.deepEqual(await opener.next(), { kind: 'opened' })
      const store = await openSqliteStore({ path })
      assert.equal(await store.epoch(), 1)
      await store.close()
    }))

  // a short form: the rounds differ in how far the process gets before it dies
  for (let round = 1; round <= 10; round++) {
    test(`RV-03: a rotation acknowledged just before kill -9 has happened, whole (round ${round})`, () =>
      withDatabase(async (path, start) => {
        const before = await openSqliteStore({ path })
        const { session } = await signedIn(before)
        await before.close()

        const writer = start()
        writer.send({ kind: 'rotate', path, sessionId: session.id })
        let acknowledged = 1
        while (acknowledged <= round) {
          const report = await writer.next()
          assert.equal(report.kind, 'rotated')
          if (report.kind === 'rotated') acknowledged = report.generation
        }
        await writer.kill()

        const after = await openSqliteStore({ path })
        const generation = (await after.sessions.get(session.id))?.session.generation ?? 0
        assert.ok(generation >= acknowledged)
        assert.equal((await after.events.list({ sessionId: session.id, limit: 10_000 })).length, generation - 1)
        await after.close()
      }))

    test(`RV-03: a revocation acknowledged just before kill -9 has happened (round ${round})`, () =>
      withDatabase(async (path, start) => {
        const before = await openSqliteStore({ path })
        const { account } = await signedIn(before)
        const sessions = Array.from({ length: 50 }, () => aSession(account))
        for (const session of sessions) await before.sessions.open(session, account.passwordHash, [])
        await before.close()

        const writer = start()
        writer.send({ kind: 'revoke', path, sessionIds: sessions.map(({ id }) => id) })
        const acknowledged: string[] = []
        while (acknowledged.length < round) {
          const report = await writer.next()
          assert.equal(report.kind, 'revoked')
          if (report.kind === 'revoked') acknowledged.push(report.sessionId)
        }
        await writer.kill()

        const after = await openSqliteStore({ path })
        for (const id of acknowledged) {
          assert.equal((await after.sessions.refresh(id, anAttempt(1)))?.decision.kind, 'revoked')
        }
        const listed = (await after.revocations.since(0, 1000)).map(({ entry }) =>
          entry.kind === 'session' ? entry.sid : '',
        )
        for (const [index, id] of acknowledged.entries()) assert.equal(listed[index], id)
        const ended = await Promise.all(sessions.map(({ id }) => after.sessions.get(id)))
        assert.equal(ended.filter((found) => found?.session.revokedAt !== null).length, listed.length)
        await after.close()
      }))
  }
})

async function withDatabase(body: (path: string, start: () => TestProcess) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-processes-'))
  const started: TestProcess[] = []
  try {
    await body(join(directory, 'signet.db'), () => {
      const process = startTestProcess()
      started.push(process)
      return process
    })
  } finally {
    await Promise.all(started.map((process) => process.kill()))
    await rm(directory, { recursive: true })
  }
}

function outcomesIn(report: Report): readonly RacedOutcome[] {
  assert.equal(report.kind, 'raced')
  return report.kind === 'raced' ? report.outcomes : []
}
