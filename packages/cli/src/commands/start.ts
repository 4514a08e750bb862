import type { Command } from 'commander'
import { createAuthServer } from '@signet/server'
import type { AuthServer } from '@signet/server'
import { configFromSurroundings } from '../open.ts'

export function registerStart(program: Command): void {
  program.command('start').description('run the auth server').action(start)
}

async function start(): Promise<void> {
  const server = await createAuthServer(configFromSurroundings())
  stopOnSignal(server)
  const { url } = await server.listen()
  console.log(await welcome(server, url))
}

/** The first signal lets requests finish and closes the database; a second one ends at once. */
function stopOnSignal(server: AuthServer): void {
  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1)
    stopping = true
    console.log(`\n${signal}: finishing what is under way`)
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

async function welcome({ config, context, core }: AuthServer, url: string): Promise<string> {
  const lines = [
    '',
    `  Signet is running at ${url}`,
    `  issuer   ${config.issuer}`,
    `  data     ${core.dataDirectory}`,
    `  API      ${url}/docs`,
    `  keys     ${url}/.well-known/jwks.json`,
  ]
  const [anybody] = await context.store.accounts.list({ afterId: null, limit: 1 })
  if (anybody === undefined) {
    lines.push(
      '',
      '  There is no account yet, and no default password. Create the first administrator with',
      '    npm run signet -- accounts create --role admin --email you@example.com',
    )
  }
  return `${lines.join('\n')}\n`
}
