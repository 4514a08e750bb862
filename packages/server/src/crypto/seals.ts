import type { Seals } from '../flows/context.ts'
import type { SealedValue } from '../store/store.ts'
import { purposeOf } from './key-material.ts'
import type { MasterKey } from './master-key.ts'

/** Renews seals; throws `MasterKeyError` for a value that no known version opens. */
export function createSeals(masterKey: MasterKey): Seals {
  return {
    renew(value) {
      if (masterKey.isNewest(value.sealed)) return null
      const purpose = purposeOfValue(value)
      return masterKey.seal(masterKey.open(value.sealed, purpose), purpose)
    },
  }
}

/** Secrets are sealed as what they are called. */
function purposeOfValue({ of, name }: SealedValue): string {
  return of === 'signing key' ? purposeOf(name) : name
}
