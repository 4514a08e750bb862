import { existsSync, globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join, posix } from 'node:path'
import { parseSync, Visitor, type StringLiteral } from 'oxc-parser'

/** Every source file of every package, and what each imports. */
export interface ImportGraph {
  readonly files: readonly SourceFile[]
  readonly packages: readonly WorkspacePackage[]
}

export interface SourceFile {
  /** From the repository's root, with `/`: `packages/jwt/src/sign.ts`. */
  readonly path: string
  readonly imports: readonly Import[]
  /** The text with its comments blanked out, line for line. */
  readonly code: string
}

export interface Import {
  readonly line: number
  readonly specifier: string
  /** `import type`, or a type named by `import('…')`: nothing of it is left when the program runs. */
  readonly typeOnly: boolean
  /** A path like `SourceFile.path`, `node:fs`, `npm:kysely`; `null` when it leads nowhere. */
  readonly target: string | null
}

export interface WorkspacePackage {
  /** `@signet/jwt` */
  readonly name: string
  /** `packages/jwt` */
  readonly folder: string
  /** Subpath to source file, from the root: `{ './inspect': 'packages/jwt/src/inspect.ts' }`. */
  readonly exports: Readonly<Record<string, string>>
  /** What is installed with it: its dependencies, optional ones, and peers that are not optional. */
  readonly dependencies: readonly string[]
}

/** Reads `packages/*` below `root`. Follows `import`, `export … from`, `import()`, `require()` and types of all of them. */
export function readImportGraph(root: string): ImportGraph {
  const packages = globSync('packages/*/package.json', { cwd: root })
    .map((path) => readPackage(root, path))
    .toSorted(byName)
  const paths = globSync('packages/*/{src,test}/**/*.{ts,tsx,mts}', { cwd: root }).map((path) =>
    path.replaceAll('\\', '/'),
  )
  return { packages, files: paths.toSorted().map((path) => readSource(root, path, packages)) }
}

function readPackage(root: string, manifestPath: string): WorkspacePackage {
  const folder = posix.dirname(manifestPath.replaceAll('\\', '/'))
  const manifest: Manifest = JSON.parse(readFileSync(join(root, manifestPath), 'utf8'))
  const exports = Object.entries(manifest.exports ?? {}).flatMap(([subpath, target]) => {
    const source = typeof target === 'string' ? target : target['@signet/source']
    return source === undefined ? [] : [[subpath, posix.join(folder, source)] as const]
  })
  const { dependencies, optionalDependencies, peerDependencies = {}, peerDependenciesMeta = {} } = manifest
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true)
  return {
    name: manifest.name,
    folder,
    exports: Object.fromEntries(exports),
    dependencies: [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers],
  }
}

interface Manifest {
  readonly name: string
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

function byName(a: WorkspacePackage, b: WorkspacePackage): number {
  return a.name < b.name ? -1 : 1
}

function readSource(root: string, path: string, packages: readonly WorkspacePackage[]): SourceFile {
  const text = readFileSync(join(root, path), 'utf8')
  const parsed = parseSync(path, text)
  if (parsed.errors.length > 0) throw new SyntaxError(`${path}: ${parsed.errors[0]?.message ?? 'cannot be parsed'}`)
  const imports = namedIn(parsed.program).map(({ source, typeOnly }) => ({
    line: text.slice(0, source.start).split('\n').length,
    specifier: source.value,
    typeOnly,
    target: resolve(root, path, source.value, packages),
  }))
  return { path, imports, code: blankOut(text, parsed.comments) }
}

interface Named {
  readonly source: { readonly start: number; readonly value: string }
  readonly typeOnly: boolean
}

function namedIn(program: Parameters<Visitor['visit']>[0]): readonly Named[] {
  const named: Named[] = []
  const add = (source: { start: number; end: number } | null | undefined, typeOnly: boolean): void => {
    if (source === null || source === undefined) return
    // A computed name cannot be followed; it resolves to nothing and is refused as such.
    named.push({ source: { start: source.start, value: isText(source) ? source.value : '(computed)' }, typeOnly })
  }
  new Visitor({
    ImportDeclaration: (node) => add(node.source, node.importKind === 'type'),
    ExportAllDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ExportNamedDeclaration: (node) => add(node.source, node.exportKind === 'type'),
    ImportExpression: (node) => add(node.source, false),
    TSImportType: (node) => add(node.source, true),
    CallExpression: (node) => {
      const { callee } = node
      const isRequire = callee.type === 'Identifier' && callee.name === 'require'
      const isGetBuiltin =
        callee.type === 'MemberExpression' &&
        callee.property.type === 'Identifier' &&
        callee.property.name === 'getBuiltinModule'
      if (isRequire || isGetBuiltin) add(node.arguments[0], false)
    },
  }).visit(program)
  return named
}

function isText(node: object): node is StringLiteral {
  return 'type' in node && node.type === 'Literal' && 'value' in node && typeof node.value === 'string'
}

function resolve(root: string, from: string, specifier: string, packages: readonly WorkspacePackage[]): string | null {
  if (specifier === '(computed)') return null
  if (isBuiltin(specifier)) return specifier.startsWith('node:') ? specifier : `node:${specifier}`
  if (specifier.startsWith('.')) {
    const target = posix.join(posix.dirname(from), specifier)
    return existsSync(join(root, target)) ? target : null
  }
  const name = packageName(specifier)
  const ours = packages.find((candidate) => candidate.name === name)
  if (ours === undefined) return `npm:${name}`
  return ours.exports[`.${specifier.slice(name.length)}`] ?? null
}

/** `@fastify/cors/types` → `@fastify/cors` */
function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

function blankOut(text: string, comments: readonly { readonly start: number; readonly end: number }[]): string {
  let code = text
  for (const { start, end } of comments) {
    code = code.slice(0, start) + code.slice(start, end).replaceAll(/[^\n]/g, ' ') + code.slice(end)
  }
  return code
}
