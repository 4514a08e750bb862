import type { SecretStore } from '../store/store.ts'
import type { RandomBytes } from './ids.ts'
import type { MasterKey } from './master-key.ts'

const NAME = 'server_secret'

/**
 * Loads the 32 bytes that authenticate refresh and CSRF tokens, and makes them at first start. They rest in the store,
 * sealed under the master key; nodes that start at once end with the same ones.
 *
 * Throws `MasterKeyError` when they were sealed under another master key.
 */
export async function loadServerSecret(
  secrets: SecretStore,
  masterKey: MasterKey,
  randomBytes: RandomBytes,
): Promise<Uint8Array> {
  const sealed = (await secrets.get(NAME)) ?? (await secrets.getOrCreate(NAME, masterKey.seal(randomBytes(32), NAME)))
  return masterKey.open(sealed, NAME)
}
