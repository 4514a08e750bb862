import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { canonicalEmail, displayEmail } from './email.ts'

const SAME = [
  { name: 'as it is', input: 'a@x.test' },
  { name: 'in upper case', input: 'A@X.TEST' },
  { name: 'with space around', input: ' \ta@x.test\n' },
  { name: 'with other kinds of space around', input: '\u00a0\u3000a@x.test\u2003' },
  { name: 'in full-width letters', input: 'ａ＠ｘ．ｔｅｓｔ' },
  { name: 'with mathematical letters', input: '𝐚@x.test' },
]

const CANONICAL = [
  { name: 'an accent in one or two code points', input: 'zoe\u0308@x.test', canonical: 'zo\u00eb@x.test' },
  { name: 'a domain in another script becomes ASCII', input: 'a@BÜCHER.test', canonical: 'a@xn--bcher-kva.test' },
  { name: 'a domain already in ASCII', input: 'a@xn--bcher-kva.test', canonical: 'a@xn--bcher-kva.test' },
  { name: 'an ideographic full stop separates labels', input: 'a@例え。テスト', canonical: 'a@xn--r8jz45g.xn--zckzah' },
  { name: 'tags and dots are kept: only the provider knows', input: 'A.b+Tag@x.test', canonical: 'a.b+tag@x.test' },
  {
    name: 'every sign of RFC 5322 atext',
    input: "!#$%&'*+/=?^_`{|}~-@x.test",
    canonical: "!#$%&'*+/=?^_`{|}~-@x.test",
  },
  { name: 'a local part of 64 octets', input: `${'a'.repeat(64)}@x.test`, canonical: `${'a'.repeat(64)}@x.test` },
  { name: 'a label of 63 octets', input: `a@${'b'.repeat(63)}.test`, canonical: `a@${'b'.repeat(63)}.test` },
]

const LONG_DOMAIN = `${`${'b'.repeat(61)}.`.repeat(3)}${'c'.repeat(61)}`

const REFUSED = [
  { name: 'nothing', input: '' },
  { name: 'no @', input: 'x.test' },
  { name: 'no local part', input: '@x.test' },
  { name: 'no domain', input: 'a@' },
  { name: 'two @', input: 'a@b@x.test' },
  { name: 'a quoted local part', input: '"a b"@x.test' },
  { name: 'a space inside', input: 'a b@x.test' },
  { name: 'a dot first', input: '.a@x.test' },
  { name: 'a dot last', input: 'a.@x.test' },
  { name: 'two dots together', input: 'a..b@x.test' },
  { name: 'a comment', input: 'a(b)@x.test' },
  { name: 'a display name', input: 'A <a@x.test>' },
  { name: 'a second address', input: 'a@x.test,b@x.test' },
  { name: 'LA-03: a header injected by a line break', input: 'a@x.test\r\nBcc: b@x.test' },
  { name: 'a control character', input: 'a\u0000@x.test' },
  { name: 'an invisible character', input: 'a\u200bb@x.test' },
  { name: 'a character that turns the text around', input: 'a\u202eb@x.test' },
  { name: 'half of a surrogate pair', input: 'a\ud800@x.test' },
  { name: 'a single label', input: 'a@localhost' },
  { name: 'an IPv4 address', input: 'a@192.0.2.7' },
  { name: 'an IPv4 address in disguise', input: 'a@0x7f.1' },
  { name: 'an address literal', input: 'a@[192.0.2.7]' },
  { name: 'a trailing dot', input: 'a@x.test.' },
  { name: 'an empty label', input: 'a@x..test' },
  { name: 'a hyphen first', input: 'a@-x.test' },
  { name: 'an underscore', input: 'a@x_y.test' },
  { name: 'a port', input: 'a@x.test:25' },
  { name: 'a path', input: 'a@x.test/b' },
  { name: 'an encoded dot', input: 'a@x%2etest' },
  { name: 'credentials', input: 'a@b:c@x.test' },
  { name: 'a broken IDNA label', input: 'a@xn--zz--zz-.test' },
  { name: 'a local part of 65 octets', input: `${'a'.repeat(65)}@x.test` },
  { name: 'a local part of 33 letters, 66 octets', input: `${'é'.repeat(33)}@x.test` },
  { name: 'a label of 64 octets', input: `a@${'b'.repeat(64)}.test` },
  { name: 'more than 254 octets', input: `${'a'.repeat(64)}@${LONG_DOMAIN}` },
  { name: 'a megabyte', input: `${'a'.repeat(1_000_000)}@x.test` },
]

describe('canonicalEmail', () => {
  for (const { name, input } of SAME) {
    test(`PW-15: one address, ${name}`, () => assert.equal(canonicalEmail(input), 'a@x.test'))
  }
  for (const { name, input, canonical } of CANONICAL) {
    test(name, () => assert.equal(canonicalEmail(input), canonical))
  }
  for (const { name, input } of REFUSED) {
    test(`${name} is no address`, () => assert.equal(canonicalEmail(input), null))
  }

  test('PW-15: the canonical form is its own canonical form, and never longer than mail allows', () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(part, part, (local, label) => {
        const canonical = canonicalEmail(`${local}@${label}.test`)
        if (canonical === null) return
        assert.equal(canonicalEmail(canonical), canonical)
        assert.ok(Buffer.byteLength(canonical) <= 254)
      }),
      { numRuns: 500 },
    )
  })
})

describe('displayEmail', () => {
  for (const { name, input, display } of [
    { name: 'keeps case', input: 'Zoë@Bücher.test', display: 'Zoë@Bücher.test' },
    { name: 'drops space around', input: ' a@x.test ', display: 'a@x.test' },
    { name: 'writes full-width letters as mail servers read them', input: 'ａ＠x.test', display: 'a@x.test' },
  ]) {
    test(name, () => assert.equal(displayEmail(input), display))
  }

  test('shows an address that is the same one', () => {
    const input = ' Zoë@Bücher.test'
    assert.equal(canonicalEmail(displayEmail(input)), canonicalEmail(input))
  })
})
