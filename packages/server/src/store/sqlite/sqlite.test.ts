import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describeStore } from '../testing/contract.ts'
import type { OpenStore } from '../testing/contract/fixtures.ts'
import type { Store } from '../store.ts'
import { openSqliteStore } from './open.ts'

describeStore(
  'SQLite in memory',
  async () => {
    const store = await openSqliteStore({ path: ':memory:' })
    return { store, connect: () => Promise.resolve(store), dispose: () => store.close() }
  },
  'one',
)

describeStore('SQLite in a file', openFileStore, 'many')

async function openFileStore(): ReturnType<OpenStore> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-store-'))
  const stores: Store[] = []
  const connect = async (): Promise<Store> => {
    const store = await openSqliteStore({ path: join(directory, 'signet.db') })
    stores.push(store)
    return store
  }
  return {
    store: await connect(),
    connect,
    async dispose() {
      await Promise.all(stores.map((store) => store.close()))
      await rm(directory, { recursive: true })
    },
  }
}
