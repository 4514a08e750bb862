// Loaded before every script (`node --import`), so it must stay plain JavaScript that an old Node can read: without it,
// an old Node stops at the first TypeScript file with an error about file extensions.
const NEEDED = [24, 15]

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `Signet needs Node ${NEEDED.join('.')} or newer, and this is ${process.versions.node}.\n` +
      'Run it through npm after `npm ci`, which brings the right Node with it; if it did and you still read this,\n' +
      'npm has no Node for this platform: install Node 26 from https://nodejs.org and try again.\n',
  )
  process.exit(1)
}
