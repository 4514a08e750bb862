import assert from 'node:assert/strict'
import type { FastifyInstance } from 'fastify'
import type { Answer } from './answer.ts'

/** Answers that any server may give, whatever the route. */
const GENERAL: ReadonlySet<unknown> = new Set(['not_found', 'method_not_allowed'])

/** Holds an answer against the OpenAPI description: its status is described, and its code named there. */
export function checkDescribed(app: FastifyInstance, method: string, path: string, answer: Answer): void {
  const responses = responsesOf(app.swagger().paths, method, path)
  if (responses === null || GENERAL.has(answer.code)) return
  const response = member(responses, String(answer.status))
  assert.ok(response !== undefined, `${method} ${path} answered ${answer.status} ${String(answer.code)}, not described`)
  if (answer.status < 400) return
  // an OAuth endpoint has the `error` of RFC 6749 in the place of the code
  const code = String(answer.code ?? answer.json['error'])
  const described = String(member(response, 'description'))
  assert.ok(described.includes(`\`${code}\``), `${method} ${path}: ${code} is not described`)
}

function responsesOf(paths: unknown, method: string, path: string): unknown {
  const [bare = ''] = path.split('?', 1)
  const template = bare.replace(/^(\/auth\/sessions\/)[^/]+$/, '$1{sid}')
  const operation = member(member(paths, template), method.toLowerCase())
  return operation === undefined ? null : member(operation, 'responses')
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined
}
