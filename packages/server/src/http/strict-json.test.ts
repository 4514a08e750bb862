import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as check, jsonValue, property, uint8Array } from 'fast-check'
import { SignetError } from '@signet/protocol'
import { parseStrictJson } from './strict-json.ts'

const TAKEN: readonly { readonly text: string; readonly value: unknown }[] = [
  { text: '{}', value: {} },
  { text: ' {"a" : "b", "c":[1,2,{"a":null}] }\n', value: { a: 'b', c: [1, 2, { a: null }] } },
  { text: '{"a":{"x":1},"b":{"x":2}}', value: { a: { x: 1 }, b: { x: 2 } } },
  { text: String.raw`{"a":"\"a\":1,\"a\":2"}`, value: { a: '"a":1,"a":2' } },
  { text: String.raw`{"a":"\\","b":"}"}`, value: { a: '\\', b: '}' } },
  { text: String.raw`{"a":"\ud83d\ude00"}`, value: { a: '😀' } },
  { text: '{"a":"__proto__"}', value: { a: '__proto__' } },
  { text: '"text"', value: 'text' },
]

for (const { text, value } of TAKEN) {
  test(`takes ${text.trim()}`, () => assert.deepEqual(parseStrictJson(Buffer.from(text)), value))
}

const REFUSED: readonly { readonly name: string; readonly bytes: string | Uint8Array; readonly detail: RegExp }[] = [
  { name: 'LG-11: a member named twice', bytes: '{"email":"a","email":"b"}', detail: /twice/ },
  {
    name: 'LG-11: a member named twice, spelt with an escape',
    bytes: String.raw`{"email":"a","\u0065mail":"b"}`,
    detail: /twice/,
  },
  { name: 'LG-11: a member named twice, inside', bytes: '{"a":[{"x":1,"x":1}]}', detail: /twice/ },
  { name: 'LG-11: __proto__', bytes: '{"__proto__":{"admin":true}}', detail: /__proto__/ },
  { name: 'LG-11: __proto__ spelt with escapes', bytes: String.raw`{"__pr\u006fto__":1}`, detail: /__proto__/ },
  { name: 'LG-11: __proto__ inside', bytes: '{"a":{"__proto__":1}}', detail: /__proto__/ },
  { name: 'PW-03: an unpaired surrogate', bytes: String.raw`{"password":"\ud800"}`, detail: /surrogate/ },
  { name: 'invalid UTF-8', bytes: Buffer.from([0x22, 0xff, 0x22]), detail: /UTF-8/ },
  { name: 'overlong UTF-8', bytes: Buffer.from([0x22, 0xc0, 0xaf, 0x22]), detail: /UTF-8/ },
  { name: 'UTF-16', bytes: Buffer.from('{"a":1}', 'utf16le'), detail: /JSON/ },
  { name: 'a byte order mark', bytes: '\uFEFF{}', detail: /JSON/ },
  { name: 'nothing', bytes: '', detail: /JSON/ },
  { name: 'two values', bytes: '{}{}', detail: /JSON/ },
  { name: 'a comment', bytes: '{}//', detail: /JSON/ },
  { name: 'a trailing comma', bytes: '{"a":1,}', detail: /JSON/ },
  { name: '17 levels', bytes: '['.repeat(17) + ']'.repeat(17), detail: /deep/ },
  { name: '8000 levels', bytes: '['.repeat(8000) + ']'.repeat(8000), detail: /deep/ },
  { name: '8000 levels left open', bytes: '{"a":'.repeat(8000), detail: /JSON/ },
]

for (const { name, bytes, detail } of REFUSED) {
  test(`refuses ${name}`, () => {
    assert.throws(
      () => parseStrictJson(Buffer.from(bytes)),
      (error) => error instanceof SignetError && error.code === 'request_invalid' && detail.test(error.detail ?? ''),
    )
  })
}

test('16 levels are taken', () => {
  assert.doesNotThrow(() => parseStrictJson(Buffer.from('['.repeat(16) + ']'.repeat(16))))
})

test('agrees with JSON.parse on whatever JSON.stringify writes', () => {
  check(
    property(jsonValue({ maxDepth: 6 }), (value) => {
      const text = JSON.stringify(value)
      if (text.includes('"__proto__":') || /\\ud[89a-f]/.test(text)) return
      assert.deepEqual(parseStrictJson(Buffer.from(text)), JSON.parse(text))
    }),
  )
})

test('never says anything but request_invalid, whatever the bytes', () => {
  check(
    property(uint8Array({ maxLength: 64 }), (bytes) => {
      try {
        parseStrictJson(bytes)
      } catch (error) {
        assert.ok(error instanceof SignetError && error.code === 'request_invalid')
      }
    }),
  )
})
