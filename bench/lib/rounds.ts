/** One way of doing the work. `prepare` makes fresh inputs outside the clock; `run` does `count` of them. */
export interface Contender {
  readonly name: string
  readonly prepare?: (count: number) => void
  readonly run: (count: number) => void | Promise<void>
}

export interface Measured {
  readonly name: string
  /** Nanoseconds for one operation: median over all rounds. */
  readonly median: number
  /** Half of the distance between the quartiles, as a share of the median. */
  readonly spread: number
  /** The lower decile, in nanoseconds: what is left when neighbours on the machine are quiet. */
  readonly quiet: number
  readonly perSecond: number
}

export interface RoundOptions {
  readonly rounds: number
  /** How long one contender runs in one round. */
  readonly sampleMilliseconds: number
}

/**
 * Measures contenders in one interleaved run: every round gives each of them a turn of the same length, starting with another
 * one each time, so that a machine that speeds up, slows down or is shared does so for all of them.
 */
export async function measure(contenders: readonly Contender[], options: RoundOptions): Promise<Measured[]> {
  const counts = await Promise.all(contenders.map(() => 0))
  for (const [index, contender] of contenders.entries()) counts[index] = await warmUp(contender, options)
  const samples = contenders.map((): number[] => [])
  for (let round = 0; round < options.rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (turn + round) % contenders.length
      const contender = contenders[index]
      const count = counts[index] ?? 1
      if (contender !== undefined) samples[index]?.push((await time(contender, count)) / count)
    }
  }
  return contenders.map(({ name }, index) => summarize(name, samples[index] ?? []))
}

/** Runs until the optimising compiler has settled and returns how many operations fill one sample. */
async function warmUp(contender: Contender, { sampleMilliseconds }: RoundOptions): Promise<number> {
  const target = sampleMilliseconds * 1e6
  let count = 16
  for (let settled = 0; settled < WARM_UP_SAMPLES;) {
    const elapsed = await time(contender, count)
    if (elapsed >= target / 2) settled++
    count = Math.max(1, Math.min(count * 4, Math.round((count * target) / elapsed), MAX_BATCH))
    if (count === MAX_BATCH && elapsed < target / 2) settled++
  }
  return count
}

const WARM_UP_SAMPLES = 4
/** Fresh inputs are made in advance, so a batch has to fit into memory. */
const MAX_BATCH = 40_000

async function time(contender: Contender, count: number): Promise<number> {
  contender.prepare?.(count)
  const start = process.hrtime.bigint()
  const pending = contender.run(count)
  if (pending !== undefined) await pending
  return Number(process.hrtime.bigint() - start)
}

function summarize(name: string, samples: readonly number[]): Measured {
  const sorted = [...samples].sort((a, b) => a - b)
  const median = quantile(sorted, 0.5)
  return {
    name,
    median,
    spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / median,
    quiet: quantile(sorted, 0.1),
    perSecond: 1e9 / median,
  }
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
