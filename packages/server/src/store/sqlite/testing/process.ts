import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'
import type { Orders, Report } from './worker.ts'

/** Another process that works on a database; the tests tell it what to do and may kill it at any moment. */
export interface TestProcess {
  readonly process: ChildProcess
  /** The next report, in order. Rejects when the process ends without one. */
  next(): Promise<Report>
  send(orders: Orders): void
  /** SIGKILL: no handler runs, nothing is flushed. */
  kill(): Promise<void>
}

export function startTestProcess(): TestProcess {
  const child = fork(new URL('./worker.ts', import.meta.url), { execArgv: ['--conditions=@signet/source'] })
  const reports: Report[] = []
  let wake: (() => void) | undefined
  let ended = false
  child.on('message', (report) => {
    reports.push(report as Report)
    wake?.()
  })
  child.on('exit', () => {
    ended = true
    wake?.()
  })
  return {
    process: child,
    async next() {
      for (;;) {
        const report = reports.shift()
        if (report !== undefined) return report
        if (ended) throw new Error('the process ended without a report')
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
    send: (orders) => void child.send(orders),
    async kill() {
      if (ended) return
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
  }
}
