import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../lib/run.ts'
import { unpackDebianPackages } from './debian.ts'
import { BadSetting, defineService, NotHere, type Service } from './service.ts'

/**
 * PyJWT: a verifier and signer that shares no line of code with ours.
 *
 * Tests reach it through `TEST_PYTHON`: an interpreter that can import `jwt` and `cryptography`.
 *
 * @param cacheFolder where packages may be unpacked
 */
export function pyjwt(cacheFolder: string): Service {
  return defineService<string>({
    name: 'PyJWT',
    remedy: 'install python3-jwt and python3-cryptography, or set TEST_PYTHON to a Python that has both',
    given: async () => process.env['TEST_PYTHON'] || null,
    locate: [
      () => pythonWithPyjwt('/usr/bin/python3'),
      () => pythonWithPyjwt('python3'),
      async () => pythonWithPyjwt(await unpackedPython(cacheFolder)),
    ],
    async start(python) {
      const version = await versionOf(python)
      if (version === null) throw new BadSetting(`TEST_PYTHON: ${python} cannot import jwt and cryptography`)
      return { where: `${version}, ${python}`, env: { TEST_PYTHON: python }, stop: async () => {} }
    },
  })
}

async function pythonWithPyjwt(python: string): Promise<string> {
  if ((await versionOf(python)) === null) throw new NotHere(`${python} cannot import jwt and cryptography`)
  return python
}

async function versionOf(python: string): Promise<string | null> {
  // There is another module named jwt; only PyJWT has PyJWKSet.
  const program = 'import cryptography, jwt; jwt.PyJWKSet; print(jwt.__version__)'
  const done = await run(python, ['-c', program], { timeoutSeconds: 30 })
  return done.exitCode === 0 ? done.stdout.trim() : null
}

/**
 * A starter script for Debian's packages: it alone sets what Python needs to find them, so that no other process of the
 * tests sees those libraries.
 */
async function unpackedPython(cacheFolder: string): Promise<string> {
  const root = await unpackDebianPackages(['python3-jwt', 'python3-cryptography'], cacheFolder)
  const hasOwnPython = existsSync(join(root, 'usr/bin/python3'))
  const variables = {
    PYTHONPATH: join(root, 'usr/lib/python3/dist-packages'),
    ...(hasOwnPython ? { PYTHONHOME: join(root, 'usr'), LD_LIBRARY_PATH: (await libraryFolders(root)).join(':') } : {}),
  }
  const starter = join(root, 'python-with-jwt')
  const assignments = Object.entries(variables).map(([name, value]) => `${name}=${quoted(value)} `)
  const python = hasOwnPython ? join(root, 'usr/bin/python3') : '/usr/bin/python3'
  await writeFile(starter, `#!/bin/sh\n${assignments.join('')}exec ${quoted(python)} "$@"\n`, { mode: 0o755 })
  return starter
}

/** `lib/<triplet>` and `usr/lib/<triplet>`: shared libraries that came along because the machine lacks them. */
async function libraryFolders(root: string): Promise<readonly string[]> {
  const folders: string[] = []
  for (const library of ['lib', 'usr/lib']) {
    if (!existsSync(join(root, library))) continue
    const entries = await readdir(join(root, library), { withFileTypes: true })
    const triplets = entries.filter((entry) => entry.isDirectory() && entry.name.includes('-linux-gnu'))
    folders.push(...triplets.map((entry) => join(root, library, entry.name)))
  }
  return folders
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
