import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { checkImports, type Finding } from './check.ts'
import { readImportGraph, type ImportGraph } from './graph.ts'
import { RULES, type Rule } from './rules.ts'

type Tree = Readonly<Record<string, string>>

/** What every small tree starts from: the packages, each with a surface and an empty file to import. */
const GROUND: Tree = {
  ...manifest('jwt', { '.': './src/index.ts', './inspect': './src/inspect.ts' }),
  ...manifest('protocol', { '.': './src/index.ts' }),
  ...manifest('guard', { '.': './src/index.ts' }),
  ...manifest('server', { '.': './src/index.ts' }),
  ...manifest('client', { '.': './src/index.ts' }),
  ...manifest('console', {}),
  ...manifest('cli', {}),
  ...emptyFiles(
    'packages/jwt/src/index.ts',
    'packages/jwt/src/inspect.ts',
    'packages/protocol/src/index.ts',
    'packages/guard/src/index.ts',
    'packages/client/src/index.ts',
    'packages/server/src/index.ts',
    'packages/server/src/app.ts',
    'packages/server/src/config/load.ts',
    'packages/server/src/crypto/keyring.ts',
    'packages/server/src/domain/session.ts',
    'packages/server/src/flows/context.ts',
    'packages/server/src/http/problem.ts',
    'packages/server/src/store/store.ts',
    'packages/server/src/store/sqlite/engine.ts',
  ),
}

interface Case {
  readonly name: string
  readonly tree: Tree
  /** The start of the one finding. */
  readonly finding: string
}

const SERVER = 'packages/server/src'

const REFUSED: readonly Case[] = [
  // between packages
  refused('the engine importing the words', 'packages/jwt/src/a.ts', `import '@signet/protocol'`),
  refused('the words importing the engine', 'packages/protocol/src/a.ts', `import '@signet/jwt'`),
  refused('a guard importing the server', 'packages/guard/src/a.ts', `import type { A } from '@signet/server'`),
  refused('a test of the guard importing the server', 'packages/guard/src/a.test.ts', `import '@signet/server'`),
  refused('the server importing the client', `${SERVER}/app.ts`, `import '@signet/client'`),
  refused('a client importing the guard', 'packages/client/src/a.ts', `import '@signet/guard'`),
  refused('the console importing the engine to verify', 'packages/console/src/a.tsx', `import '@signet/jwt'`),
  refused('a re-export across an arrow', 'packages/protocol/src/a.ts', `export * from '@signet/jwt'`),
  refused('a type named across an arrow', 'packages/protocol/src/a.ts', `export type A = import('@signet/jwt').A`),
  refused('a dynamic import across an arrow', 'packages/protocol/src/a.ts', `await import('@signet/jwt')`),

  // inside the server
  refused('a rule importing a journey', `${SERVER}/domain/a.ts`, `import '../flows/context.ts'`),
  refused('a rule importing the engine of tokens', `${SERVER}/domain/a.ts`, `import '@signet/jwt'`),
  refused('a rule importing a module of Node', `${SERVER}/domain/a.ts`, `import { randomUUID } from 'crypto'`),
  refused('a rule importing a package', `${SERVER}/domain/a.ts`, `import 'typebox'`),
  refused('a rule reading the clock', `${SERVER}/domain/a.ts`, `export const now = () => Date.now()`),
  refused('a rule reading the clock by constructor', `${SERVER}/domain/a.ts`, `export const now = () => new Date()`),
  refused('a rule drawing lots', `${SERVER}/domain/a.ts`, `export const lot = () => Math.random()`),
  refused('a journey reading the clock', `${SERVER}/flows/a.ts`, `export const now = () => Date.now()`),
  refused('a journey importing an engine', `${SERVER}/flows/a.ts`, `import '../store/sqlite/engine.ts'`),
  refused(
    'a journey naming a type of an engine',
    `${SERVER}/flows/a.ts`,
    `import type { A } from '../store/sqlite/engine.ts'`,
  ),
  refused('a journey importing a route', `${SERVER}/flows/a.ts`, `import '../http/problem.ts'`),
  refused('a journey importing cryptography', `${SERVER}/flows/a.ts`, `import '../crypto/keyring.ts'`),
  refused('a route importing the store port', `${SERVER}/http/a.ts`, `import '../store/store.ts'`),
  refused('a route importing configuration, not only its type', `${SERVER}/http/a.ts`, `import '../config/load.ts'`),
  refused('a store importing a journey', `${SERVER}/store/a.ts`, `import '../flows/context.ts'`),
  refused('cryptography importing a store', `${SERVER}/crypto/a.ts`, `import '../store/sqlite/engine.ts'`),
  refused('the feed importing an engine', `${SERVER}/feed/a.ts`, `import '../store/sqlite/engine.ts'`),
  refused('configuration importing cryptography', `${SERVER}/config/a.ts`, `import '../crypto/keyring.ts'`),
  refused('SQL outside the store', `${SERVER}/flows/a.ts`, `import { sql } from 'kysely'`),
  refused('a deep import of SQL outside the store', `${SERVER}/app.ts`, `import 'kysely/migration'`),
  refused('an engine outside the store', `${SERVER}/app.ts`, `import { DatabaseSync } from 'node:sqlite'`),
  refused(
    'an engine fetched by a call outside the store',
    `${SERVER}/app.ts`,
    `process.getBuiltinModule('node:sqlite')`,
  ),
  refused('Fastify outside http', `${SERVER}/app.ts`, `import { fastify } from 'fastify'`),
  refused('a type of Fastify in a journey', `${SERVER}/flows/a.ts`, `import type { FastifyRequest } from 'fastify'`),
  refused('a plugin of Fastify outside http', `${SERVER}/app.ts`, `import cors from '@fastify/cors'`),
  refused('the environment read outside config/load.ts', `${SERVER}/app.ts`, `export const port = process.env.PORT`),
  refused('the environment read by brackets', `${SERVER}/config/a.ts`, `export const port = process['env'].PORT`),
  refused('the environment taken by destructuring', `${SERVER}/http/a.ts`, `export const { env } = process`),
  refused('the environment imported', `${SERVER}/app.ts`, `import { env } from 'node:process'`),
  {
    name: 'a layer nobody gave arrows to',
    tree: { [`${SERVER}/helpers/a.ts`]: '' },
    finding: `${SERVER}/helpers: a new layer needs its arrows`,
  },
  refused('keys out of Math.random', 'packages/jwt/src/a.ts', `export const byte = () => Math.random() * 256`),

  // everywhere
  {
    name: 'code that ships importing what only tests use',
    tree: { 'packages/jwt/src/testing/keys.ts': '', 'packages/jwt/src/a.ts': `import './testing/keys.ts'` },
    finding: 'packages/jwt/src/a.ts:1 imports packages/jwt/src/testing/keys.ts: ',
  },
  {
    name: 'the words importing a module of Node',
    tree: { 'packages/protocol/src/a.ts': `import 'node:crypto'` },
    finding: 'packages/protocol/src/a.ts → node:crypto: it runs in browsers',
  },
  {
    name: 'the inspector reaching a module of Node through another file',
    tree: {
      'packages/jwt/src/inspect.ts': `import './text.ts'`,
      'packages/jwt/src/text.ts': `import { Buffer } from 'node:buffer'`,
    },
    finding: 'packages/jwt/src/inspect.ts → packages/jwt/src/text.ts → node:buffer: it runs in browsers',
  },
  {
    name: 'a client importing a module of Node',
    tree: { 'packages/client/src/a.ts': `import 'node:crypto'` },
    finding: 'packages/client/src/a.ts → node:crypto: it runs in browsers',
  },
  refused('the engine importing a package', 'packages/jwt/src/a.ts', `import 'jose'`),
  refused('the words importing a package', 'packages/protocol/src/a.ts', `import 'typebox'`),
  refused('a guard importing a package', 'packages/guard/src/a.ts', `import 'jose'`),
  refused('a client importing a package', 'packages/client/src/a.ts', `import 'jose'`),
  refused('an adapter running its framework', 'packages/guard/src/adapters/hono.ts', `import { Hono } from 'hono'`),
  refused('an adapter with a type from elsewhere', 'packages/guard/src/adapters/a.ts', `import type { A } from 'jose'`),
  dependency('jwt', 'jose'),
  dependency('protocol', 'typebox'),
  dependency('guard', 'jose'),
  dependency('client', 'jose'),

  // what needs no rule
  {
    name: 'two files that import each other',
    tree: { 'packages/jwt/src/a.ts': `import './b.ts'`, 'packages/jwt/src/b.ts': `import './a.ts'` },
    finding: 'packages/jwt/src/a.ts → packages/jwt/src/b.ts → packages/jwt/src/a.ts: a circle of imports',
  },
  {
    name: 'a circle of three, closed by a type',
    tree: {
      'packages/jwt/src/c.ts': `import type { A } from './a.ts'`,
      'packages/jwt/src/a.ts': `import './b.ts'`,
      'packages/jwt/src/b.ts': `export { c } from './c.ts'`,
    },
    finding:
      'packages/jwt/src/a.ts → packages/jwt/src/b.ts → packages/jwt/src/c.ts → packages/jwt/src/a.ts: a circle of imports',
  },
  {
    name: 'a file that imports itself',
    tree: { 'packages/jwt/src/a.ts': `import './a.ts'` },
    finding: 'packages/jwt/src/a.ts → packages/jwt/src/a.ts: a circle of imports',
  },
  {
    name: 'a second index.ts',
    tree: { 'packages/server/src/http/index.ts': '' },
    finding: 'packages/server/src/http/index.ts: a package has one index.ts',
  },
  {
    name: 'a package reaching into another by path',
    tree: { 'packages/guard/src/a.ts': `import '../../jwt/src/inspect.ts'` },
    finding: 'packages/guard/src/a.ts:1 imports packages/jwt/src/inspect.ts: another package is imported by its name',
  },
  refused('a package importing its own surface', 'packages/jwt/src/a.ts', `import './index.ts'`),
  refused('a package importing itself by name', 'packages/jwt/src/a.ts', `\n\nimport '@signet/jwt/inspect'`),
  refused('an import of a file that is not there', 'packages/jwt/src/a.ts', `import './missing.ts'`),
  refused('an import of a subpath that is not exported', 'packages/guard/src/a.ts', `import '@signet/jwt/secret'`),
  refused('an import whose name is computed', 'packages/jwt/src/a.ts', `await import(['node', 'fs'].join(':'))`),
]

const ALLOWED: readonly { readonly name: string; readonly tree: Tree }[] = [
  { name: 'the ground itself', tree: {} },
  {
    name: 'every arrow of the design',
    tree: {
      'packages/guard/src/a.ts': `import '@signet/jwt'; import '@signet/protocol'`,
      'packages/client/src/a.ts': `import '@signet/protocol'`,
      'packages/console/src/a.tsx': `import '@signet/client'; import '@signet/jwt/inspect'; export const a = <p>hello</p>`,
      'packages/cli/src/a.ts': `import '@signet/server'; import '@signet/guard'; import '@signet/client'`,
      [`${SERVER}/http/a.ts`]: `import 'fastify'; import '../flows/a.ts'; import type { A } from '../config/load.ts'`,
      [`${SERVER}/flows/a.ts`]: `import '../domain/a.ts'; import '../store/store.ts'; import '@signet/jwt'`,
      [`${SERVER}/domain/a.ts`]: `import './session.ts'; import '@signet/protocol'`,
      [`${SERVER}/store/a.ts`]: `import 'kysely'; import 'node:sqlite'; import '../domain/a.ts'`,
      [`${SERVER}/crypto/a.ts`]: `import 'node:crypto'; import type { A } from '../flows/context.ts'`,
      [`${SERVER}/config/load.ts`]: `export const port = process.env['PORT']`,
      [`${SERVER}/app.ts`]: `import './http/a.ts'; import './store/a.ts'; import './crypto/a.ts'; import './config/load.ts'`,
    },
  },
  {
    name: 'a test of a layer using another layer, the surface and a package',
    tree: {
      [`${SERVER}/flows/a.test.ts`]: `import '../store/sqlite/engine.ts'; import '../index.ts'; import 'fastify'; Date.now()`,
      'packages/jwt/src/a.test.ts': `import 'jose'; import './testing/keys.ts'`,
      'packages/jwt/src/testing/keys.ts': `import 'node:crypto'`,
    },
  },
  {
    name: 'a comment that speaks of process.env',
    tree: { [`${SERVER}/app.ts`]: `// process.env is read elsewhere\n` },
  },
  {
    name: 'the joining file naming a type of Fastify',
    tree: { [`${SERVER}/app.ts`]: `import type { A } from 'fastify'` },
  },
  { name: 'a date made from a value', tree: { [`${SERVER}/domain/a.ts`]: `export const day = new Date(0)` } },
  {
    name: 'a type from a module of Node where browsers run the code',
    tree: { 'packages/jwt/src/inspect.ts': `import type { Buffer } from 'node:buffer'` },
  },
  {
    name: 'an adapter naming the types of its framework',
    tree: { 'packages/guard/src/adapters/hono.ts': `import type { Context } from 'hono'` },
  },
  {
    name: 'a peer that need not be there',
    tree: manifest(
      'guard',
      {},
      { peerDependencies: { hono: '4' }, peerDependenciesMeta: { hono: { optional: true } } },
    ),
  },
]

describe('the import check refuses', () => {
  for (const { name, tree, finding } of REFUSED) {
    it(name, () => {
      const findings = check(tree)
      assert.ok(
        findings.some((one) => one.startsWith(finding)),
        `"${finding}" is not among:\n${findings.join('\n')}`,
      )
    })
  }

  it('with each rule at least once in this file', () => {
    const seen = new Set(REFUSED.flatMap(({ tree }) => inTree(tree, rulesThatRefuse)))
    assert.deepEqual(
      RULES.filter((rule) => !seen.has(rule)),
      [],
    )
  })
})

describe('the import check lets pass', () => {
  for (const { name, tree } of ALLOWED) {
    it(name, () => assert.deepEqual(check(tree), []))
  }
})

function check(tree: Tree): readonly Finding[] {
  return inTree(tree, (root, graph) => checkImports(root, graph, RULES))
}

function rulesThatRefuse(root: string, graph: ImportGraph): readonly Rule[] {
  const always = checkImports(root, graph, [])
  return RULES.filter((rule) => checkImports(root, graph, [rule]).length > always.length)
}

function inTree<Answer>(tree: Tree, ask: (root: string, graph: ImportGraph) => Answer): Answer {
  const root = mkdtempSync(join(tmpdir(), 'signet-imports-'))
  try {
    for (const [path, text] of Object.entries({ ...GROUND, ...tree })) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return ask(root, readImportGraph(root))
  } finally {
    rmSync(root, { recursive: true })
  }
}

/** A case of one file whose last line is refused. */
function refused(name: string, path: string, text: string): Case {
  const line = text.split('\n').length
  return { name, tree: { [path]: text }, finding: `${path}:${line} ` }
}

function dependency(name: string, on: string): Case {
  return {
    name: `a dependency of ${name}`,
    tree: manifest(name, { '.': './src/index.ts', './inspect': './src/inspect.ts' }, { dependencies: { [on]: '1' } }),
    finding: `packages/${name}/package.json depends on ${on}: `,
  }
}

function manifest(name: string, sources: Readonly<Record<string, string>>, more: object = {}): Tree {
  const exports = Object.fromEntries(
    Object.entries(sources).map(([subpath, source]) => [subpath, { '@signet/source': source }]),
  )
  return { [`packages/${name}/package.json`]: JSON.stringify({ name: `@signet/${name}`, exports, ...more }) }
}

function emptyFiles(...paths: readonly string[]): Tree {
  return Object.fromEntries(paths.map((path) => [path, '']))
}
