import { globSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { run } from '../lib/run.ts'

/** A package as it would be published. */
export interface PackedPackage {
  readonly name: string
  /** `packages/jwt`, from the repository's root. */
  readonly folder: string
  readonly tarball: string
  /** Paths inside, from the package's root. */
  readonly contents: readonly string[]
  /** What a program writes after `import`: `@signet/jwt`, `@signet/jwt/inspect`. */
  readonly specifiers: readonly string[]
  /** Commands it installs. */
  readonly commands: readonly string[]
}

/** Something before any check failed, and its message says what. */
export class NotPackable extends Error {
  override readonly name = 'NotPackable'
}

/** Builds every package anew and packs those that are not private. @throws NotPackable with what the compiler or npm said */
export async function packPackages(root: string, folder: string): Promise<readonly PackedPackage[]> {
  const manifests = globSync('packages/*/package.json', { cwd: root })
    .toSorted()
    .map((path) => readManifest(root, path))
    .filter((manifest) => manifest.private !== true)
  await build(root, manifests)
  const packed: PackedPackage[] = []
  for (const manifest of manifests) packed.push(await pack(root, manifest, folder))
  return packed
}

interface Manifest {
  readonly name: string
  readonly folder: string
  readonly private?: boolean
  readonly bin?: string | Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, unknown>>
}

function readManifest(root: string, path: string): Manifest {
  const manifest: Omit<Manifest, 'folder'> = JSON.parse(readFileSync(join(root, path), 'utf8'))
  return { ...manifest, folder: dirname(path).replaceAll('\\', '/') }
}

/** What an earlier build left behind must not end up in a package. */
async function build(root: string, manifests: readonly Manifest[]): Promise<void> {
  for (const { folder } of manifests) await rm(join(root, folder, 'dist'), { recursive: true, force: true })
  const built = await run('tsc', ['-b', 'tsconfig.build.json'], { cwd: root })
  if (built.exitCode !== 0) throw new NotPackable(`the build fails:\n${built.stdout}${built.stderr}`)
}

async function pack(root: string, manifest: Manifest, folder: string): Promise<PackedPackage> {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const done = await run('npm', args, { cwd: join(root, manifest.folder) })
  if (done.exitCode !== 0) throw new NotPackable(`${manifest.name}: npm pack fails:\n${done.stderr}`)
  const [report]: readonly [PackReport] = JSON.parse(done.stdout)
  const subpaths = Object.keys(manifest.exports ?? {}).filter((subpath) => subpath !== './package.json')
  const { bin = {} } = manifest
  return {
    name: manifest.name,
    folder: manifest.folder,
    tarball: join(folder, report.filename),
    contents: report.files.map(({ path }) => path),
    specifiers: subpaths.map((subpath) => manifest.name + subpath.slice(1)),
    commands: typeof bin === 'string' ? [manifest.name] : Object.keys(bin),
  }
}

interface PackReport {
  readonly filename: string
  readonly files: readonly { readonly path: string }[]
}
