import { readFileSync } from 'node:fs'
import { ConfigError } from './config-error.ts'
import type { ConfigFault } from './config-error.ts'
import { isLoopbackHost } from './checks.ts'
import type { Reading } from './kinds.ts'
import { rememberOrigins } from './origins.ts'
import type { ValueOrigin } from './origins.ts'
import { SETTINGS } from './schema.ts'
import type { Config, Setting, SettingName } from './schema.ts'
import { suggest } from './suggest.ts'

export interface ConfigSources {
  /** Environment variables; the caller passes `process.env`. Only names that begin with `SIGNET_` are looked at. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The parsed content of `signet.config.json`. */
  readonly file?: unknown
  /** Settings given in code. */
  readonly object?: unknown
  /** Reads the files named by `SIGNET_…_FILE`. Default: from the disk, as UTF-8. */
  readonly readSecretFile?: (path: string) => string
}

/**
 * Makes the configuration. For each setting the first of these that names it counts: object, environment, file, default.
 *
 * Throws `ConfigError` with every fault there is: unknown names, values of the wrong form or out of bounds, settings
 * that contradict each other. Does not open, create or connect to anything but the secret files it is pointed at.
 * `issuer` is `null` only with port 0 and no issuer given: then it follows from the port the server gets.
 */
export function loadConfig(sources: ConfigSources): Config {
  const given = { env: sources.env, file: membersOf(sources.file), object: membersOf(sources.object) }
  const faults: ConfigFault[] = [
    ...shapeFaults('signet.config.json', sources.file),
    ...shapeFaults('the configuration object', sources.object),
    ...unknownVariables(sources.env),
    ...unknownMembers('signet.config.json', given.file),
    ...unknownMembers('the configuration object', given.object),
  ]
  const readFile = sources.readSecretFile ?? ((path: string): string => readFileSync(path, 'utf8'))
  const values = new Map<string, unknown>()
  const origins = new Map<string, ValueOrigin>()
  for (const [name, row] of Object.entries<Setting<unknown>>(SETTINGS)) {
    const found = find(name, row, given, readFile)
    if (found.reading.ok) {
      values.set(name, found.reading.value)
      origins.set(name, found.origin)
    } else {
      faults.push({ variable: found.variable, problem: found.reading.problem, example: row.example })
    }
  }
  if (faults.length === 0) faults.push(...contradictions(configOf(values)))
  if (faults.length > 0) throw new ConfigError(faults)
  return rememberOrigins(Object.freeze(withIssuer(configOf(values))), origins)
}

interface Given {
  readonly env: ConfigSources['env']
  readonly file: ReadonlyMap<string, unknown>
  readonly object: ReadonlyMap<string, unknown>
}

interface Found {
  /** What to call the place in a fault. */
  readonly variable: string
  readonly origin: ValueOrigin
  readonly reading: Reading<unknown>
}

function find(name: string, row: Setting<unknown>, given: Given, readFile: (path: string) => string): Found {
  if (given.object.has(name)) {
    return { variable: name, origin: { kind: 'code' }, reading: row.kind.fromValue(given.object.get(name)) }
  }
  const inEnvironment = findInEnvironment(row, given.env, readFile)
  if (inEnvironment !== null) return inEnvironment
  if (given.file.has(name)) {
    const reading = row.kind.fromValue(given.file.get(name))
    return { variable: `${name} in signet.config.json`, origin: { kind: 'file' }, reading }
  }
  return { variable: row.env, origin: { kind: 'default' }, reading: { ok: true, value: row.default } }
}

function findInEnvironment(
  row: Setting<unknown>,
  env: ConfigSources['env'],
  readFile: (path: string) => string,
): Found | null {
  const fileVariable = fileVariableOf(row)
  const path = fileVariable === null ? undefined : env[fileVariable]
  const text = env[row.env]
  if (fileVariable !== null && path !== undefined) {
    const origin: ValueOrigin = { kind: 'environment', variable: fileVariable }
    if (text !== undefined) {
      return { variable: fileVariable, origin, reading: { ok: false, problem: `is set together with ${row.env}` } }
    }
    return { variable: fileVariable, origin, reading: readSecret(row, path, readFile) }
  }
  if (text === undefined) return null
  const origin: ValueOrigin = { kind: 'environment', variable: row.env }
  if (text === '') return { variable: row.env, origin, reading: EMPTY }
  return { variable: row.env, origin, reading: row.kind.fromText(text) }
}

const EMPTY = { ok: false, problem: 'is empty: give it a value or leave it out' } as const

/** One trailing line end is the editor's, not the secret's. */
function readSecret(row: Setting<unknown>, path: string, readFile: (path: string) => string): Reading<unknown> {
  if (path === '') return EMPTY
  let text: string
  try {
    text = readFile(path).replace(/\r?\n$/, '')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
    return { ok: false, problem: `names a file that cannot be read${code}` }
  }
  return text === '' ? { ok: false, problem: 'names an empty file' } : row.kind.fromText(text)
}

function fileVariableOf(row: Setting<unknown>): string | null {
  return row.secret === true ? `${row.env}_FILE` : null
}

/** What holds between settings; asked only when each is sound by itself. */
function contradictions(config: Config): readonly ConfigFault[] {
  const faults: ConfigFault[] = []
  const fault = (name: SettingName, problem: string): void => {
    faults.push({ variable: SETTINGS[name].env, problem, example: SETTINGS[name].example })
  }
  if (config.refreshAbsoluteTtlSeconds < config.refreshIdleTtlSeconds) {
    fault('refreshAbsoluteTtlSeconds', `is below ${SETTINGS.refreshIdleTtlSeconds.env}`)
  }
  if (config.requestTimeoutSeconds < config.headersTimeoutSeconds) {
    fault('requestTimeoutSeconds', `is below ${SETTINGS.headersTimeoutSeconds.env}`)
  }
  if (config.masterKeyPrevious !== null && config.masterKey === null) {
    fault('masterKeyPrevious', `is set without ${SETTINGS.masterKey.env}: older keys of a master.key file stay in it`)
  }
  if (config.algorithm === 'HS256' && config.hs256Secret === null) {
    fault('hs256Secret', `is missing: ${SETTINGS.algorithm.env} is HS256`)
  }
  if (config.algorithm !== 'HS256' && config.hs256Secret !== null) {
    fault('hs256Secret', `is set, but ${SETTINGS.algorithm.env} is not HS256`)
  }
  if (isPlainHttp(config.issuer) && !isLoopbackHost(config.host)) {
    fault(
      'issuer',
      `is plain http, while ${SETTINGS.host.env} lets other machines connect: passwords would travel in clear`,
    )
  }
  return faults
}

function isPlainHttp(issuer: string | null): boolean {
  return issuer === null || issuer.startsWith('http:')
}

function withIssuer(config: Config): Config {
  if (config.issuer !== null || config.port === 0) return config
  return { ...config, issuer: new URL(`http://localhost:${config.port}`).origin }
}

/** Names that begin like ours and belong to our tools, not to the server. */
const TOOL_VARIABLES: ReadonlySet<string> = new Set(['SIGNET_REQUIRE_SERVICES'])

function unknownVariables(env: ConfigSources['env']): readonly ConfigFault[] {
  const rows = Object.values<Setting<unknown>>(SETTINGS)
  const known = new Set(rows.flatMap((row) => [row.env, fileVariableOf(row) ?? row.env]))
  return Object.keys(env)
    .filter((name) => name.startsWith('SIGNET_') && !known.has(name) && !TOOL_VARIABLES.has(name))
    .map((name) => unknown(name, known))
}

function unknownMembers(where: string, members: ReadonlyMap<string, unknown>): readonly ConfigFault[] {
  const known = Object.keys(SETTINGS)
  return [...members.keys()]
    .filter((name) => !known.includes(name) && name !== '$schema')
    .map((name) => unknown(name, known, ` in ${where}`))
}

function unknown(name: string, known: Iterable<string>, where = ''): ConfigFault {
  const meant = suggest(name, known)
  const question = meant === null ? '' : `; did you mean ${meant}?`
  return { variable: name, problem: `is not a setting${where}${question}`, example: null }
}

function shapeFaults(where: string, given: unknown): readonly ConfigFault[] {
  const isObject = given === undefined || (typeof given === 'object' && given !== null && !Array.isArray(given))
  return isObject ? [] : [{ variable: where, problem: 'must be one JSON object', example: '{ "port": 4747 }' }]
}

/** Own members only; one that is `undefined` is not given. */
function membersOf(given: unknown): ReadonlyMap<string, unknown> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return new Map()
  return new Map(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** The map holds exactly one value of the right kind for each row of the table. */
function configOf(values: ReadonlyMap<string, unknown>): Config {
  return Object.fromEntries(values) as unknown as Config
}
