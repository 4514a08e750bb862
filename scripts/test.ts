import { spawn } from 'node:child_process'
import { globSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pyjwt } from './services/pyjwt.ts'
import { BadSetting, type RunningService, type Service } from './services/service.ts'

/**
 * `npm test`: brings up what tests need from outside, runs every test file, and takes the services down again.
 *
 *     npm test                                  everything
 *     npm test -- jwt                           files with "jwt" in their path
 *     npm test -- --test-name-pattern=refresh   flags go to `node --test`
 *
 * A service that cannot be had is named, and its tests skip; with `SIGNET_REQUIRE_SERVICES=1` it is a failure.
 */
const REPOSITORY = join(import.meta.dirname, '..')
const CACHE = join(REPOSITORY, '.cache')

const SERVICES: readonly Service[] = [pyjwt(CACHE)]

const TEST_FILES = [
  'packages/*/src/**/*.test.ts',
  'packages/*/test/**/*.test.ts',
  'examples/**/*.test.ts',
  'conformance/**/*.test.ts',
  'tests/**/*.test.ts',
  'scripts/**/*.test.ts',
]

/** Generous: only a test that hangs ever meets it. */
const TEST_TIMEOUT_SECONDS = 180

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof BadSetting)) throw error
  console.error(error.message)
  process.exitCode = 1
}

async function main(args: readonly string[]): Promise<number> {
  const words = args.filter((arg) => !arg.startsWith('-'))
  const flags = args.filter((arg) => arg.startsWith('-'))
  const files = testFiles(words)
  if (files.length === 0) {
    console.error(`No test file has ${words.map((word) => `"${word}"`).join(' or ')} in its path.`)
    return 1
  }

  const running: RunningService[] = []
  try {
    for (const service of SERVICES) {
      const found = await bringUp(service)
      if (found === 'required') return 1
      if (found !== 'skipped') running.push(found)
    }
    return await runTests(files, flags, Object.assign({}, ...running.map((service) => service.env)))
  } finally {
    for (const service of running.toReversed()) await service.stop()
  }
}

function testFiles(words: readonly string[]): readonly string[] {
  const isOurs = (path: string): boolean => !/(^|[\\/])(node_modules|dist|corpus)[\\/]/.test(path)
  const isAskedFor = (path: string): boolean => words.length === 0 || words.some((word) => path.includes(word))
  return globSync(TEST_FILES, { cwd: REPOSITORY })
    .filter((path) => isOurs(path) && isAskedFor(path))
    .toSorted()
}

async function bringUp(service: Service): Promise<RunningService | 'skipped' | 'required'> {
  const found = await service.bringUp()
  if (found.kind === 'running') {
    console.log(`${service.name}: ${found.where}`)
    return found
  }
  const required = process.env['SIGNET_REQUIRE_SERVICES'] === '1'
  console.log(`${service.name}: ${required ? 'missing' : 'skipped'}: ${found.reasons.join('; ')}; ${found.remedy}`)
  return required ? 'required' : 'skipped'
}

/** Resolves to the exit code of `node --test`. An interrupt reaches every test process, and then services still stop. */
function runTests(files: readonly string[], flags: readonly string[], env: Record<string, string>): Promise<number> {
  const args = [
    '--conditions=@signet/source',
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${Math.max(2, availableParallelism())}`,
    `--test-timeout=${TEST_TIMEOUT_SECONDS * 1000}`,
    ...flags,
    ...files,
  ]
  // A group of its own, so that one signal sent to the group reaches each test process exactly once.
  const isPosix = process.platform !== 'win32'
  const child = spawn(process.execPath, args, {
    cwd: REPOSITORY,
    env: { ...withoutSettings(process.env), ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: isPosix,
  })
  const kill = (signal: NodeJS.Signals): void => {
    if (isPosix && child.pid !== undefined) process.kill(-child.pid, signal)
    else child.kill(signal)
  }
  const interrupt = (signal: NodeJS.Signals): void => {
    kill(signal)
    setTimeout(kill, 5000, 'SIGKILL').unref()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, interrupt)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}

/** What configures a server on this machine must not decide what a test sees; `SIGNET_TEST_…` is meant for tests. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isSetting = (name: string): boolean => name.startsWith('SIGNET_') && !name.startsWith('SIGNET_TEST_')
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isSetting(name)))
}
