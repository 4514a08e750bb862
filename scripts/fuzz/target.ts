import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { mutate, randomFrom } from './mutate.ts'

/** What a `*.fuzz.ts` file exports. */
export interface FuzzTarget {
  readonly name: string
  readonly seeds: readonly Uint8Array[]
  /** Throws if an invariant does not hold. May return what happened, so that inputs with a new outcome are kept and changed further. */
  run(bytes: Uint8Array): unknown
}

export interface FuzzLimits {
  readonly seed: number
  readonly maxRuns: number
  /** Asked between runs. */
  readonly isOver: () => boolean
}

export interface FuzzReport {
  readonly runs: number
  /** Distinct outcomes that were reached. */
  readonly outcomes: number
  readonly slowestMilliseconds: number
}

/** An input that broke an invariant, took too long, or made something other than the documented error leave. */
export class FuzzFailure extends Error {
  constructor(target: string, input: Uint8Array, run: number, cause: unknown) {
    const shown = Buffer.from(input).toString('base64url')
    super(`${target}: run ${run} failed for the input ${shown} (base64url)`, { cause })
    this.name = 'FuzzFailure'
  }
}

/** Far above what any input may take, so that a busy machine does not fail the run; quadratic work does. */
const MAX_MILLISECONDS = 2000
const MAX_POOL = 512

export async function loadTargets(root: string): Promise<readonly FuzzTarget[]> {
  const files = globSync('packages/*/src/**/*.fuzz.ts', { cwd: root }).sort()
  return Promise.all(files.map(async (file) => (await import(pathToFileURL(join(root, file)).href)) as FuzzTarget))
}

/**
 * Feeds a target with its seeds and then with changed ones. The same seed gives the same inputs.
 *
 * @throws FuzzFailure
 */
export function fuzz(target: FuzzTarget, limits: FuzzLimits): FuzzReport {
  const random = randomFrom(limits.seed)
  const pool = [...target.seeds]
  const outcomes = new Set<unknown>()
  let slowestMilliseconds = 0
  let runs = 0
  const pick = (): Uint8Array => pool[random(pool.length)] ?? new Uint8Array()
  while (runs < limits.maxRuns && !limits.isOver()) {
    const input = target.seeds[runs] ?? mutate(pick(), pick(), random)
    runs++
    const started = performance.now()
    const outcome = runOnce(target, input, runs)
    const elapsed = performance.now() - started
    if (elapsed > MAX_MILLISECONDS) throw new FuzzFailure(target.name, input, runs, new Error('too slow'))
    slowestMilliseconds = Math.max(slowestMilliseconds, elapsed)
    if (outcomes.has(outcome)) continue
    outcomes.add(outcome)
    if (pool.length < MAX_POOL) pool.push(input)
  }
  return { runs, outcomes: outcomes.size, slowestMilliseconds }
}

function runOnce(target: FuzzTarget, input: Uint8Array, run: number): unknown {
  try {
    return target.run(input)
  } catch (cause) {
    throw new FuzzFailure(target.name, input, run, cause)
  }
}
