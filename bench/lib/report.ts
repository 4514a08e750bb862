import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, totalmem } from 'node:os'
import type { Measured } from './rounds.ts'

/** A figure and the bound it is to keep. */
export type Target = {
  readonly name: string
  readonly value: number
  readonly unit: '×' | '/s' | 'ms' | ''
} & ({ readonly atLeast: number } | { readonly atMost: number })

export interface Table {
  readonly title: string
  readonly rows: readonly Measured[]
}

export interface Report {
  readonly name: string
  readonly versions: Readonly<Record<string, string>>
  readonly settings: Readonly<Record<string, number | string | boolean>>
  readonly tables: readonly Table[]
  /** Single figures by name, unit included. */
  readonly figures?: Readonly<Record<string, number>>
  readonly targets: readonly Target[]
}

/** Prints a table: operations per second, time of one, spread, and speed relative to the first row. */
export function printTable({ title, rows }: Table): void {
  console.log(`\n${title}`)
  const base = rows[0]?.median ?? Number.NaN
  for (const { name, median, spread, perSecond } of rows) {
    const cells = [
      name.padEnd(28),
      `${Math.round(perSecond).toLocaleString('en')} /s`.padStart(16),
      `${(median / 1000).toFixed(2)} µs`.padStart(12),
      `± ${(spread * 100).toFixed(1)} %`.padStart(10),
      `${(base / median).toFixed(3)} ×`.padStart(11),
    ]
    console.log(`  ${cells.join('')}`)
  }
}

/** Prints every target with its verdict. Returns whether all were reached. */
export function printTargets(targets: readonly Target[]): boolean {
  console.log('\ntargets')
  for (const target of targets) {
    const bound =
      'atLeast' in target ? `at least ${show(target.atLeast, target)}` : `at most ${show(target.atMost, target)}`
    const verdict = isReached(target) ? 'pass' : 'MISS'
    console.log(`  ${verdict}  ${target.name.padEnd(48)}${show(target.value, target)}  (${bound})`)
  }
  return targets.every(isReached)
}

function isReached(target: Target): boolean {
  return 'atLeast' in target ? target.value >= target.atLeast : target.value <= target.atMost
}

/** Writes the whole result, with the machine it was measured on, to `bench/results/<name>.json`. */
export async function writeReport(report: Report): Promise<void> {
  const folder = new URL('../results/', import.meta.url)
  await mkdir(folder, { recursive: true })
  const document = { ...report, date: new Date().toISOString(), machine: machine() }
  await writeFile(new URL(`${report.name}.json`, folder), `${JSON.stringify(document, null, 2)}\n`)
}

/** The installed versions of packages, by name. */
export async function versionsOf(names: readonly string[]): Promise<Record<string, string>> {
  const require = createRequire(import.meta.url)
  const entries = names.map(async (name): Promise<[string, string]> => {
    const folder = require.resolve.paths(name)?.map((path) => `${path}/${name}/package.json`) ?? []
    for (const file of folder) {
      try {
        const { version } = JSON.parse(await readFile(file, 'utf8')) as { version: string }
        return [name, version]
      } catch {
        // not in this folder
      }
    }
    return [name, 'not installed']
  })
  return Object.fromEntries(await Promise.all(entries))
}

export function ratio(rows: readonly Measured[], of: string, to: string): number {
  const median = (name: string): number => rows.find((row) => row.name === name)?.median ?? Number.NaN
  return median(to) / median(of)
}

function machine(): Record<string, string | number> {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    v8: process.versions.v8,
    openssl: process.versions.openssl,
  }
}

function show(value: number, { unit }: Target): string {
  if (unit === '×') return `${value.toFixed(3)} ×`
  return `${unit === 'ms' ? value.toFixed(1) : Math.round(value).toLocaleString('en')} ${unit}`.trimEnd()
}
