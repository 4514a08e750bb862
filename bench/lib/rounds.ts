/** One way of doing the work. `prepare` makes fresh inputs outside the clock; `run` does `count` of them. */
export interface Contender {
  readonly name: string
  readonly prepare?: (count: number) => void
  readonly run: (count: number) => void | Promise<void>
}

export interface Measured {
  readonly name: string
  /** Nanoseconds for one operation: median over all undisturbed rounds. */
  readonly median: number
  /** Half of the distance between the quartiles, as a share of the median. */
  readonly spread: number
  /** The lower decile, in nanoseconds: what is left when neighbours on the machine are quiet. */
  readonly quiet: number
  readonly perSecond: number
  /** Share of the samples that were dropped because something else had the processor in between. */
  readonly disturbed: number
}

export interface RoundOptions {
  readonly rounds: number
  /** How long one contender runs in one round. */
  readonly sampleMilliseconds: number
}

/**
 * Measures contenders in one interleaved run: every round gives each of them a turn of the same length, starting with another
 * one each time, so that a machine that speeds up, slows down or is shared does so for all of them.
 *
 * A sample during which the thread was not running all the time measures the neighbours and is dropped. Contenders that wait
 * for other threads cannot be told apart from that and keep all of theirs.
 */
export async function measure(contenders: readonly Contender[], options: RoundOptions): Promise<Measured[]> {
  const counts: number[] = []
  for (const contender of contenders) counts.push(await warmUp(contender, options))
  const samples = contenders.map((): Sample[] => [])
  for (let round = 0; round < options.rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (turn + round) % contenders.length
      const contender = contenders[index]
      if (contender !== undefined) samples[index]?.push(await take(contender, counts[index] ?? 1))
    }
  }
  return contenders.map(({ name }, index) => summarize(name, samples[index] ?? []))
}

interface Sample {
  /** For one operation. */
  readonly nanoseconds: number
  readonly isDisturbed: boolean
}

const WARM_UP_MILLISECONDS = 100
/** One operation alone would be measured with whatever the contender before it has left in the caches. */
const MIN_BATCH = 8
/** Fresh inputs are made in advance, so a batch has to fit into memory. */
const MAX_BATCH = 20_000
/** Share of the time that the thread has to have been running. */
const MIN_RUNNING = 0.95

/** Runs until the optimising compiler has settled and returns how many operations fill one sample. */
async function warmUp(contender: Contender, { sampleMilliseconds }: RoundOptions): Promise<number> {
  const target = sampleMilliseconds * 1e6
  const end = performance.now() + WARM_UP_MILLISECONDS
  let count = 16
  let fastest = Number.POSITIVE_INFINITY
  do {
    fastest = Math.min(fastest, (await take(contender, count)).nanoseconds)
    count = Math.max(MIN_BATCH, Math.min(count * 4, Math.round(target / fastest), MAX_BATCH))
  } while (performance.now() < end || (count < MAX_BATCH && count < Math.round(target / fastest) / 2))
  return count
}

async function take(contender: Contender, count: number): Promise<Sample> {
  contender.prepare?.(count)
  const running = process.threadCpuUsage()
  const start = process.hrtime.bigint()
  const pending = contender.run(count)
  if (pending !== undefined) await pending
  const elapsed = Number(process.hrtime.bigint() - start)
  const { user, system } = process.threadCpuUsage(running)
  const isDisturbed = pending === undefined && (user + system) * 1000 < elapsed * MIN_RUNNING
  return { nanoseconds: elapsed / count, isDisturbed }
}

function summarize(name: string, samples: readonly Sample[]): Measured {
  const undisturbed = samples.filter(({ isDisturbed }) => !isDisturbed)
  const used = undisturbed.length > 0 ? undisturbed : samples
  const sorted = used.map(({ nanoseconds }) => nanoseconds).sort((a, b) => a - b)
  const median = quantile(sorted, 0.5)
  return {
    name,
    median,
    spread: (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 2 / median,
    quiet: quantile(sorted, 0.1),
    perSecond: 1e9 / median,
    disturbed: 1 - undisturbed.length / samples.length,
  }
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
