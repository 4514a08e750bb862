/**
 * The one form in which e-mail addresses are compared, or `null` when the input is not a usable address.
 *
 * Surrounding space is dropped, compatibility forms (full-width letters, ligatures) are unified by NFKC, case is
 * folded, and the domain becomes ASCII by IDNA (UTS #46), so that one mailbox cannot own two accounts. Dots and `+`
 * tags are kept: only the receiving provider knows what they mean.
 *
 * Accepts what RFC 5321 §4.1.2 calls a dot-string, with letters, marks and numbers of any script (RFC 6531). Refuses
 * quoted local parts, address literals, single-label domains, and invisible characters. Does not check that the
 * mailbox exists, and does not merge look-alikes of different scripts.
 */
export function canonicalEmail(input: string): string | null {
  const address = displayEmail(input).toLowerCase().normalize('NFKC')
  if (address.length > MAX_BYTES) return null
  const at = address.lastIndexOf('@')
  const local = address.slice(0, Math.max(at, 0))
  const domain = canonicalDomain(address.slice(at + 1))
  if (domain === null || !LOCAL_PART.test(local) || byteLength(local) > MAX_LOCAL_BYTES) return null
  const canonical = `${local}@${domain}`
  return byteLength(canonical) > MAX_BYTES ? null : canonical
}

/** The address for showing and for sending mail to: as typed, without surrounding space or compatibility forms. */
export function displayEmail(input: string): string {
  return input.length > MAX_INPUT_LENGTH ? input : input.normalize('NFKC').trim()
}

/** RFC 5321 §4.5.3.1: a path of 256 octets, its angle brackets included. */
const MAX_BYTES = 254
const MAX_LOCAL_BYTES = 64
/** Anything longer is no address in any normal form; spares the normalisation. */
const MAX_INPUT_LENGTH = 1024

const LOCAL_PART = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u
/** Nothing that the URL parser would read as something other than a host name; `。` separates labels like a dot. */
const DOMAIN_INPUT = /^[\p{L}\p{M}\p{N}.\u3002-]+$/u
/** Letters, digits and hyphens in at least two labels, the last of which is no number (RFC 1123 §2.1). */
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])$/

function canonicalDomain(domain: string): string | null {
  if (!DOMAIN_INPUT.test(domain)) return null
  const host = URL.parse(`http://${domain}/`)?.hostname ?? ''
  return DOMAIN.test(host) ? host : null
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length
}
