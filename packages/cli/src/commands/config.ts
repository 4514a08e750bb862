import type { Command } from 'commander'
import { describeConfig } from '@signet/server'
import { configFromSurroundings } from '../open.ts'

export function registerConfig(program: Command): void {
  const config = program.command('config').description('look at the configuration')
  config
    .command('print')
    .description('every setting, its value and where it came from; secrets are redacted')
    .action(() => console.log(describeConfig(configFromSurroundings())))
}
