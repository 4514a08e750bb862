import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PROBLEMS } from '@signet/protocol'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

test('every code of the catalogue is used: a code that nothing answers would be a promise to nobody', async () => {
  const used = new Set<string>()
  for await (const path of glob('packages/*/src/**/*.ts', { cwd: ROOT })) {
    if (path.endsWith('.test.ts') || path.endsWith('problems.ts')) continue
    const text = await readFile(join(ROOT, path), 'utf8')
    for (const [, code] of text.matchAll(/'([a-z_]+)'/g)) used.add(String(code))
  }
  assert.deepEqual(
    Object.keys(PROBLEMS).filter((code) => !used.has(code)),
    [],
  )
})
