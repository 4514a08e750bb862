import type { Command } from 'commander'
import { createGuardCredential, revokeGuardCredential } from '@signet/server'
import { COMMAND_LINE, withCore } from '../open.ts'
import { UsageError } from '../report-failure.ts'

export function registerGuards(program: Command): void {
  const guards = program
    .command('guards')
    .description('credentials for guards: to read the revocation feed and ask about tokens')
  guards
    .command('create')
    .description('make a credential; it is printed once and kept nowhere')
    .requiredOption('--name <name>', 'the service that will hold it, for example orders-api')
    .option('--audience <audience>', 'let it ask about tokens of this audience only')
    .action(create)
  guards
    .command('list')
    .description('list credentials, oldest first, without themselves')
    .option('--json', 'one JSON object a line')
    .action(list)
  guards
    .command('revoke')
    .description('take a credential out of force; streams opened with it end within seconds')
    .argument('<id>', 'the id that create and list show')
    .action(revoke)
}

/** The credential alone on standard output, so that it can be piped into a secret store. */
async function create(options: { name: string; audience?: string }): Promise<void> {
  await withCore(async ({ context }) => {
    const asked = { name: options.name, audience: options.audience ?? null }
    const { stored, credential } = await createGuardCredential(context, asked, COMMAND_LINE)
    console.error(`Created ${stored.id} for ${stored.name}. Its credential, which cannot be shown again:`)
    console.log(credential)
  })
}

async function list(options: { json?: boolean }): Promise<void> {
  await withCore(async ({ context }) => {
    for (const { id, name, audience, createdAt, revokedAt } of await context.store.guardCredentials.list()) {
      const state = revokedAt === null ? '' : '  revoked'
      const row = { id, name, audience, createdAt, revokedAt }
      console.log(options.json ? JSON.stringify(row) : `${id}  ${name}  ${audience ?? 'every audience'}${state}`)
    }
  })
}

async function revoke(id: string): Promise<void> {
  await withCore(async ({ context }) => {
    const revoked = await revokeGuardCredential(context, id, COMMAND_LINE)
    if (!revoked) throw new UsageError(`There is no credential ${id} in force.`)
    console.log(`Revoked ${id}.`)
  })
}
