import { describe } from 'node:test'
import { describeAccounts } from './contract/accounts.ts'
import { describeAttempts } from './contract/attempts.ts'
import { describeEvents } from './contract/events.ts'
import type { OpenStore } from './contract/fixtures.ts'
import { describeHousekeeping } from './contract/housekeeping.ts'
import { describeRaces } from './contract/races.ts'
import { describeRevocations } from './contract/revocations.ts'
import { describeSecrets } from './contract/secrets.ts'
import { describeSessions } from './contract/sessions.ts'
import { describeSigningKeys } from './contract/signing-keys.ts'

/**
 * The one suite that every store passes: what the port promises, and races whose results are exact numbers.
 *
 * @param open makes a fresh, empty database each time
 * @param connections whether several can share one database; then the races are run across two of them as well
 */
export function describeStore(name: string, open: OpenStore, connections: 'one' | 'many'): void {
  describe(name, { concurrency: true }, () => {
    describeAccounts(open)
    describeSessions(open)
    describeRaces(open, connections)
    describeAttempts(open)
    describeSigningKeys(open)
    describeSecrets(open)
    describeEvents(open)
    describeRevocations(open)
    describeHousekeeping(open)
  })
}
