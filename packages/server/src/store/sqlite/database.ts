import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreUnavailableError } from '../store.ts'

/** How long opening waits for other processes that open the same file. Afterwards a connection waits for nobody. */
const OPENING_TIMEOUT_MILLISECONDS = 5000

/** Marks the file as ours (`PRAGMA application_id`): the letters `Sgnt`. */
const APPLICATION_ID = 0x53676e74

/**
 * Opens an SQLite file for keeping what must not be lost: write-ahead log, every commit synced to the disk, foreign
 * keys held, nobody else on the machine able to read it (mode 0600, where the platform has modes).
 *
 * Throws `StoreUnavailableError` when that cannot be had, when the file is damaged or when it is not Signet's. Looks
 * through the whole file once (`quick_check`); does not create tables. The connection has no busy timeout.
 */
export function openDatabase(path: string): DatabaseSync {
  const isFile = path !== ':memory:'
  let database: DatabaseSync | undefined
  try {
    if (isFile) makePrivate(path)
    database = new DatabaseSync(path, { timeout: OPENING_TIMEOUT_MILLISECONDS, enableForeignKeyConstraints: true })
    claim(database)
    if (isFile) chmodSync(path, 0o600)
    checkIntegrity(database)
    if (isFile) makeDurable(database)
    database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA busy_timeout = 0')
    return database
  } catch (cause) {
    database?.close()
    if (cause instanceof StoreUnavailableError) throw cause
    throw new StoreUnavailableError(`The database ${path} cannot be opened`, { cause })
  }
}

/**
 * Before SQLite sees the file, since the log and index files beside it take over its mode.
 *
 * A file that is there is never opened here: closing any descriptor of it would drop every lock this process holds on
 * it through SQLite (POSIX advisory locks), and another program could take itself for its last user.
 */
function makePrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  if (existsSync(path)) return
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

function claim(database: DatabaseSync): void {
  const found = pragma(database, 'application_id')
  if (found === APPLICATION_ID) return
  const isEmpty = database.prepare('select 1 from sqlite_schema limit 1').get() === undefined
  if (found !== 0 || !isEmpty) {
    throw new StoreUnavailableError('The database belongs to another application')
  }
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
}

function checkIntegrity(database: DatabaseSync): void {
  const found = pragma(database, 'quick_check(1)')
  if (found !== 'ok') throw new StoreUnavailableError('The database is damaged: restore it from a backup')
}

function makeDurable(database: DatabaseSync): void {
  const mode = pragma(database, 'journal_mode = WAL')
  if (mode !== 'wal') {
    throw new StoreUnavailableError('The database cannot use a write-ahead log: put it on a local disk')
  }
  // FULL: a commit is on the disk before it is acknowledged; fullfsync: through the drive's own cache (macOS)
  database.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA journal_size_limit = 67108864')
}

function pragma(database: DatabaseSync, statement: string): unknown {
  const row = database.prepare(`PRAGMA ${statement}`).get() ?? {}
  return Object.values(row)[0]
}
