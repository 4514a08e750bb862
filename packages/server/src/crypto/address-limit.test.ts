import assert from 'node:assert/strict'
import { beforeEach, describe, mock, test } from 'node:test'
import { createAddressLimit } from './address-limit.ts'

describe('the limit per address', () => {
  beforeEach(() => {
    mock.timers.reset()
    mock.timers.enable({ apis: ['Date', 'setTimeout'], now: 1_800_000_000_000 })
  })
  const tick = (seconds: number): void => mock.timers.tick(seconds * 1000)

  test('LG-07: lets so many attempts through in a window, then none until it has passed', async () => {
    const limit = createAddressLimit({ attempts: 3, windowSeconds: 10 })
    assert.deepEqual(await takes(limit, 'a', 5), [0, 0, 0, 10, 10])
    tick(9)
    assert.deepEqual(await takes(limit, 'a', 1), [1])
    tick(1)
    assert.deepEqual(await takes(limit, 'a', 1), [0])
  })

  test('a window that was not used up begins anew when it has passed', async () => {
    const limit = createAddressLimit({ attempts: 3, windowSeconds: 10 })
    assert.deepEqual(await takes(limit, 'a', 3), [0, 0, 0])
    tick(10)
    assert.deepEqual(await takes(limit, 'a', 3), [0, 0, 0])
  })

  test('LG-07: whoever comes back to it waits twice as long each time, up to the longest', async () => {
    const limit = createAddressLimit({ attempts: 1, windowSeconds: 10, maxDelaySeconds: 60 })
    const delays: number[] = []
    for (let round = 0; round < 6; round++) {
      const [, delay = 0] = await takes(limit, 'a', 2)
      delays.push(delay)
      tick(delay)
    }
    assert.deepEqual(delays, [10, 20, 40, 60, 60, 60])
    tick(59)
    assert.deepEqual(await takes(limit, 'a', 2), [0, 60])
    tick(120)
    assert.deepEqual(await takes(limit, 'a', 2), [0, 10])
  })

  test('another address is not concerned', async () => {
    const limit = createAddressLimit({ attempts: 1, windowSeconds: 10 })
    await takes(limit, 'a', 9)
    assert.deepEqual(await takes(limit, 'b', 1), [0])
  })

  test('LG-06: 100 attempts in parallel are counted one by one', async () => {
    const limit = createAddressLimit({ attempts: 7, windowSeconds: 10 })
    const waits = await Promise.all(Array.from({ length: 100 }, () => limit.take('a')))
    assert.equal(waits.filter((wait) => wait === 0).length, 7)
  })

  test('a good attempt is given back, and does not shorten a wait or save up credit', async () => {
    const limit = createAddressLimit({ attempts: 2, windowSeconds: 10 })
    for (let round = 0; round < 5; round++) {
      assert.equal(await limit.take('a'), 0)
      await limit.giveBack('a')
    }
    for (let round = 0; round < 5; round++) await limit.giveBack('a')
    await limit.giveBack('never seen')
    assert.deepEqual(await takes(limit, 'a', 3), [0, 0, 10])
    await limit.giveBack('a')
    assert.deepEqual(await takes(limit, 'a', 1), [10])
    assert.deepEqual(await takes(limit, 'never seen', 3), [0, 0, 10])
  })

  test('remembers so many addresses, and forgets the one not heard of for longest', async () => {
    const limit = createAddressLimit({ attempts: 1, windowSeconds: 10, maxAddresses: 3 })
    for (const address of ['a', 'b', 'c']) await takes(limit, address, 2)
    assert.deepEqual(await takes(limit, 'a', 1), [10])
    assert.deepEqual(await takes(limit, 'd', 1), [0])
    assert.deepEqual(await takes(limit, 'a', 1), [10])
    assert.deepEqual(await takes(limit, 'c', 1), [10])
    assert.deepEqual(await takes(limit, 'b', 1), [0])
  })
})

async function takes(limit: ReturnType<typeof createAddressLimit>, address: string, times: number): Promise<number[]> {
  const waits: number[] = []
  for (let count = 0; count < times; count++) waits.push(await limit.take(address))
  return waits
}
