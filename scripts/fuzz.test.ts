import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fuzz, FuzzFailure, loadTargets } from './fuzz/target.ts'
import type { FuzzTarget } from './fuzz/target.ts'

const limits = { seed: 1, maxRuns: 2000, isOver: () => false }
const targets = await loadTargets(join(import.meta.dirname, '..'))

describe('VF-13: fuzz targets hold for the first 2000 inputs', () => {
  for (const target of targets) {
    test(target.name, () => {
      assert.equal(fuzz(target, limits).runs, limits.maxRuns)
    })
  }
})

test('the compact token, key import and the bearer header have a target', () => {
  const names = new Set(targets.map(({ name }) => name))
  for (const name of ['compact token', 'JWK and key import', 'authorization header']) assert.ok(names.has(name), name)
})

describe('the driver', () => {
  const target = (run: FuzzTarget['run']): FuzzTarget => ({ name: 'x', seeds: [Buffer.from('seed')], run })

  test('gives the same inputs for the same seed, and others for another', () => {
    const inputsOf = (seed: number): string[] => {
      const inputs: string[] = []
      fuzz(
        target((bytes) => void inputs.push(Buffer.from(bytes).toString('hex'))),
        { ...limits, maxRuns: 50, seed },
      )
      return inputs
    }
    assert.deepEqual(inputsOf(1), inputsOf(1))
    assert.notDeepEqual(inputsOf(1), inputsOf(2))
  })

  test('finds a bug that needs two changes, because it keeps inputs with a new outcome', () => {
    const run = (bytes: Uint8Array): number => {
      const distance = (bytes[0] === 0x53 ? 1 : 0) + (bytes[1] === 0x45 ? 1 : 0)
      if (distance === 2) throw new Error('bug')
      return distance
    }
    assert.throws(() => fuzz(target(run), { ...limits, maxRuns: 200_000 }), FuzzFailure)
  })
})
