/**
 * The part of a network address that one customer controls: the unit of throttling and of "seen before".
 *
 * IPv4: the whole address, since its neighbours are strangers. IPv6: the first 64 bits, since one household or
 * machine owns all 2^64 of the rest (RFC 6177) and could otherwise change its address for every guess. An IPv4 address
 * written as IPv6 (`::ffff:192.0.2.7`, or `64:ff9b::` behind a translator) counts as IPv4. A zone (`%eth0`) is dropped.
 *
 * Anything else gives `unknown`: such sources share one limit, which errs on the safe side.
 *
 * @returns `192.0.2.7` or `2001:db8:1:2::/64`
 */
export function addressPrefix(address: string): string {
  const [host = ''] = address.split('%', 1)
  const v4 = parseIPv4(host)
  if (v4 !== null) return v4.join('.')
  const groups = parseIPv6(host)
  if (groups === null) return 'unknown'
  return isEmbeddedIPv4(groups) ? embeddedIPv4(groups) : `${groups.slice(0, 4).map(hex).join(':')}::/64`
}

type Groups = readonly number[]

/** Four decimal numbers without leading zeros, which some parsers would read as octal. */
function parseIPv4(text: string): readonly number[] | null {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return null
  const bytes = parts.map(Number)
  return bytes.every((byte) => byte <= 255) ? bytes : null
}

/** Eight 16-bit groups, from the text forms of RFC 4291 §2.2. */
function parseIPv6(text: string): Groups | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const [head, tail] = halves.map(parseGroups)
  if (!head) return null
  if (halves.length === 1) return head.length === 8 ? head : null
  if (!tail || head.length + tail.length > 7) return null
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
}

function parseGroups(text: string): Groups | null {
  if (text === '') return []
  const parts = text.split(':')
  const groups: number[] = []
  for (const [index, part] of parts.entries()) {
    const v4 = index === parts.length - 1 ? parseIPv4(part) : null
    if (v4 !== null) groups.push(pair(v4[0], v4[1]), pair(v4[2], v4[3]))
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16))
    else return null
  }
  return groups
}

function pair(high = 0, low = 0): number {
  return high * 256 + low
}

/** `::ffff:0:0/96` (RFC 4291 §2.5.5.2) or `64:ff9b::/96` (RFC 6052 §2.1). */
function isEmbeddedIPv4(groups: Groups): boolean {
  const prefix = groups.slice(0, 6).map(hex).join(':')
  return prefix === '0:0:0:0:0:ffff' || prefix === '64:ff9b:0:0:0:0'
}

function embeddedIPv4(groups: Groups): string {
  return groups
    .slice(6)
    .flatMap((group) => [group >> 8, group & 255])
    .join('.')
}

function hex(group: number): string {
  return group.toString(16)
}
