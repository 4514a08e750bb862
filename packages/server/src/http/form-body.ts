import { SignetError } from '@signet/protocol'
import type { HttpApp } from './http-app.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route's body is written in; JSON where nothing is said. */
    readonly body?: 'form'
  }
}

/** For the `config` of a route that takes `application/x-www-form-urlencoded` and nothing else, as OAuth has it. */
export const FORM_BODY = { body: 'form' } as const

export const FORM_TYPE = 'application/x-www-form-urlencoded'

/** Adds the parser; `json-body.ts` keeps it from every route that is not marked with `FORM_BODY`. */
export function acceptForms(app: HttpApp): void {
  app.addContentTypeParser(FORM_TYPE, { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseForm(Buffer.from(body)))
    } catch (error) {
      done(error instanceof Error ? error : new Error('the body could not be read', { cause: error }))
    }
  })
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads a form. Refuses with `request_invalid` a parameter that is sent twice (RFC 6749 §3.2), since which of the two
 * counts is chance, and what is not UTF-8. Parameters nobody knows are left for the schema to ignore.
 */
export function parseForm(bytes: Uint8Array): Readonly<Record<string, string>> {
  const parameters = new Map<string, string>()
  for (const [name, value] of new URLSearchParams(decode(bytes))) {
    if (parameters.has(name)) throw new SignetError('request_invalid', { detail: 'A parameter is sent twice.' })
    if (value.includes('\uFFFD')) throw notUtf8()
    parameters.set(name, value)
  }
  return Object.fromEntries(parameters)
}

function decode(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch {
    throw notUtf8()
  }
}

function notUtf8(): SignetError {
  return new SignetError('request_invalid', { detail: 'The body is not valid UTF-8.' })
}
