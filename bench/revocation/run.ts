// npm run bench -- revocation [feed] [set] [--short]: how fast and how surely a revocation reaches the guards.
import { runFeed } from './feed/run.ts'
import { runSet } from './set.ts'

const PARTS: Readonly<Record<string, (args: readonly string[]) => Promise<boolean>>> = { feed: runFeed, set: runSet }

/** Runs the named part, or all of them. Resolves to whether every target was reached. */
export async function run(args: readonly string[]): Promise<boolean> {
  const named = args.filter((arg) => !arg.startsWith('-'))
  const wanted = named.length === 0 ? Object.keys(PARTS) : named
  let reached = true
  for (const name of wanted) {
    const part = PARTS[name]
    if (part === undefined) throw new Error(`there is ${Object.keys(PARTS).join(', ')}, and no ${name}`)
    reached = (await part(args)) && reached
  }
  return reached
}
