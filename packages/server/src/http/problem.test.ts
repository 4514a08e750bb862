import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GuardError } from '@signet/guard'
import { SignetError } from '@signet/protocol'
import type { ProblemCode } from '@signet/protocol'
import { StoreUnavailableError } from '../store/store.ts'
import { failureOf } from './problem.ts'

const framework = (statusCode: number, code = 'FST_ERR_X'): Error =>
  Object.assign(new Error('/secret/path'), { statusCode, code })

const CASES: readonly { readonly name: string; readonly error: unknown; readonly code: ProblemCode }[] = [
  { name: 'a refusal of ours', error: new SignetError('throttled'), code: 'throttled' },
  { name: 'a refusal of the guard', error: new GuardError('token_expired'), code: 'token_expired' },
  { name: 'TR-08: a store that cannot be reached', error: new StoreUnavailableError('gone'), code: 'unavailable' },
  { name: 'a body too large', error: framework(413), code: 'body_too_large' },
  { name: 'an unknown media type', error: framework(415), code: 'content_type_unsupported' },
  { name: 'a parameter too long', error: framework(414), code: 'request_invalid' },
  { name: 'a length that is wrong', error: framework(400), code: 'request_invalid' },
  { name: 'a failure of the framework', error: framework(500), code: 'internal' },
  { name: 'a handler that took too long', error: framework(503, 'FST_ERR_HANDLER_TIMEOUT'), code: 'unavailable' },
  { name: 'an error of anybody', error: new RangeError('x'), code: 'internal' },
  { name: 'a system error', error: Object.assign(new Error('x'), { code: 'EMFILE' }), code: 'internal' },
  { name: 'something thrown that is no error', error: 'text', code: 'internal' },
  { name: 'undefined', error: undefined, code: 'internal' },
]

for (const { name, error, code } of CASES) {
  test(`failureOf: ${name} is ${code}`, () => {
    const failure = failureOf(error)
    assert.equal(failure.code, code)
    if (!(error instanceof SignetError)) assert.equal(failure.detail, undefined, 'nothing foreign is shown')
  })
}

test('a store that cannot be reached says when to come back', () => {
  assert.equal(failureOf(new StoreUnavailableError('gone')).retryAfterSeconds, 5)
})

test('field errors name members once, at most ten, and cut what the client made up', () => {
  const validation = [
    { keyword: 'required', instancePath: '', schemaPath: '#', params: { requiredProperties: ['email'] }, message: 'x' },
    { keyword: 'type', instancePath: '/name', schemaPath: '#', params: {}, message: 'must be string' },
    { keyword: 'anyOf', instancePath: '/name', schemaPath: '#', params: {}, message: 'must match a schema in anyOf' },
    { keyword: 'boolean', instancePath: `/\u001B[31m${'x'.repeat(500)}`, schemaPath: '#', params: {}, message: 'x' },
    ...Array.from({ length: 20 }, (_, index) => ({
      keyword: 'boolean',
      instancePath: `/${index}`,
      schemaPath: '#',
      params: {},
      message: 'x',
    })),
  ]
  const { errors } = failureOf(
    Object.assign(new Error('x'), { validation, statusCode: 400, code: 'FST_ERR_VALIDATION' }),
  )
  assert.equal(errors?.length, 10)
  assert.deepEqual(errors.slice(0, 2), [
    { field: '/email', message: 'is missing' },
    { field: '/name', message: 'must be string' },
  ])
  assert.equal(errors[2]?.field.length, 100)
  assert.ok(!errors[2]?.field.includes('\u001B'))
})
