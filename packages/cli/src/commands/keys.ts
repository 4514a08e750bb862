import type { Command } from 'commander'
import { foreseeRotation, listKeys, revokeKey, rewrapSecrets, startRotation } from '@signet/server'
import type { KeyOverview, ListedKey, RotationOutlook } from '@signet/server'
import { COMMAND_LINE, withCore } from '../open.ts'

interface JsonOption {
  readonly json?: boolean
}

/** Every command works beside a running server, which notices within a second. */
export function registerKeys(program: Command): void {
  const keys = program.command('keys').description('look after the signing keys, beside a running server or not')
  keys
    .command('list')
    .description('show every key, what it does, and what happens next')
    .option('--json', 'one JSON object')
    .action(list)
  keys
    .command('rotate')
    .description('publish the next key; the running server lets it sign when every verifier can know it')
    .option('--dry-run', 'only say what would happen, and for whom it would wait')
    .option('--json', 'one JSON object')
    .action(rotate)
  keys
    .command('revoke')
    .description('withdraw a key at once, because somebody else may know it: its tokens are refused everywhere')
    .argument('<kid>', 'the key, as `signet keys list` shows it')
    .option('--json', 'one JSON object')
    // one thumbprint in 64 begins with a hyphen, and in an emergency nobody thinks of "--"
    .allowUnknownOption()
    .helpOption('--help', 'display help for command')
    .action(revoke)
  keys
    .command('rewrap')
    .description('seal every stored secret under the newest master key, so that older ones can go')
    .option('--json', 'one JSON object')
    .action(rewrap)
}

async function list(options: JsonOption): Promise<void> {
  await withCore(async ({ context }) => {
    const overview = await listKeys(context)
    console.log(options.json ? JSON.stringify(overview) : describeOverview(overview))
  })
}

async function rotate(options: JsonOption & { readonly dryRun?: boolean }): Promise<void> {
  await withCore(async ({ context }) => {
    if (options.dryRun) {
      const outlook = await foreseeRotation(context)
      if (options.json) return console.log(JSON.stringify({ dryRun: true, ...outlook }))
      const first =
        outlook.pending === null
          ? 'Would publish a new key now.'
          : `Would do nothing: key ${outlook.pending} is published and waits for its turn.`
      return console.log(`${first}\n${describeTurn(outlook)}`)
    }
    const started = await startRotation(context, COMMAND_LINE)
    if (options.json) return console.log(JSON.stringify(started))
    const first = started.started
      ? `Published key ${started.pending}.`
      : `Key ${started.pending} was published already and waits for its turn.`
    return console.log(`${first}\n${describeTurn(started)}`)
  })
}

async function revoke(kid: string, options: JsonOption): Promise<void> {
  await withCore(async ({ context }) => {
    const revoked = await revokeKey(context, kid, COMMAND_LINE)
    if (options.json) return console.log(JSON.stringify(revoked))
    const next = revoked.successor === null ? '' : ` Key ${revoked.successor} signs now.`
    return console.log(`Key ${kid} is revoked: running servers and connected guards hear of it at once.${next}`)
  })
}

async function rewrap(options: JsonOption): Promise<void> {
  await withCore(async ({ context }) => {
    const rewrapped = await rewrapSecrets(context, COMMAND_LINE)
    if (options.json) return console.log(JSON.stringify(rewrapped))
    console.log(`${rewrapped.resealed} of ${rewrapped.total} stored secrets sealed anew; all are under the newest key.`)
    console.log('Older master keys are needed for nothing but older copies of the database.')
  })
}

function describeOverview({ keys, nextRotationAt, rotation }: KeyOverview): string {
  const lines = keys.map(describeKey)
  if (rotation !== null) lines.push('', `Key ${rotation.pending} takes over next.`, describeTurn(rotation))
  if (nextRotationAt !== null) lines.push('', `The next rotation begins ${instant(nextRotationAt)}.`)
  return lines.join('\n')
}

function describeKey(key: ListedKey): string {
  const since = {
    pending: `published ${instant(key.createdAt)}`,
    active: `signs since ${instant(key.activatedAt ?? key.createdAt)}`,
    retired: `verifies until ${instant(key.leavesAt ?? key.createdAt)}`,
    revoked: `since ${instant(key.revokedAt ?? key.createdAt)}`,
  }
  return [key.kid, key.alg.padEnd(7), key.state.padEnd(7), since[key.state]].join('  ')
}

function describeTurn({ notBefore, waitsFor }: RotationOutlook): string {
  const soonest = `It signs at ${instant(notBefore)} at the earliest, when a server runs.`
  if (waitsFor.length === 0) return `${soonest} No connected guard lacks it.`
  return `${soonest} Before that, these connected guards must have learnt it: ${waitsFor.join(', ')}.`
}

function instant(at: number): string {
  return new Date(at * 1000).toISOString().replace('.000', '')
}
