import { SignetError } from '@signet/protocol'
import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import type { Context } from './context.ts'

export interface Rewrapped {
  /** Values sealed anew by this call. */
  readonly resealed: number
  /** All there are; every one is sealed under the newest version of the master key now. */
  readonly total: number
}

/** Servers that run meanwhile may add a key or two. */
const MAX_ROUNDS = 10

/**
 * Seals every stored secret under the newest version of the master key, beside running servers.
 *
 * Afterwards the older versions open nothing that is stored; copies of the database made before still need them. The
 * secrets themselves stay what they are: if an older version has leaked together with the database, revoke the keys.
 * Interrupted, it is simply run again. Throws `MasterKeyError` when a value was sealed under a version not given.
 */
export async function rewrapSecrets(context: Context, source: Source): Promise<Rewrapped> {
  let resealed = 0
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const values = await context.store.secrets.listSealed()
    const renewed = values.flatMap((value) => {
      const sealed = context.seals.renew(value)
      return sealed === null ? [] : { value, sealed }
    })
    if (renewed.length === 0) {
      const details = { resealed, total: values.length }
      await context.store.events.append([draftEvent('secrets.resealed', context.now(), source, { details })])
      return details
    }
    for (const { value, sealed } of renewed) if (await context.store.secrets.reseal(value, sealed)) resealed += 1
  }
  throw new SignetError('unavailable', { retryAfterSeconds: 1, reason: 'the stored secrets keep changing' })
}
