import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import type { Revocation } from '@signet/protocol'
import { RevocationSet } from '../revocation/revocation-set.ts'
import { FeedError } from './feed-error.ts'
import { readSnapshot } from './snapshot.ts'
import { SnapshotParser } from './snapshot-parser.ts'
import { NOW } from './testing/runtime.ts'
import { snapshotOf } from './testing/feed-server.ts'

const ENTRIES: readonly Revocation[] = [
  { kind: 'token', jti: 'j1', until: NOW + 1 },
  { kind: 'token', jti: 'j"\\2', until: NOW + 2 },
  { kind: 'session', sid: 's€😀', until: NOW + 1 },
  { kind: 'subject', sub: 'u1', before: NOW, until: NOW + 1 },
  { kind: 'subject', sub: '', before: 1, until: NOW + 1 },
  { kind: 'key', kid: 'k1', until: NOW + 3 },
]
const byText = (a: Revocation, b: Revocation): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

function parse(...pieces: readonly Uint8Array[]): Revocation[] {
  const entries: Revocation[] = []
  const parser = new SnapshotParser((entry) => entries.push(entry))
  for (const piece of pieces) parser.push(piece)
  assert.deepEqual(parser.end(), { epoch: 1, sequence: 6 })
  return entries.sort(byText)
}

test('every kind of entry is read, wherever the bytes are cut', () => {
  const expected = ENTRIES.toSorted(byText)
  const text = snapshotOf(ENTRIES, '1.6')
  const spread = JSON.stringify(JSON.parse(text), null, '\t').replaceAll('\n', '\r\n ')
  for (const bytes of [Buffer.from(text), Buffer.from(spread)]) {
    for (let cut = 0; cut <= bytes.length; cut++) {
      assert.deepEqual(parse(bytes.subarray(0, cut), bytes.subarray(cut)), expected, `cut at ${cut}`)
    }
  }
})

test('members that are not known are passed over, whatever they hold', () => {
  const more = '"more":{"tokens":{"9":[1,{"a":[true,false,null,-1.5e+3,"\\u0000"]}]}},"x":[[],{}],'
  const text = snapshotOf(ENTRIES, '1.6').replace('{', `{${more}`)
  assert.deepEqual(parse(Buffer.from(text)), ENTRIES.toSorted(byText))
})

const EMPTY = '"tokens":{},"sessions":{},"subjects":{},"keys":{}'
const refused: readonly (readonly [string, string])[] = [
  ['nothing', ''],
  ['a number', '1'],
  ['two documents', `{"cursor":"1.6",${EMPTY}}{}`],
  ['a trailing comma', `{"cursor":"1.6",${EMPTY},}`],
  ['a missing comma', `{"cursor":"1.6"${EMPTY}}`],
  ['a missing colon', `{"cursor" "1.6",${EMPTY}}`],
  ['crossed brackets', `{"cursor":"1.6",${EMPTY},"x":[}]`],
  ['a value for a name', `{1:2,"cursor":"1.6",${EMPTY}}`],
  ['a number that JSON has not', `{"cursor":"1.6",${EMPTY},"x":01}`],
  ['a word that JSON has not', `{"cursor":"1.6",${EMPTY},"x":undefined}`],
  ['a comment', `{"cursor":"1.6",${EMPTY}/**/}`],
  ['a line end in a string', `{"cursor":"1.6",${EMPTY},"x":"\n"}`],
  ['an escape that JSON has not', `{"cursor":"1.6",${EMPTY},"x":"\\x41"}`],
  ['nesting without end', `{"cursor":"1.6",${EMPTY},"x":${'['.repeat(50)}`],
  ['a string without end', `{"cursor":"1.6",${EMPTY},"x":"${'a'.repeat(20_000)}`],
  ['a number without end', `{"cursor":"1.6",${EMPTY},"x":${'1'.repeat(20_000)}`],
  ['no cursor', `{${EMPTY}}`],
  ['a cursor in a list', `{"cursor":["1.6"],${EMPTY}}`],
  ['a missing group', '{"cursor":"1.6","tokens":{},"sessions":{},"subjects":{}}'],
  ['a group that is a list', `{"cursor":"1.6",${EMPTY.replace('"tokens":{}', '"tokens":[]')}}`],
  ['a group that is null', `{"cursor":"1.6",${EMPTY.replace('"keys":{}', '"keys":null')}}`],
  ['an instant of 0', `{"cursor":"1.6",${EMPTY.replace('"tokens":{}', '"tokens":{"0":["a"]}')}}`],
  ['ids that are no list', `{"cursor":"1.6",${EMPTY.replace('"tokens":{}', '"tokens":{"9":"a"}')}}`],
  ['an id in a list of its own', `{"cursor":"1.6",${EMPTY.replace('"tokens":{}', '"tokens":{"9":[["a"]]}')}}`],
  ['a subject of three', `{"cursor":"1.6",${EMPTY.replace('"subjects":{}', '"subjects":{"9":[["u",1,2]]}')}}`],
  ['a subject of one', `{"cursor":"1.6",${EMPTY.replace('"subjects":{}', '"subjects":{"9":[["u"]]}')}}`],
  ['a subject that is no pair', `{"cursor":"1.6",${EMPTY.replace('"subjects":{}', '"subjects":{"9":["u"]}')}}`],
]
for (const [name, text] of refused) {
  test(`a snapshot with ${name} is refused`, () => {
    assert.throws(() => parse(Buffer.from(text)), FeedError)
  })
}

test('a snapshot that is not UTF-8 is refused', () => {
  const bytes = Buffer.from(snapshotOf([{ kind: 'token', jti: '€', until: NOW }], '1.6'))
  bytes[bytes.indexOf(0xe2)] = 0xff
  assert.throws(() => parse(bytes), FeedError)
})

test('more bytes than allowed are refused as they come', async () => {
  const set = new RevocationSet({ now: () => NOW, retainSeconds: 60 })
  let sent = 0
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('{"x":[')
    for (;;) {
      sent += 1
      yield Buffer.from('1,'.repeat(500))
    }
  }
  await assert.rejects(readSnapshot(endless(), set, 10_000), /too large/)
  assert.ok(sent < 20)
})
