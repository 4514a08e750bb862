import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../lib/run.ts'
import { NotPackable, type PackedPackage } from './pack.ts'

/** An empty project that has nothing but the packed packages and, as a user would, the frameworks it guards. */
export interface Consumer {
  readonly folder: string
}

/** Whoever imports an adapter has its framework. Versions are those this repository tests against. */
const FRAMEWORKS = ['@types/node', '@types/express', 'express', 'fastify', 'hono']

/** @throws NotPackable with what npm said */
export async function installPackages(
  root: string,
  packages: readonly PackedPackage[],
  folder: string,
): Promise<Consumer> {
  const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const tarballs = Object.fromEntries(packages.map(({ name, tarball }) => [name, `file:${tarball}`]))
  const frameworks = Object.fromEntries(FRAMEWORKS.map((name) => [name, manifest.devDependencies[name] ?? '*']))
  await mkdir(folder)
  await writeJson(join(folder, 'package.json'), {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: { ...tarballs, ...frameworks },
    // The packages name each other by version; none of them is to come from a registry.
    overrides: Object.fromEntries(packages.map(({ name }) => [name, `$${name}`])),
  })
  const args = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  const done = await run('npm', args, { cwd: folder })
  if (done.exitCode !== 0) throw new NotPackable(`the packages cannot be installed:\n${done.stdout}${done.stderr}`)
  return { folder }
}

/** Imports every export under plain Node and compares its names with those of the source. */
export async function checkNames(
  root: string,
  packages: readonly PackedPackage[],
  consumer: Consumer,
): Promise<readonly string[]> {
  const specifiers = packages.flatMap((one) => one.specifiers)
  const findings: string[] = []
  for (const specifier of specifiers) {
    const [installed, source] = await Promise.all([
      namesOf(specifier, consumer.folder, []),
      namesOf(specifier, root, ['--conditions=@signet/source']),
    ])
    if (typeof installed === 'string') findings.push(`${specifier} cannot be imported: ${installed}`)
    else if (typeof source === 'string') findings.push(`${specifier} cannot be imported from source: ${source}`)
    else if (installed.join() !== source.join()) {
      findings.push(`${specifier} exports ${installed.join(', ')}; its source ${source.join(', ')}`)
    } else if (installed.length === 0) findings.push(`${specifier} exports nothing`)
  }
  return findings
}

/** The exported names in order, or the error's first lines. */
async function namesOf(specifier: string, cwd: string, flags: readonly string[]): Promise<readonly string[] | string> {
  const program = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(specifier)})).sort()))`
  const env = { ...process.env, NODE_OPTIONS: '' }
  const done = await run(process.execPath, [...flags, '--input-type=module', '--eval', program], { cwd, env })
  return done.exitCode === 0 ? JSON.parse(done.stdout) : (/^.*Error.*$/m.exec(done.stderr)?.[0] ?? done.stderr)
}

/** Type-checks a program that uses every export, with the strictest settings and every declaration file read. */
export async function checkTypes(
  root: string,
  packages: readonly PackedPackage[],
  consumer: Consumer,
): Promise<readonly string[]> {
  const specifiers = packages.flatMap((one) => one.specifiers)
  const imports = specifiers.map((specifier, index) => `import * as module${index} from '${specifier}'\n`)
  const uses = `export const modules = [${specifiers.map((_, index) => `module${index}`).join(', ')}]\n`
  await writeFile(join(consumer.folder, 'every-export.ts'), imports.join('') + uses)
  await writeFile(join(consumer.folder, 'program.ts'), readFileSync(join(import.meta.dirname, 'program.ts')))
  await writeJson(join(consumer.folder, 'tsconfig.json'), {
    compilerOptions: {
      target: 'es2024',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    },
    files: ['every-export.ts', 'program.ts'],
  })
  const tsc = join(root, 'node_modules/.bin/tsc')
  const done = await run(tsc, ['--project', '.', '--pretty', 'false'], { cwd: consumer.folder })
  return done.exitCode === 0
    ? []
    : done.stdout
        .trim()
        .split('\n')
        .map((line) => `a program that uses the packages: ${line}`)
}

/** Runs every installed command far enough to know that it starts. */
export async function checkCommands(
  packages: readonly PackedPackage[],
  consumer: Consumer,
): Promise<readonly string[]> {
  const findings: string[] = []
  for (const command of packages.flatMap((one) => one.commands)) {
    for (const flag of ['--version', '--help']) {
      const done = await run(join(consumer.folder, 'node_modules/.bin', command), [flag], { cwd: consumer.folder })
      if (done.exitCode !== 0 || done.stdout.trim() === '')
        findings.push(`${command} ${flag} fails: ${done.stderr.trim()}`)
    }
  }
  return findings
}

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>
}

async function writeJson(path: string, value: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, null, 2)}\n`)
}
