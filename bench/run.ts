// npm run bench -- <name> [--short] [...]: runs bench/<name>/run.ts; without a name, lists what there is.
import { readdir } from 'node:fs/promises'

const NOT_BENCHMARKS = new Set(['lib', 'results', 'node_modules'])

const [name, ...args] = process.argv.slice(2)
const entries = await readdir(new URL('.', import.meta.url), { withFileTypes: true })
const names = entries.filter((entry) => entry.isDirectory() && !NOT_BENCHMARKS.has(entry.name)).map(({ name }) => name)

if (name === undefined || !names.includes(name)) {
  console.error(`usage: npm run bench -- <${names.join(' | ')}> [--short]`)
  process.exit(2)
}
const { run } = (await import(new URL(`${name}/run.ts`, import.meta.url).href)) as {
  run: (args: readonly string[]) => Promise<boolean>
}
process.exitCode = (await run(args)) ? 0 : 1
