import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { RandomBytes } from './ids.ts'
import { MASTER_KEY_BYTES, MasterKeyError } from './master-key.ts'
import type { MasterKeyVersions } from './master-key.ts'

/** The file's name in the data directory. */
export const MASTER_KEY_FILE = 'master.key'

/**
 * Reads the versions of the master key from a file, newest first, and makes the file with one new key if there is none.
 *
 * A line is one key of 64 hexadecimal digits; lines that begin with `#` are comments. The file is made with mode 0600,
 * whole or not at all; processes that start at once end with the same one. Throws `MasterKeyError` when others on the
 * machine may read it, or when a line is no key.
 */
export function loadMasterKeyFile(path: string, randomBytes: RandomBytes): MasterKeyVersions {
  return parse(readPrivate(path) ?? create(path, randomBytes), path)
}

/** Reads the versions again; never makes a file. Throws `MasterKeyError`, also when the file is gone. */
export function readMasterKeyFile(path: string): MasterKeyVersions {
  return parse(readPrivate(path) ?? '', path)
}

function readPrivate(path: string): string | null {
  const file = openIfThere(path)
  if (file === null) return null
  try {
    // of the open file, not of the path: it cannot be exchanged in between
    if (process.platform !== 'win32' && (fstatSync(file).mode & 0o077) !== 0) throw exposed(path)
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}

function openIfThere(path: string): number | null {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null
    throw error
  }
}

/** Writes beside, then links: a link fails where a file already is, and never shows half of one. */
function create(path: string, randomBytes: RandomBytes): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const text = `# Signet's master key. Keep a copy apart from the database's backups.\n${hex(randomBytes(MASTER_KEY_BYTES))}\n`
  const beside = join(dirname(path), `.${MASTER_KEY_FILE}.${hex(randomBytes(8))}`)
  writeDurably(beside, text)
  try {
    linkSync(beside, path)
    return text
  } catch (error) {
    const theirs = isErrno(error, 'EEXIST') ? readPrivate(path) : null
    if (theirs === null) throw error
    return theirs
  } finally {
    unlinkSync(beside)
    syncDirectory(dirname(path))
  }
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** A key lost in a power failure would take every signing key with it. Windows cannot open directories. */
function syncDirectory(path: string): void {
  if (process.platform === 'win32') return
  const directory = openSync(path, 'r')
  try {
    fsyncSync(directory)
  } finally {
    closeSync(directory)
  }
}

function parse(text: string, path: string): MasterKeyVersions {
  const lines = text.split('\n').map((line) => line.trim())
  const [newest, ...older] = lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => parseKey(line, path))
  if (newest === undefined) throw malformed(path)
  return [newest, ...older]
}

function parseKey(line: string, path: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/i.test(line)) throw malformed(path)
  return Buffer.from(line, 'hex')
}

function exposed(path: string): MasterKeyError {
  return new MasterKeyError(
    'key_file_exposed',
    `Others on this machine may read the master key in ${path}. If nobody has, run: chmod 600 ${path}`,
  )
}

function malformed(path: string): MasterKeyError {
  return new MasterKeyError(
    'key_file_malformed',
    `${path} does not hold a master key: lines of 64 hexadecimal digits. Restore it from its backup.`,
  )
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
