import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { repeatsMember } from './json-members.ts'
import { parseJsonObject } from './json.ts'
import type { JsonObject } from './json.ts'
import { Scratch } from './scratch.ts'
import { refusedWith } from './testing/tokens.ts'

describe('strict JSON objects', () => {
  const refused: readonly { name: string; text: string; code: Parameters<typeof refusedWith>[0] }[] = [
    { name: 'nothing', text: '', code: 'json_invalid' },
    { name: 'a list', text: '[]', code: 'json_invalid' },
    { name: 'something behind the object', text: '{} {}', code: 'json_invalid' },
    { name: 'a comment', text: '{/**/}', code: 'json_invalid' },
    { name: 'single quotes', text: "{'a':1}", code: 'json_invalid' },
    { name: 'a trailing comma', text: '{"a":1,}', code: 'json_invalid' },
    { name: 'NaN', text: '{"a":NaN}', code: 'json_invalid' },
    { name: 'a raw line feed in a string', text: '{"a":"\n"}', code: 'json_invalid' },
    { name: 'a member twice', text: '{"a":1,"a":1}', code: 'member_duplicate' },
    { name: 'a member twice, spaced', text: '{ "a" : 1 , "a"\n:\t1 }', code: 'member_duplicate' },
    { name: 'a member twice, escaped', text: String.raw`{"a":1,"\u0061":1}`, code: 'member_duplicate' },
    {
      name: 'a member twice, with a value to make up for the quotes',
      text: String.raw`{"a":1,"a":"\""}`,
      code: 'member_duplicate',
    },
    { name: 'the empty name twice', text: '{"":1,"":2}', code: 'member_duplicate' },
    { name: 'a member twice, far down', text: '{"x":[[{"y":{"a":1,"b":2,"a":3}}]]}', code: 'member_duplicate' },
    { name: '__proto__', text: '{"__proto__":{"admin":true}}', code: 'json_invalid' },
    { name: '__proto__ far down and escaped', text: String.raw`{"a":[{"__prot\u006f__":1}]}`, code: 'json_invalid' },
    { name: '257 levels', text: `${'{"a":'.repeat(256)}{}${'}'.repeat(256)}`, code: 'json_invalid' },
  ]
  for (const { name, text, code } of refused) test(`${name}: ${code}`, () => refusedWith(code, () => parse(text)))

  test('256 levels, quotes and colons inside strings, and one name in several objects pass', () => {
    parse(`${'{"a":'.repeat(255)}{}${'}'.repeat(255)}`)
    assert.deepEqual(parse(String.raw`{"a\"":"\":\"","b":[":",{"a":"x\\"}],"c":{"a":""}}`), {
      'a"': '":"',
      b: [':', { a: 'x\\' }],
      c: { a: '' },
    })
  })

  test('VF-08: nothing is inherited', () => {
    assert.equal(Object.hasOwn(parse('{}'), 'toString'), false)
    assert.equal(({} as { admin?: unknown }).admin, undefined)
  })
})

test('VF-07: repeated members are found exactly where they are, for any object', () => {
  const name = fc.string({ maxLength: 3, unit: 'grapheme' }).filter((text) => text !== '__proto__')
  const value = fc.oneof(
    fc.string(),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(fc.string(), { maxLength: 2 }),
  )
  const members = fc.array(fc.tuple(name, value), { maxLength: 12 })
  fc.assert(
    fc.property(members, fc.constantFrom('', ' ', '\n'), (list, space) => {
      const text = `{${list.map(([key, item]) => `${space}${JSON.stringify(key)}${space}:${JSON.stringify(item)}`).join(',')}}`
      const isRepeated = new Set(list.map(([key]) => key)).size !== list.length
      assert.equal(repeatsMember(text), isRepeated)
      if (isRepeated) refusedWith('member_duplicate', () => parse(text))
      else assert.deepEqual(parse(text), JSON.parse(text))
    }),
    { numRuns: 2000, seed: 7 },
  )
})

test('text of every length up to several blocks is counted to its last byte', () => {
  for (let length = 0; length < 1100; length++) {
    const filler = 'x'.repeat(length)
    assert.deepEqual(parse(`{"a":"${filler}"}`), { a: filler })
    refusedWith('member_duplicate', () => parse(`{"a":"${filler}","a":""}`))
  }
})

test('what lies behind the text in reused memory does not count', () => {
  const scratch = new Scratch(64)
  scratch.bytes.fill('"')
  const length = scratch.bytes.write('{"a":1}')
  assert.deepEqual(parseJsonObject(scratch, length), { a: 1 })
})

function parse(text: string): JsonObject {
  const bytes = Buffer.from(text)
  return parseJsonObject(Scratch.of(bytes), bytes.length)
}
