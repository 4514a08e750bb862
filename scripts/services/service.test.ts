import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BadSetting, defineService, NotHere, type ServiceDefinition } from './service.ts'

describe('bringing a service up', () => {
  it('takes the one given in the environment and looks no further', async () => {
    const running = await defineService(serviceAt({ given: 'given', locate: [found('located')] })).bringUp()
    assert.equal(running.kind === 'running' && running.where, 'given')
  })

  it('an explicit setting that does not work is an error, never a silent fall back', async () => {
    const service = defineService({
      ...serviceAt({ given: 'given', locate: [found('located')] }),
      start: () => Promise.reject(new BadSetting('refused')),
    })
    await assert.rejects(service.bringUp(), BadSetting)
  })

  it('takes the first way that leads somewhere', async () => {
    const service = defineService(
      serviceAt({ given: null, locate: [lost('not on PATH'), found('second'), found('third')] }),
    )
    const running = await service.bringUp()
    assert.equal(running.kind === 'running' && running.where, 'second')
  })

  it('goes on to the next way when a found one does not start', async () => {
    const definition = serviceAt({ given: null, locate: [found('broken'), found('second')] })
    const service = defineService({
      ...definition,
      start: (where) => (where === 'broken' ? Promise.reject(new NotHere('broken')) : definition.start(where)),
    })
    const running = await service.bringUp()
    assert.equal(running.kind === 'running' && running.where, 'second')
  })

  it('says why each way failed, and what to do', async () => {
    const service = defineService(serviceAt({ given: null, locate: [lost('not on PATH'), lost('no Debian')] }))
    assert.deepEqual(await service.bringUp(), {
      kind: 'missing',
      reasons: ['not on PATH', 'no Debian'],
      remedy: 'install it',
    })
  })

  it('a fault of the search itself is not taken for absence', async () => {
    const service = defineService(
      serviceAt({ given: null, locate: [() => Promise.reject(new RangeError('a bug')), found('second')] }),
    )
    await assert.rejects(service.bringUp(), RangeError)
  })
})

function serviceAt(ways: {
  given: string | null
  locate: readonly (() => Promise<string>)[]
}): ServiceDefinition<string> {
  return {
    name: 'A service',
    remedy: 'install it',
    given: async () => ways.given,
    locate: ways.locate,
    start: async (where) => ({ where, env: {}, stop: async () => {} }),
  }
}

function found(where: string): () => Promise<string> {
  return async () => where
}

function lost(reason: string): () => Promise<string> {
  return () => Promise.reject(new NotHere(reason))
}
