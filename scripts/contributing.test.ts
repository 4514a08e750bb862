import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'

const root = join(import.meta.dirname, '..')
const contributing = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8')

describe('LA-08: CONTRIBUTING.md gives a reason for each dependency, and for nothing else', () => {
  for (const [name, folder] of [
    ['@signet/server', 'packages/server'],
    ['signet', 'packages/cli'],
  ] as const) {
    it(name, () => assert.deepEqual(rowsUnder(name).toSorted(), dependenciesOf(folder).toSorted()))
  }
})

describe('CONTRIBUTING.md', () => {
  it('names only commands that exist', () => {
    const { scripts }: { scripts: Record<string, string> } = readManifest('.')
    const named = [...contributing.matchAll(/npm run ([a-z:]+)/g)].flatMap((match) => match[1] ?? [])
    assert.deepEqual(
      named.filter((name) => !(name in scripts)),
      [],
    )
  })
})

/** First cells of the table whose head is the package's name. */
function rowsUnder(name: string): readonly string[] {
  const table = contributing.split(`| \`${name}\` | why |\n`)[1]?.split('\n\n')[0] ?? ''
  return [...table.matchAll(/^\| `([^`]+)` \| \S/gm)].flatMap((match) => match[1] ?? [])
}

function dependenciesOf(folder: string): readonly string[] {
  const { dependencies }: { dependencies: Record<string, string> } = readManifest(folder)
  return Object.keys(dependencies).filter((name) => !name.startsWith('@signet/'))
}

function readManifest(folder: string): { scripts: Record<string, string>; dependencies: Record<string, string> } {
  return JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
}
