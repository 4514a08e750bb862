import { SignetError } from '@signet/protocol'
import { draftEvent } from '../domain/event.ts'
import type { Source } from '../domain/event.ts'
import { planKeys, rotationOutlook } from '../domain/key-rotation.ts'
import type { KeyPlan, KeyStep, RotationOutlook } from '../domain/key-rotation.ts'
import { whoIs } from './caller.ts'
import type { Caller } from './caller.ts'
import type { Context } from './context.ts'
import { readKeys } from './read-keys.ts'
import type { KeyState } from './read-keys.ts'

/**
 * Does with the signing keys what is due, and resolves to what is left to wait for.
 *
 * Any number of nodes may do so at once: each step happens on one of them.
 *
 * @see planKeys
 */
export async function rotateKeys(context: Context, source: Source): Promise<KeyPlan> {
  for (let steps = 0; ; steps++) {
    const state = await readKeys(context)
    const plan = planKeys(state.keys, state.policy, state.guards, state.now)
    if (plan.step === null || steps === MAX_STEPS) return plan
    await carryOut(context, plan.step, state, source)
  }
}

/** Far more than there can be due at once; nodes with different settings must not keep each other busy. */
const MAX_STEPS = 20

export interface StartedRotation extends RotationOutlook {
  /** Whether this call published the new key; `false` when a rotation was under way already. */
  readonly started: boolean
}

/**
 * Begins a rotation now: publishes the next key. A running server makes it sign when it is time.
 *
 * Throws `keys_fixed` where the key is a secret from the configuration.
 *
 * @param by the administrator who asked for it over HTTP, for the log
 */
export async function startRotation(
  context: Context,
  source: Source,
  by: Caller | null = null,
): Promise<StartedRotation> {
  if (context.settings.keys.rotationIntervalSeconds === null) throw keysFixed()
  let started = false
  for (;;) {
    const state = await readKeys(context)
    const outlook = rotationOutlook(state.keys, state.policy, state.guards, state.now)
    if (outlook.pending !== null) return { ...outlook, started }
    started = await publishNext(context, state, { because: 'command', source, by })
  }
}

/** What `startRotation` would do, doing nothing. Throws `keys_fixed` as it does. */
export async function foreseeRotation(context: Context): Promise<RotationOutlook> {
  if (context.settings.keys.rotationIntervalSeconds === null) throw keysFixed()
  const { keys, policy, guards, now } = await readKeys(context)
  return rotationOutlook(keys, policy, guards, now)
}

export function keysFixed(): SignetError {
  return new SignetError('keys_fixed', { detail: 'The key is SIGNET_HS256_SECRET: set another one and restart.' })
}

async function carryOut(context: Context, step: KeyStep, state: KeyState, source: Source): Promise<void> {
  const { signingKeys } = context.store
  const at = context.now()
  switch (step.kind) {
    case 'create':
      await publishNext(context, state, { because: step.because, source, by: null })
      return
    case 'activate': {
      const { kid, retires } = step
      const retired = retires === null ? [] : [draftEvent('key.retired', at, source, { details: { kid: retires } })]
      const events = [draftEvent('key.activated', at, source, { details: { kid } }), ...retired]
      await signingKeys.activate(kid, { at, retires }, events)
      break
    }
    case 'drop': {
      const { kid, because } = step
      const event = draftEvent('key.dropped', at, source, { details: { kid, because } })
      await signingKeys.drop(kid, because === 'lapsed' ? 'retired' : 'pending', [event])
      break
    }
  }
  await context.signingKeys.refresh()
}

interface Cause {
  readonly because: string
  readonly source: Source
  readonly by: Caller | null
}

/** `false` when another node was faster. */
async function publishNext(context: Context, { keys }: KeyState, cause: Cause): Promise<boolean> {
  const { because, source, by } = cause
  const active = keys.find(({ state }) => state === 'active')
  const key = await context.signingKeys.create('pending')
  const details = { kid: key.kid, alg: key.alg, because }
  const event = draftEvent('key.published', key.createdAt, source, { ...whoIs(by), details })
  const published = await context.store.signingKeys.publish(key, active?.kid ?? null, [event])
  await context.signingKeys.refresh()
  return published
}
