/**
 * Who may import whom, as sentences.
 *
 * A file is named by its path from the repository's root, a module of Node as `node:fs`, a package from the registry as
 * `npm:kysely` whatever its subpath. Patterns are globs. Tests and what only tests use are held by a rule only where it
 * says `testsToo`.
 */
export type Rule = MayImportOnly | AloneMayImport | MayNotReach | MayNotSay | FolderHoldsOnly | MayDependOn

/** "Among these, `files` may import only those." */
export interface MayImportOnly {
  readonly files: string
  readonly except?: readonly string[]
  readonly among: readonly string[]
  readonly mayImportOnly: readonly string[]
  /** May be imported as well, with `import type`: no code follows. */
  readonly orTypesOf?: readonly string[]
  readonly testsToo?: true
  readonly because: string
}

/** "`files` alone, of all in `within`, may import these." */
export interface AloneMayImport {
  readonly files: string
  readonly within: string
  readonly aloneMayImport: readonly string[]
  /** These may name its types, with `import type`. */
  readonly typesAlsoIn?: readonly string[]
  readonly because: string
}

/** "Nothing that runs with `files` imports these", however many files lie between. */
export interface MayNotReach {
  readonly files: string
  readonly mayNotReach: readonly string[]
  readonly because: string
}

/** "`files` may not say this", comments apart. */
export interface MayNotSay {
  readonly files: string
  readonly except?: readonly string[]
  readonly mayNotSay: readonly RegExp[]
  readonly because: string
}

/** "This folder holds nothing but these", so that no new folder escapes the rules. */
export interface FolderHoldsOnly {
  readonly folder: string
  readonly holdsOnly: readonly string[]
  readonly because: string
}

/** "Installing this package installs these, and nothing else"; an optional peer is not installed. */
export interface MayDependOn {
  readonly package: string
  readonly mayDependOn: readonly string[]
  readonly because: string
}

const ONLY_FOR_TESTS = [
  '**/*.test.ts',
  '**/*.fuzz.ts',
  '**/test-*.ts',
  '**/contract.ts',
  '**/contract/**',
  '**/testing/**',
  'packages/*/test/**',
]
const READING_THE_ENVIRONMENT = [
  /\bprocess\??\.env\b/,
  /\bprocess(\?\.)?\[['"`]env['"`]\]/,
  /\benv\b[^;]*\}\s*=\s*process\b/,
  /\bimport\.meta\.env\b/,
]
const CLOCK_AND_CHANCE = [/\bDate\.now\b/, /\bnew Date\(\s*\)/, /\bperformance\.now\b/, /\bMath\.random\b/]

export const RULES: readonly Rule[] = [
  // between packages
  packageArrow('jwt', [], 'the engine stands alone'),
  packageArrow('protocol', [], 'the words stand alone'),
  packageArrow('guard', ['jwt', 'protocol'], 'a guard stands on the engine and the protocol'),
  packageArrow('server', ['jwt', 'protocol', 'guard'], 'the server guards its own routes, and knows no client'),
  packageArrow('client', ['protocol'], 'a client trusts nobody, so it verifies nothing'),
  {
    files: 'packages/console/src/**',
    among: ['packages/**'],
    mayImportOnly: [
      'packages/console/**',
      'packages/client/**',
      'packages/protocol/**',
      'packages/jwt/src/inspect*.ts',
    ],
    testsToo: true,
    because: 'the console is a client that can look at tokens, not check them',
  },

  // inside the server: http → flows → domain
  serverLayer('domain/**', ['domain/**'], 'rules know only rules'),
  serverLayer(
    'flows/**',
    ['flows/**', 'domain/**', 'store/store.ts'],
    'a journey knows the store port, never an engine',
  ),
  serverLayer('http/**', ['http/**', 'flows/**', 'domain/**'], 'a route calls a journey', ['config/**', 'feed/**']),
  serverLayer('feed/**', ['feed/**', 'domain/**'], 'the feed carries what the store has committed', ['store/store.ts']),
  serverLayer('store/**', ['store/**', 'domain/**'], 'a store keeps what rules decide'),
  serverLayer('crypto/**', ['crypto/**', 'domain/**'], 'crypto implements ports', [
    'flows/context.ts',
    'store/store.ts',
  ]),
  serverLayer('config/**', ['config/**', 'domain/**'], 'configuration is read before anything runs', [
    'flows/context.ts',
  ]),
  {
    folder: 'packages/server/src',
    holdsOnly: ['app.ts', 'index.ts', 'config', 'crypto', 'domain', 'feed', 'flows', 'http', 'store', 'testing'],
    because: 'a new layer needs its arrows in scripts/imports/rules.ts',
  },
  {
    files: 'packages/server/src/domain/**',
    among: ['packages/**', 'node:**', 'npm:**'],
    mayImportOnly: ['packages/server/src/domain/**', 'packages/protocol/**'],
    because: 'domain code is pure: no clock, no SQL, no HTTP, no dependency',
  },
  {
    files: 'packages/server/src/store/**',
    within: 'packages/server/src/**',
    aloneMayImport: ['npm:kysely', 'npm:pg', 'npm:ioredis', 'node:sqlite'],
    because: 'all SQL is in store/',
  },
  {
    files: 'packages/server/src/http/**',
    within: 'packages/server/src/**',
    aloneMayImport: ['npm:fastify', 'npm:fastify-plugin', 'npm:@fastify/*'],
    typesAlsoIn: ['packages/server/src/app.ts'],
    because: 'all Fastify is in http/',
  },
  {
    files: 'packages/server/src/**',
    except: ['packages/server/src/config/load.ts'],
    mayNotSay: READING_THE_ENVIRONMENT,
    because: 'the environment is read in config/load.ts and nowhere else',
  },
  {
    files: 'packages/server/src/config/load.ts',
    within: 'packages/server/src/**',
    aloneMayImport: ['node:process'],
    because: 'the environment is read in config/load.ts and nowhere else',
  },
  {
    files: 'packages/server/src/{domain,flows}/**',
    mayNotSay: CLOCK_AND_CHANCE,
    because: 'time and randomness are passed in, so that a test can choose them',
  },
  {
    files: 'packages/jwt/src/**',
    mayNotSay: [/\bMath\.random\b/],
    because: 'Math.random is no source of keys',
  },

  // everywhere
  {
    files: 'packages/*/src/**',
    among: ONLY_FOR_TESTS,
    mayImportOnly: [],
    because: 'what only tests use is not in the published package',
  },
  runsInBrowsers('packages/protocol/src/**'),
  runsInBrowsers('packages/jwt/src/inspect*.ts'),
  runsInBrowsers('packages/client/src/**'),
  ...withoutDependencies('jwt', []),
  ...withoutDependencies('protocol', []),
  ...withoutDependencies('guard', ['@signet/jwt', '@signet/protocol']),
  ...withoutDependencies('client', ['@signet/protocol']),
  {
    files: 'packages/guard/src/adapters/**',
    among: ['npm:**'],
    mayImportOnly: [],
    orTypesOf: ['npm:express', 'npm:fastify', 'npm:hono'],
    because: 'an adapter knows the types of its framework, which is there already, and nothing else',
  },
]

/** Whether a file is a test, or only there for tests. */
export function isForTests(file: string, matches: (file: string, pattern: string) => boolean): boolean {
  return ONLY_FOR_TESTS.some((pattern) => matches(file, pattern))
}

function packageArrow(name: string, mayImport: readonly string[], because: string): MayImportOnly {
  return {
    files: `packages/${name}/{src,test}/**`,
    among: ['packages/**'],
    mayImportOnly: [name, ...mayImport].map((other) => `packages/${other}/**`),
    testsToo: true,
    because,
  }
}

function serverLayer(
  layer: string,
  mayImport: readonly string[],
  because: string,
  orTypesOf: readonly string[] = [],
): MayImportOnly {
  const inServer = (path: string): string => `packages/server/src/${path}`
  return {
    files: inServer(layer),
    among: [inServer('**')],
    mayImportOnly: mayImport.map(inServer),
    orTypesOf: orTypesOf.map(inServer),
    because,
  }
}

function runsInBrowsers(files: string): MayNotReach {
  return { files, mayNotReach: ['node:**'], because: 'it runs in browsers' }
}

/** No package from the registry, not even for its types; the adapters of the guard have a rule of their own. */
function withoutDependencies(name: string, mayDependOn: readonly string[]): readonly Rule[] {
  const because = 'who adopts a library adopts its dependencies; this one has none'
  return [
    { package: `packages/${name}`, mayDependOn, because },
    {
      files: `packages/${name}/src/**`,
      except: ['packages/guard/src/adapters/**'],
      among: ['npm:**'],
      mayImportOnly: [],
      because,
    },
  ]
}
