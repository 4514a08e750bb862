import { Command } from 'commander'
import { registerAccounts } from './commands/accounts.ts'
import { registerConfig } from './commands/config.ts'
import { registerDemo } from './commands/demo.ts'
import { registerEvents } from './commands/events.ts'
import { registerGuards } from './commands/guards.ts'
import { registerKeys } from './commands/keys.ts'
import { registerStart } from './commands/start.ts'
import { registerToken } from './commands/token.ts'
import { reportFailure } from './report-failure.ts'
import { version } from './version.ts'

/**
 * Runs one `signet …` command line. Sets the exit code: 0 done, 1 refused or failed, 2 misused.
 *
 * @param argv the words after `signet`
 */
export async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('signet')
    .description('JWT authentication: an auth server, its keys, its accounts and its tokens.')
    .version(version())
    .showHelpAfterError('(signet --help shows what there is)')
    .exitOverride()
  for (const register of [
    registerStart,
    registerDemo,
    registerAccounts,
    registerGuards,
    registerKeys,
    registerEvents,
    registerToken,
    registerConfig,
  ]) {
    register(program)
  }
  try {
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    process.exitCode = reportFailure(error)
  }
}
