import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkContents } from './contents.ts'

const WHOLE = ['README.md', 'LICENSE', 'package.json', 'dist/index.js', 'dist/index.d.ts', 'bin/signet.js']

describe('LA-09: the contents of a package', () => {
  it('are whole', () => assert.deepEqual(checkContents({ name: 'a', contents: WHOLE }), []))

  for (const file of ['README.md', 'LICENSE', 'package.json']) {
    it(`are refused without ${file}`, () => {
      const contents = WHOLE.filter((path) => path !== file)
      assert.deepEqual(checkContents({ name: 'a', contents }), [`a is packed without ${file}`])
    })
  }

  for (const path of [
    'src/index.ts',
    'index.ts',
    'dist/page.tsx',
    'dist/verifier.test.js',
    'dist/verifier.test.d.ts',
    'dist/bearer.fuzz.js',
    'dist/testing/store.js',
    'dist/testing/store.d.ts',
    'test/verifier.js',
    'dist/store/test-worker.js',
    'dist/store/contract.js',
    'dist/store/contract/races.js',
    'dist/.tsbuildinfo',
    'tsconfig.build.json',
    '.env',
    '.npmrc',
    'data/signet.db',
    'master.key',
  ]) {
    it(`are refused with ${path}`, () => {
      const [first = '', ...others] = checkContents({ name: 'a', contents: [...WHOLE, path] })
      assert.ok(first.startsWith(`a is packed with ${path}: `), first)
      assert.ok(others.every((other) => other.startsWith(`a is packed with ${path}: `)))
    })
  }
})
