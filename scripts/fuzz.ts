import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { fuzz, FuzzFailure, loadTargets } from './fuzz/target.ts'

/** `npm run fuzz [-- --seconds 10 --seed 1 --only name]`: every `*.fuzz.ts` for an equal share of the time. */
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
})
const seed = Number(values.seed)
const targets = (await loadTargets(join(import.meta.dirname, '..'))).filter(({ name }) => name.includes(values.only))
const share = (Number(values.seconds) * 1000) / targets.length

console.log(`seed ${seed}, ${targets.length} targets, ${(share / 1000).toFixed(1)} s each`)
for (const target of targets) {
  const end = performance.now() + share
  try {
    const limits = { seed, maxRuns: Number.POSITIVE_INFINITY, isOver: () => performance.now() >= end }
    const { runs, outcomes, slowestMilliseconds } = fuzz(target, limits)
    const slowest = `slowest ${slowestMilliseconds.toFixed(1)} ms`
    console.log(`✔ ${target.name.padEnd(28)} ${String(runs).padStart(8)} runs, ${outcomes} outcomes, ${slowest}`)
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error
    console.error(`✖ ${error.message}`)
    console.error(error.cause)
    process.exitCode = 1
  }
}
