import type { Measured } from '../lib/rounds.ts'

/** Collects the CPU time that servers use for the requests of each sample. */
export class CpuTimes {
  readonly #rounds: number
  readonly #samples = new Map<string, number[]>()

  /** @param rounds how many samples of each name count: the last ones, since those before warm the server up */
  constructor(rounds: number) {
    this.#rounds = rounds
  }

  async around(name: string, count: number, cpuTime: () => Promise<number>, act: () => Promise<void>): Promise<void> {
    const before = await cpuTime()
    await act()
    const nanoseconds = ((await cpuTime()) - before) * 1000
    const samples = this.#samples.get(name) ?? []
    samples.push(nanoseconds / count)
    this.#samples.set(name, samples)
  }

  measured(name: string): Measured {
    const samples = (this.#samples.get(name) ?? []).slice(-this.#rounds).toSorted((a, b) => a - b)
    const quantile = (share: number): number => samples[Math.floor(samples.length * share)] ?? Number.NaN
    const median = quantile(0.5)
    return {
      name,
      median,
      spread: (quantile(0.75) - quantile(0.25)) / 2 / median,
      quiet: quantile(0.1),
      perSecond: 1e9 / median,
      disturbed: 0,
    }
  }
}
