import type { Command } from 'commander'
import { createAccount } from '@signet/server'
import { askNewPassword } from '../ask-password.ts'
import { COMMAND_LINE, withCore } from '../open.ts'
import { UsageError } from '../report-failure.ts'

export function registerAccounts(program: Command): void {
  const accounts = program.command('accounts').description('create and list accounts')
  accounts
    .command('create')
    .description('create an account; the password is asked for, or read from standard input')
    .requiredOption('--email <address>', 'the address to sign in with')
    .option('--role <role...>', 'roles of the account, for example admin', [])
    .option('--name <name>', 'a name to show')
    .action(create)
  accounts
    .command('list')
    .description('list accounts, oldest first')
    .option('--json', 'one JSON object a line')
    .action(list)
}

async function create(options: { email: string; role: string[]; name?: string }): Promise<void> {
  const password = await askNewPassword()
  await withCore(async ({ context }) => {
    const asked = { email: options.email, password, name: options.name ?? null, roles: options.role }
    const account = await createAccount(context, asked, COMMAND_LINE)
    if (account === null) throw new UsageError(`There is already an account for ${options.email}.`)
    const roles = account.roles.length === 0 ? '' : ` with role ${account.roles.join(', ')}`
    console.log(`Created ${account.email} (${account.id})${roles}.`)
  })
}

const PAGE = 500

async function list(options: { json?: boolean }): Promise<void> {
  await withCore(async ({ context }) => {
    let afterId: string | null = null
    do {
      const page = await context.store.accounts.list({ afterId, limit: PAGE })
      for (const { id, email, roles, createdAt, disabledAt } of page) {
        const row = { id, email, roles, createdAt, disabledAt }
        const state = disabledAt === null ? '' : '  disabled'
        console.log(options.json ? JSON.stringify(row) : `${id}  ${email}  ${roles.join(',')}${state}`)
      }
      afterId = page.length === PAGE ? (page.at(-1)?.id ?? null) : null
    } while (afterId !== null)
  })
}
