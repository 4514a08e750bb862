import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Peer } from './peer.ts'

/**
 * PyJWT, in a Python process that is started at the first question and answers them in order.
 *
 * @param python `TEST_PYTHON`: an interpreter that can import PyJWT and cryptography
 */
export function pyjwt(python: string | undefined): Peer {
  let started: Conversation | undefined
  const ask = (request: object): Promise<unknown> => {
    started ??= converse(python ?? '')
    return started.ask(request)
  }
  return {
    name: 'PyJWT',
    absent: python === undefined ? 'TEST_PYTHON is not set; `npm test` sets it where PyJWT can be had' : null,
    lacks: [],
    verify(token, { alg, issuer, audience, keys }) {
      const material =
        keys instanceof Uint8Array ? { secret: Buffer.from(keys).toString('base64url') } : { jwks: JSON.parse(keys) }
      return ask({ verify: { token, alg, issuer, audience, ...material } })
    },
    async sign(claims, key, { alg, typ }) {
      const jwk: { readonly kid?: string } = JSON.parse(key)
      const header = { typ, ...(jwk.kid === undefined ? {} : { kid: jwk.kid }) }
      return String(await ask({ sign: { claims, jwk, alg, header } }))
    },
    close: async () => started?.end(),
  }
}

interface Conversation {
  ask(request: object): Promise<unknown>
  end(): Promise<void>
}

function converse(python: string): Conversation {
  const child = spawn(python, [join(import.meta.dirname, 'pyjwt.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async ask(request) {
      child.stdin.write(`${JSON.stringify(request)}\n`)
      const { value, done } = await answers.next()
      if (done === true) throw new Error('the Python process ended early')
      const answer: Readonly<Record<string, unknown>> = JSON.parse(value)
      if ('refused' in answer) throw new Error(String(answer['refused']))
      return answer['ok']
    },
    async end() {
      child.stdin.end()
      await ended(child)
    },
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) await once(child, 'exit')
}
