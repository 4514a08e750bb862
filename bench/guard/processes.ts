import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Setup } from './contenders.ts'
import type { LoadOrder, LoadResult } from './load.ts'

export interface ServerProcess {
  readonly port: number
  /** CPU time the process has used, in microseconds. */
  cpuTime(): Promise<number>
  stop(): void
}

/** Starts a server process; resolves when it listens. */
export async function startServer(script: 'server.ts' | 'ceiling.ts', setup?: Setup): Promise<ServerProcess> {
  const child = forkScript(script, setup === undefined ? [] : [JSON.stringify(setup)])
  const answer = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const fail = (): void => reject(new Error(`${script} ended: ${JSON.stringify(setup)}`))
      child.once('exit', fail)
      child.once('message', (message) => {
        child.off('exit', fail)
        resolve(message as number)
      })
    })
  return {
    port: await answer(),
    cpuTime: () => {
      child.send('cpu')
      return answer()
    },
    stop: () => void child.kill(),
  }
}

export class LoadGenerator {
  readonly #child = forkScript('load.ts', [])

  async send(order: LoadOrder): Promise<void> {
    const result = new Promise<LoadResult>((resolve, reject) => {
      this.#child.once('message', (message) => resolve(message as LoadResult))
      this.#child.once('exit', () => reject(new Error('the load generator ended')))
    })
    this.#child.send(order)
    const failure = await result
    this.#child.removeAllListeners('exit')
    if (failure !== null) throw new Error(failure)
  }

  stop(): void {
    this.#child.kill()
  }
}

function forkScript(script: string, args: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(script, import.meta.url))
  return fork(path, [...args], { execArgv: ['--conditions=@signet/source'] })
}
