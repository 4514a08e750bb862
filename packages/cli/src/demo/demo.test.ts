import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSignet } from '../testing/run-signet.ts'

test('the demo plays every step and each does what it says', async () => {
  const { exitCode, stdout, stderr } = await runSignet(['demo'])
  assert.equal(exitCode, 0, stdout + stderr)
  assert.match(stdout, /steps did what they say, 0 did not/)
  assert.doesNotMatch(stdout, /✘/)
})
