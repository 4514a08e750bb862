import { isIP } from 'node:net'
import type { Check } from './kinds.ts'

/**
 * The public URL of the auth server: an origin, `https` unless it is this machine (TR-01).
 *
 * TLS may end in a proxy in front: what counts is the URL that clients see, not what the server itself listens on.
 */
export const checkIssuer: Check<string> = (value) => {
  const url = parseUrl(value)
  if (url === null || !isWeb(url)) return 'is not an http or https URL'
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    return 'is plain http outside this machine: passwords and tokens would travel in clear; put TLS in front and name the https URL'
  }
  return url.origin === value ? null : `must be an origin as browsers write it, without path or slash: ${url.origin}`
}

/** A serialised origin (RFC 6454 §6.2), compared byte for byte with what browsers send. */
export const checkOrigin: Check<string> = (value) => {
  if (value.includes('*'))
    return 'may not contain *: sites you do not know could act for signed-in people; name each origin'
  if (value === 'null') return 'may not contain null: any sandboxed page can send it'
  const url = parseUrl(value)
  if (url === null || !isWeb(url)) return 'has an entry that is not an http or https origin'
  if (url.origin !== value) return `has an entry that browsers would write as ${url.origin}`
  return url.protocol === 'http:' && !isLoopback(url.hostname) ? 'has a plain http origin outside this machine' : null
}

/** What `aud` may be: an absolute URI without fragment (RFC 8707 §2), or a short name. */
export const checkAudience: Check<string> = (value) => {
  if (/^[A-Za-z0-9._-]{1,100}$/.test(value)) return null
  const url = value.length <= 500 && /^[!-~]+$/.test(value) ? parseUrl(value) : null
  return url === null || value.includes('#')
    ? 'has an entry that is neither an absolute URI without fragment nor a name'
    : null
}

export const checkClientId: Check<string> = (value) =>
  /^[A-Za-z0-9._:/-]{1,100}$/.test(value)
    ? null
    : 'has an entry with other characters than letters, digits and . _ : / -'

/** RFC 6749 §3.3, `scope-token`. */
export const checkScope: Check<string> = (value) =>
  /^[!#-[\]-~]{1,100}$/.test(value) ? null : 'has an entry that is not a scope (RFC 6749 §3.3)'

/** An address, or a network in CIDR form. A network that is everybody would make X-Forwarded-For an open door (TR-02). */
export const checkProxy: Check<string> = (value) => {
  const [address = '', prefix, ...rest] = value.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return 'has an entry that is neither an IP address nor a network like 10.0.0.0/8'
  if (prefix === undefined) return null
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
  if (bits < 0 || bits > (family === 4 ? 32 : 128)) return 'has a network with an impossible prefix length'
  return isFarTooWide(address, bits) ? 'trusts far more addresses than anybody has proxies: name them' : null
}

/** The shortest prefixes of private networks are /8 and /7; half the internet in an entry is the same open door. */
function isFarTooWide(address: string, bits: number): boolean {
  const mapped = /^::ffff:/i.test(address) ? bits - 96 : null
  if (mapped !== null) return mapped < 8
  return isIP(address) === 4 ? bits < 8 : bits < 7
}

export const checkHost: Check<string> = (value) =>
  isIP(value) !== 0 || /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})$/.test(value)
    ? null
    : 'is neither an IP address nor a host name'

export const checkPath: Check<string> = (value) => (value.includes('\0') ? 'is not a path' : null)

export const checkDatabaseUrl: Check<string> = (value) =>
  /^postgres(?:ql)?:/i.test(value)
    ? 'names a PostgreSQL database; support for it comes with a later version: leave it out to use SQLite in the data directory'
    : 'is not a database this version knows: leave it out to use SQLite in the data directory'

/** Whether a URL's host can only be this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3). */
export function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d+){3}$/.test(hostname)
  )
}

/** Whether listening on this host lets only this machine connect. */
export function isLoopbackHost(host: string): boolean {
  return isLoopback(isIP(host) === 6 ? `[${host}]` : host)
}

function isWeb(url: URL): boolean {
  return (url.protocol === 'https:' || url.protocol === 'http:') && url.username === '' && url.password === ''
}

/** The URL parser lets `*` stand in a host name; no host has it. */
function parseUrl(value: string): URL | null {
  const url = URL.canParse(value) ? new URL(value) : null
  return url?.hostname.includes('*') === true ? null : url
}
