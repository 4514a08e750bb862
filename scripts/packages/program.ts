// What a user of the packages writes, type-checked against the packed declarations.
import { createServer } from 'node:http'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { createGuard, requireRole, requireScope, type Principal } from '@signet/guard'
import { protect as protectExpress } from '@signet/guard/express'
import { protect as protectFastify } from '@signet/guard/fastify'
import { protect as protectFetch } from '@signet/guard/fetch'
import { protect as protectHono } from '@signet/guard/hono'
import { protect as protectNode } from '@signet/guard/node'
import { createVerifier, generateSigningKey, JwtError, sign, type JwtErrorCode } from '@signet/jwt'
import { problemOf, type Problem } from '@signet/protocol'

const issuer = 'https://auth.example'
const audience = 'https://orders.example'

const key = await generateSigningKey('ES256')
const token: string = sign({ iss: issuer, aud: audience, exp: 4_102_444_800 }, key, { typ: 'at+jwt' })
const verifier = createVerifier({ issuer, audience, algorithms: ['ES256'], keys: key.toVerificationKey() })

export function subjectOf(text: string): unknown {
  try {
    return verifier.verify(text).claims['sub']
  } catch (error) {
    if (!(error instanceof JwtError)) throw error
    const code: JwtErrorCode = error.code
    return code
  }
}

const guard = createGuard({ issuer, audience })
const subject = (principal: Principal): string => principal.subject

express().get('/orders', protectExpress(guard, requireScope('orders:read')), (request, response) => {
  response.json({ subject: subject(request.principal) })
})

fastify().get('/orders', { onRequest: protectFastify(guard) }, async (request) => ({
  subject: subject(request.principal),
}))

new Hono().get('/orders', protectHono(guard, requireRole('admin')), (c) =>
  c.json({ subject: subject(c.var.principal) }),
)

createServer(protectNode(guard, (_request, response, principal) => response.end(subject(principal))))

export const handle: (request: Request) => Promise<Response> = protectFetch(guard, (_request, principal) =>
  Response.json({ subject: subject(principal) }),
)

export const problem: Problem = problemOf('token_invalid', {
  detail: subjectOf(token) === undefined ? 'nobody' : 'somebody',
})
