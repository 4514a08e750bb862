import { CommanderError } from 'commander'
import { SignetError } from '@signet/protocol'
import { ConfigError, MasterKeyError, StoreUnavailableError } from '@signet/server'

/** A mistake of the person at the keyboard, said in one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/**
 * Prints a failure the way a person can act on it and returns the exit code. A stack trace is printed only for what
 * nobody expected, because then it is what helps.
 */
export function reportFailure(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (error instanceof UsageError || error instanceof ConfigError) return say(error.message, 2)
  if (error instanceof SignetError) return say(error.detail ?? error.reason ?? error.code, 1)
  if (error instanceof MasterKeyError || error instanceof StoreUnavailableError) return say(error.message, 1)
  if (isExpectedSystemError(error)) return say(error.message, 1)
  console.error(error)
  return 1
}

function say(message: string, exitCode: number): number {
  console.error(message)
  return exitCode
}

/** An occupied port, a missing file, a folder that may not be written: the message says it all. */
function isExpectedSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error
}
