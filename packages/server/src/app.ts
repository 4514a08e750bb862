import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { createGuard } from '@signet/guard'
import type { Guard } from '@signet/guard'
import { ASYMMETRIC_ALGORITHMS } from '@signet/jwt'
import type { Algorithm } from '@signet/jwt'
import { pino } from 'pino'
import type { Logger } from 'pino'
import { isLoopback } from './config/checks.ts'
import type { Config } from './config/schema.ts'
import { createAccessTokenReader } from './crypto/access-token-reader.ts'
import { createAddressLimit } from './crypto/address-limit.ts'
import { loadArgon2 } from './crypto/argon2.ts'
import { isCommonPassword } from './crypto/common-passwords.ts'
import { newAccountId, newSessionId, systemRandomBytes } from './crypto/ids.ts'
import { isHmac } from './crypto/key-material.ts'
import { loadKeyring } from './crypto/keyring.ts'
import type { Keyring } from './crypto/keyring.ts'
import { MASTER_KEY_FILE, loadMasterKeyFile, readMasterKeyFile } from './crypto/master-key-file.ts'
import { createMasterKey } from './crypto/master-key.ts'
import type { MasterKey } from './crypto/master-key.ts'
import { createPasswords } from './crypto/passwords.ts'
import { createRefreshTokens } from './crypto/refresh-tokens.ts'
import { createSeals } from './crypto/seals.ts'
import { loadServerSecret } from './crypto/server-secret.ts'
import type { Source } from './domain/event.ts'
import type { ConnectedGuard } from './domain/key-rotation.ts'
import { UNNOTICED_SECONDS } from './domain/signing-key.ts'
import type { EpochSeconds } from './domain/time.ts'
import { createRevocationFeed } from './feed/revocation-feed.ts'
import type { RevocationFeed } from './feed/revocation-feed.ts'
import { systemTimers } from './feed/timers.ts'
import type { Timers } from './feed/timers.ts'
import type { Context, Passwords, Settings } from './flows/context.ts'
import { createKeySchedule } from './flows/key-schedule.ts'
import type { KeySchedule } from './flows/key-schedule.ts'
import { KNOWN_SOURCE_SECONDS } from './flows/login.ts'
import { createHttpServer } from './http/server.ts'
import { openSqliteStore } from './store/sqlite/open.ts'
import { StoreUnavailableError } from './store/store.ts'
import type { Store } from './store/store.ts'

/** What a test or a simulation puts in the place of the machine's own. */
export interface Overrides {
  readonly now?: () => EpochSeconds
  readonly randomBytes?: (size: number) => Uint8Array
  readonly store?: Store
  readonly passwords?: Passwords
  readonly log?: Logger
  readonly timers?: Timers
  /** @see KeySettings */
  readonly publicationMarginSeconds?: number
}

/** The server without its HTTP: what a command needs to work on the same data. */
export interface Core {
  readonly config: SettledConfig
  readonly context: Context
  readonly keyring: Keyring
  /** Absolute path. */
  readonly dataDirectory: string
  close(): Promise<void>
}

export interface AuthServer {
  readonly config: SettledConfig
  readonly context: Context
  readonly core: Core
  /** Protects the server's own account routes. */
  readonly guard: Guard
  /** What guards follow, and who they are. */
  readonly feed: RevocationFeed
  /** What rotates the signing keys; called every second by itself. */
  readonly keySchedule: KeySchedule
  readonly fastify: FastifyInstance
  /** Resolves when requests are answered. `url` is where, on this machine. */
  listen(): Promise<{ readonly url: string }>
  /** Lets requests under way finish, then closes the database. Idempotent. */
  close(): Promise<void>
}

/** The configuration once the issuer is known, which with port 0 follows from the port. */
export type SettledConfig = Config & { readonly issuer: string }

/**
 * Opens the auth server on its data, creating keys and tables at first start. Nothing listens before `listen()`.
 *
 * Rejects with `StoreUnavailableError` when the database cannot be opened, `MasterKeyError` when the master key is
 * missing, weak, readable by others or not the one that sealed the stored keys, `TypeError` for options that no
 * configuration can have.
 */
export async function createAuthServer(config: Config, overrides: Overrides = {}): Promise<AuthServer> {
  const core = await open(config, overrides, 'serve')
  try {
    return await serve(core, overrides)
  } catch (error) {
    await core.close()
    throw error
  }
}

/**
 * Opens the data of a server that has been started before, beside a running one or not. Makes no keys and no data
 * directory: a command's surroundings may lack the settings of the server's.
 *
 * Rejects as `createAuthServer` does, and with `StoreUnavailableError` where there is no data.
 */
export function openCore(config: Config, overrides: Overrides = {}): Promise<Core> {
  return open(config, overrides, 'visit')
}

/** `serve` makes what is missing; `visit` takes what is there. */
type Purpose = 'serve' | 'visit'

async function open(given: Config, overrides: Overrides, purpose: Purpose): Promise<Core> {
  const config = await settle(given)
  const now = overrides.now ?? systemNow
  const randomBytes = overrides.randomBytes ?? systemRandomBytes
  const dataDirectory = resolve(config.dataDir)
  const databasePath = join(dataDirectory, DATABASE_FILE)
  if (purpose === 'serve') mkdirSync(dataDirectory, { recursive: true, mode: 0o700 })
  else if (!existsSync(databasePath)) throw new StoreUnavailableError(`There is no Signet data in ${dataDirectory}`)
  const masterKey = openMasterKey(config, dataDirectory, randomBytes)
  const store = overrides.store ?? (await openSqliteStore({ path: databasePath }))
  try {
    const keyring = await loadKeyring({
      keys: store.signingKeys,
      masterKey,
      algorithm: config.algorithm,
      hmacSecret: config.hs256Secret?.reveal() ?? null,
      tokenSeconds: config.accessTokenTtlSeconds,
      now,
      source: STARTING,
      mayCreate: purpose === 'serve',
    })
    const context: Context = {
      store,
      now,
      randomBytes,
      newAccountId: () => newAccountId(randomBytes),
      newSessionId: () => newSessionId(randomBytes),
      passwords: overrides.passwords ?? (await openPasswords(config, randomBytes)),
      accessTokens: keyring,
      accessTokenReader: createAccessTokenReader({
        issuer: config.issuer,
        algorithms: algorithmsOf(config),
        keys: keyring.keySource,
        now,
      }),
      signingKeys: keyring,
      seals: createSeals(masterKey),
      refreshTokens: createRefreshTokens(await loadServerSecret(store.secrets, masterKey, randomBytes)),
      addressLimit: createAddressLimit({
        attempts: config.loginAddressAttempts,
        windowSeconds: config.loginAddressWindowSeconds,
      }),
      settings: settingsOf(config, overrides.publicationMarginSeconds ?? PUBLICATION_MARGIN_SECONDS),
    }
    return { config, context, keyring, dataDirectory, close: () => store.close() }
  } catch (error) {
    await store.close()
    throw error
  }
}

const DATABASE_FILE = 'signet.db'
const STARTING: Source = { address: 'local', userAgent: 'signet', requestId: 'start' }

/** The only place where the clock is read. */
function systemNow(): EpochSeconds {
  return Math.floor(Date.now() / 1000)
}

async function settle(config: Config): Promise<SettledConfig> {
  const { issuer } = config
  if (issuer !== null) return { ...config, issuer }
  const port = await freePort(config.host)
  return { ...config, port, issuer: `http://localhost:${port}` }
}

/** Tokens name the issuer and the issuer names the port, so a free port has to be found before anything else. */
async function freePort(host: string): Promise<number> {
  const probe = createServer().listen(0, host)
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  await once(probe, 'close')
  return port
}

function openMasterKey(config: Config, directory: string, randomBytes: (size: number) => Uint8Array): MasterKey {
  const { masterKey, masterKeyPrevious } = config
  const path = join(directory, MASTER_KEY_FILE)
  if (masterKey === null) {
    return createMasterKey(loadMasterKeyFile(path, randomBytes), randomBytes, () => readMasterKeyFile(path))
  }
  const previous = masterKeyPrevious === null ? [] : [masterKeyPrevious.reveal()]
  // Whoever moves from the file to the variable can still read what the file's key sealed.
  const former = existsSync(path) ? loadMasterKeyFile(path, randomBytes) : []
  return createMasterKey([masterKey.reveal(), ...previous, ...former], randomBytes)
}

async function openPasswords(config: Config, randomBytes: (size: number) => Uint8Array): Promise<Passwords> {
  const { passwordMemoryKib: memoryKib, passwordPasses: passes, passwordConcurrency: concurrency } = config
  return createPasswords({
    argon2: await loadArgon2(),
    randomBytes,
    parameters: { memoryKib, passes, parallelism: 1 },
    ...(concurrency === null ? {} : { concurrency }),
    maxWaiting: config.passwordQueue,
    isCommon: isCommonPassword,
  })
}

/** Longer ones gain nothing; the limit keeps the work of a request bounded. */
const PASSWORD_MAX_LENGTH = 256

/** Sources share this delay, so that one of them could use up every turn: it stays short. */
const MAX_SUM_DELAY_SECONDS = 60

/** Every node has noticed a new key and published it, twice over. */
const PUBLICATION_MARGIN_SECONDS = 2 * UNNOTICED_SECONDS

function settingsOf(config: SettledConfig, publicationMarginSeconds: number): Settings {
  const forgetAfterSeconds = config.loginForgetAfterSeconds
  return {
    issuer: config.issuer,
    audiences: config.audiences,
    clients: config.clients,
    scopes: config.scopes,
    registration: config.registration,
    revocationFeed: config.revocationFeed ?? (isLoopback(new URL(config.issuer).hostname) ? 'open' : 'credential'),
    accessTokenTtlSeconds: config.accessTokenTtlSeconds,
    keys: {
      algorithm: config.algorithm,
      rotationIntervalSeconds: isHmac(config.algorithm) ? null : config.keyRotationIntervalSeconds,
      jwksMaxAgeSeconds: config.jwksMaxAgeSeconds,
      publicationMarginSeconds,
    },
    adminLoginMaxAgeSeconds: config.adminLoginMaxAgeSeconds,
    idleTtlSeconds: config.refreshIdleTtlSeconds,
    absoluteTtlSeconds: config.refreshAbsoluteTtlSeconds,
    graceSeconds: config.refreshGraceSeconds,
    browserGraceSeconds: config.browserGraceSeconds,
    passwordPolicy: { minLength: config.passwordMinLength, maxLength: PASSWORD_MAX_LENGTH },
    sourceAttempts: {
      freeAttempts: config.loginFreeAttempts,
      maxDelaySeconds: config.loginMaxDelaySeconds,
      ceiling: config.loginCeiling,
      forgetAfterSeconds,
    },
    accountAttempts: {
      freeAttempts: 2 * config.loginFreeAttempts,
      maxDelaySeconds: Math.min(MAX_SUM_DELAY_SECONDS, config.loginMaxDelaySeconds),
      ceiling: config.loginCeiling,
      forgetAfterSeconds,
    },
  }
}

async function serve(core: Core, overrides: Overrides): Promise<AuthServer> {
  const { config, context, keyring } = core
  const log = overrides.log ?? pino({ level: config.logLevel })
  const timers = overrides.timers ?? systemTimers
  await context.store.signingKeys.rememberJwksMaxAge(config.jwksMaxAgeSeconds)
  const guard = ownGuard(core)
  const feed = createRevocationFeed({
    revocations: context.store.revocations,
    credentials: context.store.guardCredentials,
    now: context.now,
    timers,
    maxReaders: config.revocationFeedMaxReaders,
    onError: (error) => log.warn({ reason: reasonOf(error) }, 'the revocation list could not be read; guards wait'),
  })
  await feed.start()
  const fastify = await createHttpServer({
    config,
    context,
    guard,
    jwks: () => keyring.jwks(),
    ready: () => context.store.ping(),
    feed,
    log,
  })
  const pruning = setInterval(() => prune(context, config, log), PRUNE_EVERY_MILLISECONDS)
  pruning.unref()
  const schedule = keySchedule(core, feed, log)
  const stopKeys = timers.every(KEYS_EVERY_MILLISECONDS, keepKeys(schedule, log))
  let closed: Promise<void> | undefined
  const close = async (): Promise<void> => {
    clearInterval(pruning)
    stopKeys()
    feed.close()
    await fastify.close()
    guard.close()
    // what cannot be said now lapses by itself
    await schedule.leave().catch((error: unknown) => log.warn({ reason: reasonOf(error) }, 'left without a word'))
    await core.close()
  }
  return {
    config,
    context,
    core,
    guard,
    feed,
    keySchedule: schedule,
    fastify,
    listen: async () => ({ url: await fastify.listen({ port: config.port, host: config.host }) }),
    close: () => (closed ??= close()),
  }
}

/** What this server's own tokens may be signed with. */
function algorithmsOf({ algorithm }: Config): readonly Algorithm[] {
  return algorithm === 'HS256' ? ['HS256'] : ASYMMETRIC_ALGORITHMS
}

function ownGuard({ config, context, keyring }: Core): Guard {
  const origins = [config.issuer, ...config.allowedOrigins]
  const secure = config.issuer.startsWith('https:')
  return createGuard({
    issuer: config.issuer,
    audience: config.issuer,
    algorithms: algorithmsOf(config),
    keys: keyring.keySource,
    now: context.now,
    dpop: { publicUrl: config.issuer },
    cookie: config.accessCookie && {
      secure,
      origins,
      verifyCsrfToken: (token, claims) => context.refreshTokens.checkCsrfToken(token, claims.sid ?? ''),
    },
  })
}

const KEYS_EVERY_MILLISECONDS = 1000
const SCHEDULE: Source = { address: 'local', userAgent: 'signet', requestId: 'keys' }

/** Keeps this node's keys in step with what other nodes and commands do, and rotates them when it is time. */
function keySchedule({ context }: Core, feed: RevocationFeed, log: Logger): KeySchedule {
  return createKeySchedule(context, {
    node: Buffer.from(context.randomBytes(16)).toString('base64url'),
    connectedGuards: () => guardsWithKeys(feed),
    source: SCHEDULE,
    onWait: (guards) => {
      if (guards === null) log.info('the key rotation goes on')
      else log.warn({ guards }, 'the key rotation waits for guards that do not hold the next key')
    },
  })
}

/** One look at a time: a slow database must not gather a queue of them. */
function keepKeys(schedule: KeySchedule, log: Logger): () => void {
  let isLooking = false
  let failure: string | null = null
  const look = async (): Promise<void> => {
    try {
      await schedule.tick()
      failure = null
    } catch (error) {
      const reason = reasonOf(error)
      if (reason !== failure) log.warn({ reason }, 'keeping the keys failed; it is tried again every second')
      failure = reason
    }
  }
  return () => {
    if (isLooking) return
    isLooking = true
    void look().finally(() => {
      isLooking = false
    })
  }
}

/** Whoever follows the feed without saying which keys it holds verifies nothing that a rotation could break. */
function guardsWithKeys(feed: RevocationFeed): readonly ConnectedGuard[] {
  return feed
    .connectedGuards()
    .filter(({ kids }) => kids.length > 0)
    .map(({ name, address, kids }) => ({ name: name === '' ? address : name, kids }))
}

const PRUNE_EVERY_MILLISECONDS = 600_000

/** What is forgotten here can never matter again: counters of failures and known sources outlive short sessions. */
function prune(context: Context, config: Config, log: Logger): void {
  const keepSeconds = Math.max(config.refreshAbsoluteTtlSeconds, config.loginForgetAfterSeconds, KNOWN_SOURCE_SECONDS)
  context.store.prune(context.now(), keepSeconds).catch((error: unknown) => {
    log.warn({ reason: reasonOf(error) }, 'pruning failed; it will be tried again')
  })
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : 'unknown'
}
