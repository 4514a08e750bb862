import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NotHere } from './service.ts'
import { run } from '../lib/run.ts'

/**
 * Unpacks Debian packages, and what they need that this machine lacks, into a folder of the cache. Nothing is installed
 * and no privilege is needed; apt checks every package against its signed lists.
 *
 * @param cacheFolder where unpacked packages stay for the next time
 * @returns the folder that stands for `/` of the packages
 * @throws NotHere when this is no Debian, or its archive cannot be reached
 */
export async function unpackDebianPackages(names: readonly string[], cacheFolder: string): Promise<string> {
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg-deb')) throw new NotHere('no Debian to unpack from')
  const wanted = createHash('sha256').update(names.join(' ')).digest('hex').slice(0, 12)
  const root = join(cacheFolder, 'debian', wanted)
  if (existsSync(root)) return root

  await mkdir(join(cacheFolder, 'debian'), { recursive: true })
  const work = await mkdtemp(join(cacheFolder, 'debian', 'unpacking-'))
  try {
    const apt = await aptThatKnows(names, join(cacheFolder, 'apt'))
    const archives = join(work, 'archives')
    const unpacked = join(work, 'root')
    await Promise.all([mkdir(archives), mkdir(unpacked)])
    await apt(['download', ...(await missingPackages(apt, names))], archives)
    for (const archive of await readdir(archives))
      await orNotHere('dpkg-deb', ['-x', join(archives, archive), unpacked])
    await rename(unpacked, root)
    return root
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** A machine without a network should learn so soon. */
const PATIENCE = ['-o', 'Acquire::http::Timeout=20', '-o', 'Acquire::Retries=1']

type Apt = (args: readonly string[], cwd?: string) => Promise<string>

/** The system's own package lists where it has any; else lists fetched into the cache, which needs no privilege. */
async function aptThatKnows(names: readonly string[], aptFolder: string): Promise<Apt> {
  const withSystemLists: Apt = (args, cwd) => orNotHere('apt-get', [...PATIENCE, ...args], cwd)
  if (await knows(withSystemLists, names)) return withSystemLists

  const lists = join(aptFolder, 'lists')
  await mkdir(join(lists, 'partial'), { recursive: true })
  await mkdir(join(aptFolder, 'cache', 'archives', 'partial'), { recursive: true })
  // As root apt would hand the download to a user who cannot write into a checkout.
  const sandbox = process.getuid?.() === 0 ? ['-o', 'APT::Sandbox::User=root'] : []
  const folders = ['-o', `Dir::State::lists=${lists}`, '-o', `Dir::Cache=${join(aptFolder, 'cache')}`, ...sandbox]
  const withOwnLists: Apt = (args, cwd) => orNotHere('apt-get', [...PATIENCE, ...folders, ...args], cwd)
  await withOwnLists(['update', '-qq'])
  await writeFile(join(aptFolder, 'README'), 'Package lists that apt fetched for the tests. Safe to delete.\n')
  return withOwnLists
}

async function knows(apt: Apt, names: readonly string[]): Promise<boolean> {
  try {
    await apt(['download', '--print-uris', '-qq', ...names])
    return true
  } catch (error) {
    if (error instanceof NotHere) return false
    throw error
  }
}

/** The named packages, and every dependency that is not installed on this machine. */
async function missingPackages(apt: Apt, names: readonly string[]): Promise<readonly string[]> {
  const plan = await apt(['install', '--simulate', '-qq', '--no-install-recommends', ...names])
  const toInstall = [...plan.matchAll(/^Inst (\S+)/gm)].flatMap((line) => line[1] ?? [])
  return [...new Set([...names, ...toInstall])]
}

async function orNotHere(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const done = await run(command, args, { cwd, env: { ...process.env, LC_ALL: 'C' }, timeoutSeconds: 180 })
  if (done.exitCode === 0) return done.stdout
  const said = done.stderr.trim().split('\n').at(-1) ?? ''
  throw new NotHere(`${command} ${done.timedOut ? 'took too long' : 'failed'}${said === '' ? '' : `: ${said}`}`)
}
