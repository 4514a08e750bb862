import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decideCrossSite } from './cross-site.ts'
import type { CrossSiteDecision, RequestOrigin } from './cross-site.ts'

const ORIGINS = new Set(['https://auth.example.com', 'https://app.example.com'])

interface Case extends Partial<RequestOrigin> {
  readonly name: string
  readonly decision: CrossSiteDecision
}

const allow: CrossSiteDecision = { kind: 'allow' }
const crossSite: CrossSiteDecision = { kind: 'refuse', because: 'cross_site' }
const unknownOrigin: CrossSiteDecision = { kind: 'refuse', because: 'origin_unknown' }
const needsToken: CrossSiteDecision = { kind: 'needs_token' }

const CASES: readonly Case[] = [
  { name: 'a GET from anywhere may come: it changes nothing', method: 'GET', fetchSite: 'cross-site', decision: allow },
  { name: 'a HEAD likewise', method: 'HEAD', fetchSite: 'cross-site', decision: allow },
  { name: 'a TRACE is not taken for safe', method: 'TRACE', fetchSite: 'cross-site', decision: crossSite },
  { name: 'a method in lower case is not taken for safe', method: 'get', fetchSite: 'cross-site', decision: crossSite },
  { name: 'the page of the site itself may act', fetchSite: 'same-origin', decision: allow },
  {
    name: 'a form on another site is refused',
    fetchSite: 'cross-site',
    origin: 'https://evil.example',
    decision: unknownOrigin,
  },
  { name: 'another site that hides its origin is refused', fetchSite: 'cross-site', decision: crossSite },
  { name: 'a sibling subdomain is another site', fetchSite: 'same-site', decision: crossSite },
  {
    name: 'a sibling subdomain that is configured may act',
    fetchSite: 'same-site',
    origin: 'https://app.example.com',
    decision: allow,
  },
  {
    name: 'an origin that only begins alike is refused',
    origin: 'https://app.example.com.evil.example',
    decision: unknownOrigin,
  },
  {
    name: 'an origin that only ends alike is refused',
    origin: 'https://evil-app.example.com',
    decision: unknownOrigin,
  },
  { name: 'the same host over http is another origin', origin: 'http://app.example.com', decision: unknownOrigin },
  {
    name: 'the same host on another port is another origin',
    origin: 'https://app.example.com:8443',
    decision: unknownOrigin,
  },
  { name: 'an opaque origin is refused', origin: 'null', decision: unknownOrigin },
  { name: 'an empty origin is refused', origin: '', decision: unknownOrigin },
  {
    name: 'a browser without Fetch-Metadata is judged by its origin',
    origin: 'https://app.example.com',
    decision: allow,
  },
  { name: 'an unknown value of Sec-Fetch-Site is refused', fetchSite: 'same-origin, cross-site', decision: crossSite },
  { name: 'who says nothing needs a token', decision: needsToken },
  { name: 'a request typed into the address bar needs a token', fetchSite: 'none', decision: needsToken },
]

describe('decideCrossSite', () => {
  for (const { name, decision, ...request } of CASES) {
    test(`BR-03: ${name}`, () => {
      const full: RequestOrigin = { method: 'POST', fetchSite: undefined, origin: undefined, ...request }
      assert.deepEqual(decideCrossSite(full, ORIGINS), decision)
    })
  }
})
