import type { Command } from 'commander'
import { canonicalEmail } from '@signet/server'
import type { Context, EventFilter, SecurityEvent } from '@signet/server'
import { withCore } from '../open.ts'
import { UsageError } from '../report-failure.ts'

export function registerEvents(program: Command): void {
  program
    .command('events')
    .description('show what happened, oldest first: the answer to "why was I signed out?"')
    .option('--email <address>', 'only what concerns this account')
    .option('--session <sid>', 'only what concerns this session')
    .option('--json', 'one JSON object a line')
    .action(show)
}

const PAGE = 500

async function show(options: { email?: string; session?: string; json?: boolean }): Promise<void> {
  await withCore(async ({ context }) => {
    const filter: Omit<EventFilter, 'limit'> = {
      ...(options.email === undefined ? {} : { accountId: await accountIdOf(context, options.email) }),
      ...(options.session === undefined ? {} : { sessionId: options.session }),
    }
    for (let afterSequence = 0; ;) {
      const page: readonly SecurityEvent[] = await context.store.events.list({ ...filter, afterSequence, limit: PAGE })
      for (const event of page) console.log(options.json ? JSON.stringify(event) : describeEvent(event))
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE) return
      afterSequence = last.sequence
    }
  })
}

async function accountIdOf(context: Context, email: string): Promise<string> {
  const canonical = canonicalEmail(email)
  const account = canonical === null ? null : await context.store.accounts.findByEmail(canonical)
  if (account === null) throw new UsageError(`There is no account for ${email}.`)
  return account.id
}

function describeEvent(event: SecurityEvent): string {
  const time = new Date(event.at * 1000).toISOString().replace('.000', '')
  const details = Object.entries(event.details).map(([name, value]) => `${name}=${value}`)
  return [time, event.type, event.accountId ?? '-', event.sessionId ?? '-', event.source.address, ...details].join('  ')
}
