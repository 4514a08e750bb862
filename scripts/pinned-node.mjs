// Loaded before every script (`node --import ./scripts/pinned-node.mjs …`). npm puts the Node that `npm ci` installed
// first on the PATH, and then this does nothing. npm 10 does not link it where a package has it for several platforms,
// so an older Node that gets here hands over to it, or says what is missing.
// Plain JavaScript that Node 18 can read: a Node too old for TypeScript would stop with an error about file extensions.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED = [24, 15]
const MODULES = fileURLToPath(new URL('../node_modules', import.meta.url))

if (isTooOld()) {
  const pinned = findPinnedNode()
  process.exit(pinned === undefined ? explain() : await handOver(pinned))
}

function isTooOld() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])
}

function findPinnedNode() {
  const { platform, arch } = process
  const program = platform === 'win32' ? 'node.exe' : 'node'
  const packages = [`node-bin-${platform}-${arch}`, `node-${platform === 'win32' ? 'win' : platform}-${arch}`]
  return packages.map((name) => join(MODULES, name, 'bin', program)).find((path) => existsSync(path))
}

/** Runs the same command line; resolves to its exit code. Processes it starts find the same Node. */
function handOver(node) {
  const PATH = dirname(node) + delimiter + (process.env.PATH ?? '')
  const env = { ...process.env, PATH }
  const child = spawn(node, [...process.execArgv, ...process.argv.slice(1)], { stdio: 'inherit', env })
  // A terminal sends its interrupt to both; the one that works decides when to end.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
}

function explain() {
  process.stderr.write(
    `Signet needs Node ${NEEDED.join('.')} or newer, and this is ${process.versions.node}.\n` +
      'npm ci brings the right one where there is one for the platform: run it, or install Node 26 from\n' +
      'https://nodejs.org, and try again.\n',
  )
  return 1
}
