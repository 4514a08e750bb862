import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SignetError } from '@signet/protocol'
import { presentedBy } from './guard-credential.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

for (const [header, name, credential] of [
  ['Bearer sgc_x', null, 'sgc_x'],
  ['bearer  sgc_x', null, 'sgc_x'],
  [basic('orders-api:sgc_x'), 'orders-api', 'sgc_x'],
  [basic('orders-api:sgc_x:y'), 'orders-api', 'sgc_x:y'],
  [basic(':sgc_x'), '', 'sgc_x'],
] as const) {
  test(`a guard presents ${credential} with ${header}`, () => {
    assert.deepEqual(presentedBy(header), { name, credential })
  })
}

for (const header of [
  undefined,
  '',
  'Bearer',
  'Bearer ',
  'Bearer a b',
  'Bearer a, Bearer b',
  'Basic !',
  basic('no colon'),
  'DPoP x',
]) {
  test(`no credential: ${header ?? 'no header'}`, () => {
    assert.throws(
      () => presentedBy(header),
      (error) => error instanceof SignetError && error.code === 'guard_credential_invalid',
    )
  })
}
