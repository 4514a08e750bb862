import type { Command } from 'commander'
import { runDemo } from '../demo/demo.ts'

export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('play the life of a session in the terminal, with real servers and real requests')
    .action(async () => {
      process.exitCode = (await runDemo()) ? 0 : 1
    })
}
