import type { FastifyRequest, onRequestHookHandler, preValidationHookHandler } from 'fastify'
import { SignetError } from '@signet/protocol'
import { FORM_TYPE, acceptForms } from './form-body.ts'
import type { HttpApp } from './http-app.ts'
import { parseStrictJson } from './strict-json.ts'

/** Makes JSON in UTF-8 the only body there is (TR-05), but for the routes that take a form instead. */
export function acceptJsonOnly(app: HttpApp): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, body.length === 0 ? undefined : parseStrictJson(Buffer.from(body)))
    } catch (error) {
      done(error instanceof Error ? error : new Error('the body could not be read', { cause: error }))
    }
  })
  acceptForms(app)
  app.addHook('onRequest', refuseOtherBodies)
}

/** For routes whose body may be left out: none at all means no member. A body of `null` stays what it is. */
export const emptyBodyIsObject: preValidationHookHandler = (request, _reply, done) => {
  if (request.body === undefined) request.body = {}
  done()
}

/** Before a byte of the body is read, so that nothing is unpacked or buffered in vain. */
const refuseOtherBodies: onRequestHookHandler = (request, _reply, done) => {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
    throw new SignetError('content_type_unsupported', { detail: 'The body must not be compressed.' })
  }
  const takesForm = request.routeOptions.config.body === 'form'
  if (takesForm ? isForm(request) : isJson(request)) return done()
  const wanted = takesForm ? FORM_TYPE : 'application/json'
  throw new SignetError('content_type_unsupported', { detail: `Send ${wanted} in UTF-8.` })
}

const JSON_TYPE = /^application\/json[\t ]*(?:;[\t ]*charset=(?:utf-8|"utf-8")[\t ]*)?$/i
const FORM = /^application\/x-www-form-urlencoded[\t ]*(?:;[\t ]*charset=(?:utf-8|"utf-8")[\t ]*)?$/i

/** RFC 8259 §8.1: JSON between systems is UTF-8. A request without content type passes if it has no body; see Fastify. */
function isJson(request: FastifyRequest): boolean {
  const type = request.headers['content-type']
  return type === undefined || JSON_TYPE.test(type)
}

function isForm(request: FastifyRequest): boolean {
  const type = request.headers['content-type']
  return type === undefined || FORM.test(type)
}
