import { execFile } from 'node:child_process'

export interface Finished {
  /** 127 when there is no such command. */
  readonly exitCode: number
  readonly timedOut: boolean
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string | undefined
  readonly env?: NodeJS.ProcessEnv
  readonly timeoutSeconds?: number
}

/** Runs a command to its end and keeps what it wrote. Does not throw when the command fails. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { cwd, env = process.env, timeoutSeconds = 300 } = options
  return new Promise((resolve) => {
    const settings = {
      cwd,
      env,
      timeout: timeoutSeconds * 1000,
      maxBuffer: 64 * 1024 * 1024,
      encoding: 'utf8',
    } as const
    execFile(command, args, settings, (error, stdout, stderr) => {
      const exitCode =
        error === null ? 0 : typeof error.code === 'number' ? error.code : error.code === 'ENOENT' ? 127 : 1
      resolve({ exitCode, timedOut: error?.killed === true, stdout, stderr })
    })
  })
}
