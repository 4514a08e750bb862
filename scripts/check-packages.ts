import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkCommands, checkNames, checkTypes, installPackages } from './packages/consumer.ts'
import { checkContents } from './packages/contents.ts'
import { lintPackage } from './packages/lint.ts'
import { NotPackable, packPackages } from './packages/pack.ts'

/** `npm run check:packages`: builds and packs every package, and uses the result as a stranger would. */
const root = join(import.meta.dirname, '..')
const work = await mkdtemp(join(tmpdir(), 'signet-packages-'))
try {
  const findings = await checkPackages()
  for (const finding of findings) console.log(`✖ ${finding}`)
  if (findings.length > 0) console.log(`${findings.length} found`)
  process.exitCode = findings.length === 0 ? 0 : 1
} catch (error) {
  if (!(error instanceof NotPackable)) throw error
  console.log(`✖ ${error.message}`)
  process.exitCode = 1
} finally {
  await rm(work, { recursive: true, force: true })
}

async function checkPackages(): Promise<readonly string[]> {
  const tarballs = join(work, 'tarballs')
  await mkdir(tarballs)
  const packages = await packPackages(root, tarballs)
  for (const { name, contents } of packages) console.log(`  ${name}: ${contents.length} files`)
  const linted = await Promise.all(packages.map(lintPackage))
  const consumer = await installPackages(root, packages, join(work, 'consumer'))
  return [
    ...packages.flatMap(checkContents),
    ...linted.flat(),
    ...(await checkNames(root, packages, consumer)),
    ...(await checkTypes(root, packages, consumer)),
    ...(await checkCommands(packages, consumer)),
  ]
}
