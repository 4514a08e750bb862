import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { MASTER_KEY_FILE, loadMasterKeyFile } from './master-key-file.ts'

const skip = process.platform === 'win32' && 'no file modes here'

describe('the master key’s file', () => {
  test('KY-02: is made at first start, for its owner alone, and read afterwards', { skip }, () =>
    withPath(async (path) => {
      const [made] = loadMasterKeyFile(path, randomBytes)
      assert.equal(made.length, 32)
      assert.equal((await stat(path)).mode & 0o777, 0o600)
      assert.deepEqual(
        loadMasterKeyFile(path, () => assert.fail('no second key')),
        [made],
      )
      assert.deepEqual(await readdir(join(path, '..')), [MASTER_KEY_FILE])
    }),
  )

  test('the folder is made where there is none', () =>
    withPath(async (path) => {
      const deeper = join(path, 'data', MASTER_KEY_FILE)
      assert.deepEqual(loadMasterKeyFile(deeper, randomBytes), loadMasterKeyFile(deeper, randomBytes))
    }))

  test('the one who comes second to make it takes the first one’s key', () =>
    withPath(async (path) => {
      const theirs = randomBytes(32)
      let first = true
      const [key] = loadMasterKeyFile(path, (size) => {
        // between the look and the link, another process has made the file
        if (first) loadMasterKeyFile(path, (wanted) => (wanted === 32 ? theirs : randomBytes(wanted)))
        first = false
        return randomBytes(size)
      })
      assert.deepEqual(Buffer.from(key), theirs)
      assert.deepEqual(await readdir(join(path, '..')), [MASTER_KEY_FILE])
    }))

  for (const mode of [0o640, 0o604, 0o660, 0o644, 0o610]) {
    test(`KY-02: with mode ${mode.toString(8)} it is refused, with what to do`, { skip }, () =>
      withPath(async (path) => {
        loadMasterKeyFile(path, randomBytes)
        await chmod(path, mode)
        assert.throws(() => loadMasterKeyFile(path, randomBytes), { code: 'key_file_exposed', message: /chmod 600/ })
      }),
    )
  }

  test('several versions are read, newest first; comments and empty lines are passed over', () =>
    withPath(async (path) => {
      const keys = [randomBytes(32), randomBytes(32)]
      const text = `# newest\n${keys[0]?.toString('hex')}\n\n  ${keys[1]?.toString('hex').toUpperCase()}  \r\n`
      await writeFile(path, text, { mode: 0o600 })
      assert.deepEqual(
        loadMasterKeyFile(path, randomBytes).map((key) => Buffer.from(key)),
        keys,
      )
    }))

  for (const { name, text } of [
    { name: 'nothing', text: '' },
    { name: 'only a comment', text: '# key\n' },
    { name: 'a short key', text: 'ab'.repeat(31) },
    { name: 'a word', text: 'changeme\n' },
    { name: 'a key and something else', text: `${'ab'.repeat(32)}\nchangeme\n` },
  ]) {
    test(`LA-07: a file that holds ${name} is refused and left as it is`, () =>
      withPath(async (path) => {
        await writeFile(path, text, { mode: 0o600 })
        assert.throws(() => loadMasterKeyFile(path, randomBytes), { code: 'key_file_malformed' })
        assert.equal(await readFile(path, 'utf8'), text)
      }))
  }
})

async function withPath(body: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'signet-key-'))
  try {
    await body(join(directory, MASTER_KEY_FILE))
  } finally {
    await rm(directory, { recursive: true })
  }
}
