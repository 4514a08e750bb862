import type { Source } from '../domain/event.ts'
import type { ConnectedGuard, KeyPlan } from '../domain/key-rotation.ts'
import type { EpochSeconds } from '../domain/time.ts'
import type { Context } from './context.ts'
import { rotateKeys } from './rotate-keys.ts'

/** Says again which guards are connected, though nothing has changed; a node is taken for gone after 150 s of silence. */
const REPORT_EVERY_SECONDS = 60

export interface KeyScheduleOptions {
  /** Tells this node's reports from those of others. */
  readonly node: string
  /** The guards that follow the feed at this node. */
  readonly connectedGuards: () => readonly ConnectedGuard[]
  /** What the log says about who rotated. */
  readonly source: Source
  /** Told when what a rotation waits for changes; `null` when it waits for nobody any more. */
  readonly onWait: (guards: readonly string[] | null) => void
}

/** Keeps one node's keys in step with the store, and the store's with the rules. */
export interface KeySchedule {
  /** Looks at what has changed and does what is due; for about once a second. Costs one small read when nothing is. */
  tick(): Promise<void>
  /** Says that no guard is connected here any more, so that no other node waits for them. */
  leave(): Promise<void>
}

export function createKeySchedule(context: Context, options: KeyScheduleOptions): KeySchedule {
  let plan: KeyPlan | null = null
  let reported = '[]'
  let reportedAt: EpochSeconds = Number.NEGATIVE_INFINITY
  let waitingFor = '[]'

  /** Whether the guards at this node are not those that others knew of. */
  const reportGuards = async (now: EpochSeconds): Promise<boolean> => {
    const guards = options.connectedGuards()
    const report = JSON.stringify(guards)
    const isNews = report !== reported
    if (!isNews && (guards.length === 0 || now - reportedAt < REPORT_EVERY_SECONDS)) return false
    await context.store.connections.report(options.node, guards, now)
    reported = report
    reportedAt = now
    return isNews
  }

  const announceWait = (now: EpochSeconds): void => {
    const lacking = plan?.wait !== null && plan !== null && now >= plan.wait.notBefore ? plan.wait.guards : []
    if (JSON.stringify(lacking) === waitingFor) return
    waitingFor = JSON.stringify(lacking)
    options.onWait(lacking.length === 0 ? null : lacking)
  }

  return {
    async tick() {
      const now = context.now()
      const hasNewKeys = await context.signingKeys.refresh()
      const hasNewGuards = await reportGuards(now)
      // guards of other nodes come and go unheard of here: only what is waited for is asked again
      const mayGoOn = plan === null || hasNewKeys || hasNewGuards || now >= plan.lookAgainAt || plan.wait !== null
      if (!mayGoOn) return
      plan = await rotateKeys(context, options.source)
      announceWait(context.now())
    },

    async leave() {
      if (reported !== '[]') await context.store.connections.report(options.node, [], context.now())
      reported = '[]'
    },
  }
}
