#!/usr/bin/env node
// Plain JavaScript that any Node can parse, so that an old one gets a sentence instead of a syntax error.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < 24 || (major === 24 && minor < 15)) {
  console.error(
    `signet needs Node 24.15 or later; this is ${process.version}. In a clone, "npm start" and "npm run signet -- …" use the pinned one.`,
  )
  process.exit(1)
}

const { main } = await import('signet/main')
await main(process.argv.slice(2))
