import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { aSession, anAccount, anAttempt } from '../store/testing/contract/fixtures.ts'
import { openSqliteStore } from '../store/sqlite/open.ts'
import { searchFiles } from '../testing/search-files.ts'
import { nodeArgon2 } from './argon2.ts'
import { newSessionId } from './ids.ts'
import { createMasterKey } from './master-key.ts'
import { createPasswords } from './passwords.ts'
import { createRefreshTokens } from './refresh-tokens.ts'
import { loadServerSecret } from './server-secret.ts'

const PASSWORD = 'mountain-otter-velvet'
const parameters = { memoryKib: 8, passes: 1, parallelism: 1 }

test('RT-07: the database’s files hold no refresh token, no part that makes one, and no password', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'signet-at-rest-'))
  const store = await openSqliteStore({ path: join(directory, 'signet.db') })
  try {
    const serverSecret = await loadServerSecret(
      store.secrets,
      createMasterKey([randomBytes(32)], randomBytes),
      randomBytes,
    )
    const codec = createRefreshTokens(serverSecret)
    const passwords = createPasswords({ argon2: nodeArgon2, randomBytes, parameters, isCommon: () => false })
    const account = anAccount({ passwordHash: await passwords.hash(PASSWORD) })
    const session = aSession(account, { id: newSessionId(randomBytes) })
    await store.accounts.create(account, [])
    await store.sessions.open(session, account.passwordHash, [])

    const secrets: Record<string, string | Uint8Array> = { password: PASSWORD, 'server secret': serverSecret }
    for (let generation = 1; generation <= 20; generation++) {
      const token = codec.encode(session, generation)
      const bytes = Buffer.from(token.slice(4), 'base64url')
      secrets[`token ${generation}`] = token
      secrets[`token ${generation}, its bytes`] = bytes
      secrets[`token ${generation}, its proof`] = bytes.subarray(21, 37)
      secrets[`token ${generation}, its MAC`] = bytes.subarray(37)
      await store.sessions.refresh(session.id, anAttempt(generation))
    }

    assert.deepEqual(await searchFiles(directory, secrets), [])
    // the search does find what is there
    const present = await searchFiles(directory, { 'session id': session.id, hash: account.passwordHash })
    assert.deepEqual([...new Set(present.map(({ name }) => name))], ['session id', 'hash'])
  } finally {
    await store.close()
    await rm(directory, { recursive: true })
  }
})
