import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createWorkQueue } from './work-queue.ts'

describe('a work queue', () => {
  test('LG-08: runs so many at once, lets so many wait, and refuses the rest at once', async () => {
    const queue = createWorkQueue({ concurrency: 2, maxWaiting: 3, retryAfterSeconds: 4 })
    const { gate, running, task } = gatedTask()
    const all = Array.from({ length: 10 }, () => queue(task))
    const refused = await Promise.allSettled(all.slice(5))
    assert.deepEqual(running, { now: 2, most: 2, started: 2 })
    for (const result of refused) {
      assert.equal(result.status, 'rejected')
      const { code, retryAfterSeconds } = result.status === 'rejected' ? result.reason : assert.fail()
      assert.deepEqual([code, retryAfterSeconds], ['overloaded', 4])
    }
    gate.resolve()
    await Promise.all(all.slice(0, 5))
    assert.deepEqual(running, { now: 0, most: 2, started: 5 })
  })

  test('serves first come first, and newcomers do not overtake', async () => {
    const queue = createWorkQueue({ concurrency: 1, maxWaiting: 10, retryAfterSeconds: 1 })
    const order: number[] = []
    const run = (name: number) => queue(async () => void order.push(name))
    const first = [run(1), run(2), run(3)]
    await first[0]
    await Promise.all([...first, run(4)])
    assert.deepEqual(order, [1, 2, 3, 4])
  })

  test('a task that fails gives its place to the next', async () => {
    const queue = createWorkQueue({ concurrency: 1, maxWaiting: 1, retryAfterSeconds: 1 })
    const failing = queue(() => Promise.reject(new Error('a fault')))
    const waiting = queue(() => Promise.resolve('done'))
    await assert.rejects(failing, { message: 'a fault' })
    assert.equal(await waiting, 'done')
    assert.equal(await queue(() => Promise.resolve('again')), 'again')
  })

  test('is not made without room to work', () => {
    for (const concurrency of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => createWorkQueue({ concurrency, maxWaiting: 1, retryAfterSeconds: 1 }), TypeError)
    }
    assert.throws(() => createWorkQueue({ concurrency: 1, maxWaiting: -1, retryAfterSeconds: 1 }), TypeError)
  })
})

function gatedTask() {
  const gate = Promise.withResolvers<void>()
  const running = { now: 0, most: 0, started: 0 }
  const task = async (): Promise<void> => {
    running.started++
    running.now++
    running.most = Math.max(running.most, running.now)
    await gate.promise
    running.now--
  }
  return { gate, running, task }
}
