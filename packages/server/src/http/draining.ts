import { SignetError } from '@signet/protocol'
import type { HttpApp } from './http-app.ts'

const RETRY_AFTER_SECONDS = 5

/**
 * Lets a closing server finish: requests under way are answered, new ones on open connections get 503 and are sent
 * elsewhere, `/livez` stays as it is. Connections still open after the grace are cut.
 */
export function drainOnClose(app: HttpApp, graceSeconds: number): void {
  let draining = false
  let deadline: NodeJS.Timeout | undefined
  app.addHook('preClose', (done) => {
    draining = true
    deadline = setTimeout(() => app.server.closeAllConnections(), graceSeconds * 1000)
    done()
  })
  app.addHook('onClose', (_instance, done) => {
    clearTimeout(deadline)
    done()
  })
  app.addHook('onRequest', (request, _reply, done) => {
    if (draining && request.routeOptions.url !== '/livez') {
      throw new SignetError('unavailable', { retryAfterSeconds: RETRY_AFTER_SECONDS, reason: 'the server is stopping' })
    }
    done()
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (draining) reply.header('connection', 'close')
    done(null, payload)
  })
}
