import { text } from 'node:stream/consumers'
import { isCancel, password } from '@clack/prompts'
import { UsageError } from './report-failure.ts'

/**
 * Asks for a new password: hidden and twice at a terminal, or the first line of standard input.
 * Never taken from an argument, where every process on the machine could read it.
 */
export async function askNewPassword(): Promise<string> {
  if (!process.stdin.isTTY) return firstLine(await text(process.stdin))
  const first = await ask('Password')
  const second = await ask('Once more')
  if (first !== second) throw new UsageError('The two passwords differ; nothing was created.')
  return first
}

async function ask(message: string): Promise<string> {
  const answer = await password({ message })
  if (isCancel(answer)) throw new UsageError('Cancelled; nothing was created.')
  return answer
}

function firstLine(input: string): string {
  const line = input.split(/\r?\n/, 1)[0] ?? ''
  if (line === '') throw new UsageError('No password on standard input.')
  return line
}
