import { existsSync, readFileSync } from 'node:fs'
import { loadConfig, openCore } from '@signet/server'
import type { Config, Core } from '@signet/server'
import { UsageError } from './report-failure.ts'

const CONFIG_FILE = 'signet.config.json'

/** Loads the configuration from the environment and, where there is one, `signet.config.json` in this folder. */
export function configFromSurroundings(): Config {
  const file = existsSync(CONFIG_FILE) ? readConfigFile() : undefined
  return loadConfig({ env: process.env, ...(file === undefined ? {} : { file }) })
}

function readConfigFile(): unknown {
  try {
    return JSON.parse(readFileSync(CONFIG_FILE, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`${CONFIG_FILE} is not JSON: ${error.message}`)
    throw error
  }
}

/** Runs `use` on the data of the configured server, beside a running one or not, and closes it. */
export async function withCore<T>(use: (core: Core) => Promise<T>): Promise<T> {
  const core = await openCore(configFromSurroundings())
  try {
    return await use(core)
  } finally {
    await core.close()
  }
}

/** What the log says about changes made from the command line. */
export const COMMAND_LINE = { address: 'local', userAgent: 'signet command line', requestId: 'cli' } as const
