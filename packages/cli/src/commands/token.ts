import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { inspect } from '@signet/jwt/inspect'

export function registerToken(program: Command): void {
  const token = program.command('token').description('look into tokens')
  token
    .command('inspect')
    .description('decode a token from standard input without trusting it, and say what is wrong with it')
    .action(async () => {
      console.log(JSON.stringify(inspect((await text(process.stdin)).trim()), null, 2))
    })
}
